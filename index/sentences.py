"""Where the sentences of a text begin and end. The only importer of pysbd.

pysbd (Sadvilkar & Neumann 2020, "PySBD: Pragmatic Sentence Boundary Disambiguation") is accurate
and slow, and on odd input its pieces don't always occur in the text. So it sees one paragraph at
a time, only where a paragraph holds more than one candidate boundary, and its pieces are found
again in the text; where that fails, a plain rule decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pysbd

Span = tuple[int, int]

# A mark that can end a sentence, closing quotes or brackets, then white space (or CJK, without).
_BOUNDARY = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s)|[。！？]+["'”’»）」』]*""")
# pysbd's regular expressions backtrack; no sentence of an article needs more than this at once.
_LONGEST_FOR_PYSBD = 6_000


@lru_cache(maxsize=1)
def _segmenter() -> pysbd.Segmenter:
    return pysbd.Segmenter(language="en", clean=False)


def sentences(paragraph: str) -> list[Span]:
    """Spans of the sentences of one paragraph, in order, without the white space between them.

    Everything but white space lies in exactly one span. Line breaks inside the paragraph count
    as spaces.
    """
    start = len(paragraph) - len(paragraph.lstrip())
    end = len(paragraph.rstrip())
    if start >= end:
        return []
    candidates = [m for m in _BOUNDARY.finditer(paragraph, start, end) if m.end() < end]
    if not candidates:
        return [(start, end)]
    if len(paragraph) <= _LONGEST_FOR_PYSBD:
        found = _by_pysbd(paragraph)
        if found is not None:
            return found
    return _by_rule(paragraph, start, end)


def _by_pysbd(paragraph: str) -> list[Span] | None:
    """pysbd's sentences, or None where they don't add up to the paragraph."""
    flat = re.sub(r"\s", " ", paragraph)  # one character for one: offsets stay
    try:
        pieces = _segmenter().segment(flat)
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


def _by_rule(paragraph: str, start: int, end: int) -> list[Span]:
    """A sentence ends at a mark that is followed by white space and not by a small letter."""
    spans: list[Span] = []
    at = start
    for mark in _BOUNDARY.finditer(paragraph, start, end):
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
