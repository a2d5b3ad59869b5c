"""Where the sentences of a text begin and end. The only importer of pysbd.

pysbd (Sadvilkar & Neumann 2020, "PySBD: Pragmatic Sentence Boundary Disambiguation") is accurate
and slow, and on odd input its pieces don't always occur in the text. So it sees one paragraph at
a time, only where a paragraph holds more than one candidate boundary, and its pieces are found
again in the text; where that fails, a plain rule decides. Ends that nobody doubts (a long word,
a full stop, a capital, outside quotes and brackets) are cut before it is asked.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pysbd

from index.splitting.lines import Span, paragraphs

__all__ = ["Span", "sentences"]

# A mark that can end a sentence, closing quotes or brackets, then white space (or CJK, without).
_BOUNDARY = re.compile(r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)|[。！？]++["'”’»）」』]*+""")
# An end that nobody doubts, if a word of four letters or more stands before it that is no
# abbreviation; or what opens and closes.
_PLAIN_END = re.compile(
    r"""(?P<end>(?<=[^\W\d_]{4})|(?<=[^\W\d_]{4}\ ))[.!?](?P<close>["”]?)"""
    r"""(?=\s+["“]?(?P<next>[^\W\d_]))|["“”()\[\]]"""
)
_LAST_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]++\ ?\Z")
# pysbd's regular expressions backtrack; no sentence of an article needs more than this at once.
_LONGEST_FOR_PYSBD = 6_000


@lru_cache(maxsize=1)
def _segmenter() -> pysbd.Segmenter:
    return pysbd.Segmenter(language="en", clean=False)


def sentences(text: str) -> list[Span]:
    """Spans of the sentences of a text, in order, without the white space between them.

    Everything but white space lies in exactly one span. A list's item and a heading are sentences
    of their own, whether or not a full stop ends them (`index.splitting.lines`); a line break
    where a line was only wrapped counts as a space.
    """
    return [span for start, end in paragraphs(text) for span in _of_paragraph(text, start, end)]


def _of_paragraph(text: str, start: int, end: int) -> list[Span]:
    paragraph = text[start:end]
    first = len(paragraph) - len(paragraph.lstrip())
    last = len(paragraph.rstrip())
    spans: list[Span] = []
    for at, stop in _plain_parts(paragraph, first, last) if first < last else ():
        part = paragraph[at:stop]
        found = _by_pysbd(part) if len(part) <= _LONGEST_FOR_PYSBD and _doubtful(part) else None
        spans += [(start + at + a, start + at + b) for a, b in found or _by_rule(part)]
    return spans


def _doubtful(part: str) -> bool:
    """Whether there is a mark before the last that could end a sentence."""
    return any(mark.end() < len(part) for mark in _BOUNDARY.finditer(part))


@lru_cache(maxsize=1)
def _abbreviations() -> frozenset[str]:
    return frozenset(_segmenter().language_module.Abbreviation.ABBREVIATIONS)


def _plain_parts(paragraph: str, start: int, end: int) -> list[Span]:
    """The paragraph cut at the ends that nobody doubts."""
    parts: list[Span] = []
    quoted, depth, at = False, 0, start
    for found in _PLAIN_END.finditer(paragraph, start, end):
        if found["end"] is None:
            mark = found.group()
            quoted = mark == "“" or (mark == '"' and not quoted)
            depth = max(0, depth + (mark in "([") - (mark in ")]"))
            continue
        if found["close"]:
            quoted = found["close"] == '"' and not quoted
        if (
            not quoted
            and not depth
            and found["next"].isupper()
            and _last_word(paragraph[max(at, found.start() - 32) : found.start()])
            not in _abbreviations()
        ):
            parts.append((at, found.end()))
            at = found.end()
            while at < end and paragraph[at].isspace():
                at += 1
    if at < end:
        parts.append((at, end))
    return parts


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return found.group().strip().casefold() if found else ""


def _by_pysbd(paragraph: str) -> list[Span] | None:
    """pysbd's sentences, or None where they don't add up to the paragraph."""
    flat = re.sub(r"\s", " ", paragraph)  # one character for one: offsets stay
    try:
        # (not .segment: its own search for offsets begins at the start for every sentence)
        pieces = _segmenter().processor(flat).process()
    except Exception:  # a splitter that stumbles over odd text must not stop an ingest
        return None
    spans: list[Span] = []
    at = 0
    for piece in pieces:
        words = piece.strip()
        if not words:
            continue
        found = flat.find(words, at)
        if found < 0 or flat[at:found].strip():
            return None
        at = found + len(words)
        spans.append((found, at))
    return None if flat[at:].strip() else spans


def _by_rule(paragraph: str) -> list[Span]:
    """A sentence ends at a mark that is followed by white space and not by a small letter."""
    spans: list[Span] = []
    at, end = 0, len(paragraph)
    for mark in _BOUNDARY.finditer(paragraph):
        following = mark.end()
        while following < end and paragraph[following].isspace():
            following += 1
        if following >= end or paragraph[following].islower():
            continue
        if mark.end() > at:
            spans.append((at, mark.end()))
            at = following
    if at < end:
        spans.append((at, end))
    return spans
