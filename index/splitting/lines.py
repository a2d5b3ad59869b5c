"""The paragraphs of a text, by its lines: a heading, a list's item, a time each stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

BULLET = re.compile(r"[^\S\n]{0,40}(?:[-–—•*·▪◦‣►●○■□✓✔➤»]|\d{1,3}[.)])\s")

_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n")
# Marks that are never anything but an item's, within a line that was flattened: "• a • b".
_INLINE = re.compile(r"(?<=\s)[•▪◦‣►●■➤](?=\s)")
_STOP = re.compile(r"[.!?…][\'\"”’»)\]]{0,3}$")
_COLON = re.compile(r"[.!?…:][\'\"”’»)\]]{0,3}$")
# "09:41", "9.41am BST", "14:05 GMT", "2h ago", "35 minutes ago", "2h ago 09.41 BST"
_CLOCK = r"\d{1,2}[:.]\d{2}(?:\s?[ap]\.?m\.?)?(?:\s?[A-Z]{2,4})?"
_AGO = r"\d{1,3}\s?(?:h|hr|hrs|hours?|m|min|mins|minutes?|d|days?)(?:\s\d{1,2}m)?\s+ago"
_TIME = re.compile(rf"\s*(?:{_AGO}|{_CLOCK})(?:\s+(?:{_AGO}|{_CLOCK}))?\s*", re.IGNORECASE)


def is_time_line(line: str) -> bool:
    """Whether a line is nothing but the time of a live blog's entry."""
    return len(line) <= 40 and _TIME.fullmatch(line) is not None


def paragraphs(text: str) -> Iterator[Span]:
    """Spans of the paragraphs, without their line ends; only white space lies between them.

    A line is a paragraph, unless it goes on a line that was only wrapped; a line in which a list
    was flattened is one paragraph an item.
    """
    at = 0
    for blank in [*_BLANK_LINE.finditer(text), None]:
        end = blank.start() if blank else len(text)
        if at < end:
            for start, stop in _lines(text, at, end):
                yield from _items(text, start, stop)
        at = max(at, blank.end() if blank else end)


def _items(text: str, start: int, end: int) -> Iterator[Span]:
    marks = [mark.start() for mark in _INLINE.finditer(text, start, end)]
    if len(marks) + (BULLET.match(text, start, end) is not None) < 2:
        marks = []
    for stop in [*marks, end]:
        if text[start:stop].strip():
            yield start, stop
        start = stop


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    lines: list[Span] = []
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        lines.append((at, stop))
        at = stop + 1
    # Text that was wrapped goes on with a small letter somewhere; a list of headlines doesn't.
    flows = any(text[a:b].lstrip()[:1].islower() for a, b in lines[1:])
    first = start
    for number, (at, stop) in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        if following and _wrapped(text[at:stop], text[slice(*following)], flows):
            continue
        if text[first:stop].strip():
            yield first, stop
        first = stop + 1


def _wrapped(line: str, following: str, flows: bool) -> bool:
    """Whether a line break was made by the width of a page, not by the end of a paragraph."""
    line, following = line.strip(), following.strip()
    if not line or not following or BULLET.match(following + " ") or is_time_line(following):
        return False
    if following[0].islower():
        return not _STOP.search(line[-8:])
    if following[0].isupper() and not flows:
        return False
    return 50 <= len(line) <= 100 and not _COLON.search(line[-8:]) and len(following) <= 100
