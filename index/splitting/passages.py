"""The Passage: the unit of retrieval, and how an article is split into them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.splitting.lines import BULLET, Span, is_time_line, paragraphs
from index.splitting.sentences import sentences

__all__ = ["Passage", "is_time_line", "paragraphs", "split"]

Count = Callable[[str], int]
Fits = Callable[[str], bool]

TARGET = 150  # tokens of a passage; a multiple of what a question needs, a fraction of a prompt
INSIDE = 0.1  # what an end inside a paragraph costs; a passage of half the size costs .25
_LIMIT = 4 / 3  # no passage is longer than this times the target
_HEADING = 120  # characters of the longest line that can be a heading
_RUN = 3  # more short lines than this in a row are a list, not headings


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start:end` of an article's cleaned text: `article.text[start:end] == text`.

    `heading` is what stands over the passage (a section's heading, a live blog entry's time);
    it is shown to the encoder and the generator beside the text, and is never quoted as text.
    The first passage of a section holds its heading in its text as well: nothing of an article
    lies outside its passages.
    """

    article_id: str
    start: int
    end: int
    text: str
    heading: str = ""

    @property
    def id(self) -> str:
        return f"{self.article_id}:{self.start}-{self.end}"


def split(
    article_id: str,
    text: str,
    count: Count,
    target: int = TARGET,
    *,
    fits: Fits = lambda text: len(text) <= 1200,
) -> list[Passage]:
    """Passages of about `target` tokens (by `count`), in order, that cover the text.

    Only white space lies between passages. A passage keeps to its section (the text from one
    heading, or one entry of a live blog, to the next). A sentence is cut, at a word boundary,
    only if it alone is longer than a passage may be, or `fits` (told the heading, a line break
    and the text) says that the encoder would not read it whole.
    """
    if target < 1:
        raise ValueError(f"a passage of {target} tokens can't be made; target must be at least 1")
    passages: list[Passage] = []
    for section in _sections(text):
        parts = [
            part
            for sentence in section.sentences
            for part in _cut(text, sentence, count, round(target * _LIMIT), fits, section.heading)
        ]
        for start, end in _pack(text, parts, target, fits, section.heading):
            passages.append(Passage(article_id, start, end, text[start:end], section.heading))
    return passages


# --- sections -----------------------------------------------------------------------------------

_ENDS_SENTENCE = re.compile(r"[.!?…。！？:;,]['\"”’»)\]]*\s*$")


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    sentences: list[Span]


def _sections(text: str) -> Iterator[_Section]:
    """The text cut at its headings; a run of headings belongs to the text that follows it."""
    heading = ""
    spans: list[Span] = []
    run: list[Span] = []
    for start, end in paragraphs(text):
        end = start + len(text[start:end].rstrip())
        start = end - len(text[start:end].lstrip())
        if _looks_like_heading(text[start:end]):
            run.append((start, end))
            continue
        if run and (len(run) <= _RUN or is_time_line(text[slice(*run[0])])):
            if spans:
                yield _Section(heading, spans)
            heading, spans = _heading(text, run), []
        spans += run
        spans += [(start + a, start + b) for a, b in sentences(text[start:end])]
        run = []
    spans += run
    if spans:
        yield _Section(heading, spans)


def _heading(text: str, run: list[Span]) -> str:
    lines = [" ".join(text[start:end].split()) for start, end in run[:_RUN]]
    return " · ".join(lines)[:200].rstrip()


def _looks_like_heading(paragraph: str) -> bool:
    line = paragraph.strip()
    if is_time_line(line):
        return True
    return (
        len(line) <= _HEADING
        and "\n" not in line
        and not _ENDS_SENTENCE.search(line)
        and not BULLET.match(line)
        and any(character.isalpha() for character in line)
    )


# --- packing ------------------------------------------------------------------------------------


def _pack(
    text: str, parts: list[tuple[Span, int]], target: int, fits: Fits, heading: str
) -> Iterator[Span]:
    """Neighbouring sentences joined into passages: of all ways to divide them, the one with the
    least Σ (size / even − 1)² + INSIDE for each passage that ends inside a paragraph."""
    total = sum(max(1, tokens) for _, tokens in parts)
    even = total / max(1, -(-total // target))
    cost = [0.0] + [math.inf] * len(parts)
    begins = [0] * (len(parts) + 1)
    for last in range(1, len(parts) + 1):
        end = parts[last - 1][0][1]
        inside = last < len(parts) and "\n" not in text[end : parts[last][0][0]]
        size = 0
        for first in range(last - 1, _farthest(text, parts, last, target, fits, heading) - 1, -1):
            size += max(1, parts[first][1])
            here = cost[first] + (size / even - 1) ** 2 + INSIDE * inside
            if here < cost[last]:
                cost[last], begins[last] = here, first
    spans: list[Span] = []
    last = len(parts)
    while last:
        first = begins[last]
        spans.append((parts[first][0][0], parts[last - 1][0][1]))
        last = first
    yield from reversed(spans)


def _farthest(
    text: str, parts: list[tuple[Span, int]], last: int, target: int, fits: Fits, heading: str
) -> int:
    """The first sentence of the longest passage that may end with the one before `last`.

    `fits` is what costs, and what lies within a text that fits does too: mostly it is asked once.
    """
    first = last - 1
    size, end = max(1, parts[first][1]), parts[first][0][1]
    while first and (size := size + max(1, parts[first - 1][1])) <= target * _LIMIT:
        first -= 1
    while first < last - 1 and not fits(f"{heading}\n{text[parts[first][0][0] : end]}"):
        first += 1
    return first


def _cut(
    text: str, span: Span, count: Count, limit: int, fits: Fits, heading: str
) -> Iterator[tuple[Span, int]]:
    """The sentence, or, if it alone is too long, halves of it, cut between words; with tokens."""
    start, end = span
    piece = text[start:end]
    tokens = count(piece)
    if end - start <= 1 or (tokens <= limit and fits(f"{heading}\n{piece}")):
        yield span, tokens
        return
    middle = _word_boundary(text, start, end)
    left = start + len(text[start:middle].rstrip())
    right = middle + len(text[middle:end]) - len(text[middle:end].lstrip())
    yield from _cut(text, (start, left), count, limit, fits, heading)
    yield from _cut(text, (right, end), count, limit, fits, heading)


def _word_boundary(text: str, start: int, end: int) -> int:
    """The white space nearest to the middle, else the middle itself."""
    middle = (start + end) // 2
    for distance in range(1, (end - start) // 2):
        for at in (middle - distance, middle + distance):
            if start < at < end - 1 and text[at].isspace():
                return at
    return middle
