"""Passages asked apart: each by itself, whether it states something that is asked for."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Coverage
from rag.asking import Asked
from rag.composing.parts import Parts
from rag.events import Event, Progress
from rag.understanding.filters.asked_filter import Reading

_AT_ONCE = 6  # that are read side by side


@dataclass(frozen=True, slots=True)
class Apart:
    """`read` are the passages within the budget, best first, and `stated` the Judge's probability
    that each states an answer by itself; `hits` are all that were found but for the `skipped` ones,
    which had been read before."""

    hits: tuple[Hit, ...]
    read: tuple[Hit, ...]
    stated: tuple[float, ...]
    filter: Filter
    reading: Reading
    search_s: float
    skipped: int

    @property
    def coverage(self) -> Coverage:
        """With what was read for the same question before."""
        return Coverage(self.skipped + len(self.read), self.skipped + len(self.hits))

    def stating(self, least: float) -> list[tuple[Hit, float]]:
        """Those that state something with at least this probability, in the order of search."""
        return [(hit, p) for hit, p in zip(self.read, self.stated, strict=True) if p >= least]


def apart(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Apart]:
    """Search, and read what is found within the budget; copies of an article once."""
    began = time.perf_counter()
    settings = asked.settings
    hits, filter, reading = yield from parts.searcher.search(
        asked.question, query, asked.filter, settings.considered, read_filters=asked.read_filters
    )
    search_s = time.perf_counter() - began
    once = originals(hits)
    new = [hit for hit in once if hit.passage.id not in asked.skip]
    near = tuple(new[: settings.budget])
    stated: list[float] = []
    for first in range(0, len(near), _AT_ONCE):
        stated += parts.judge.each(query, near[first : first + _AT_ONCE], asked.stop)
        yield Progress(len(stated), len(near))
    skipped = len(once) - len(new)
    return Apart(tuple(new), near, tuple(stated), filter, reading, search_s, skipped)


def originals(hits: Sequence[Hit]) -> list[Hit]:
    """Without the passages of copies whose original was found as well."""
    found = {hit.article.id for hit in hits}
    return [hit for hit in hits if hit.article.copy_of not in found]


def beside(
    parts: Parts, asked: Asked, query: str, found: Apart, least: float, most: int = _AT_ONCE
) -> Generator[Event, None, Apart]:
    """Read what stands right beside the passages that state something, too: an article that has
    begun to list goes on with it, in words that a search needn't find."""
    known = {hit.passage.id for hit in found.read} | asked.skip
    new: list[Hit] = []
    for hit, _ in sorted(found.stating(least), key=lambda pair: -pair[1]):
        for passage in _neighbours(parts.library.passages(hit.article.id), hit.passage):
            if passage.id not in known:
                known.add(passage.id)
                new.append(replace(hit, passage=passage))
    new = new[:most]
    if not new:
        return found
    stated = parts.judge.each(query, new, asked.stop)
    read = (*found.read, *new)
    yield Progress(len(read), len(read))
    hits = tuple({hit.passage.id: hit for hit in (*found.hits, *new)}.values())
    return replace(found, hits=hits, read=read, stated=(*found.stated, *stated))


def _neighbours(passages: Sequence[Passage], passage: Passage) -> list[Passage]:
    """The one after it and the one before it."""
    places = [n for n, other in enumerate(passages) if other.id == passage.id]
    return [passages[n + step] for n in places for step in (1, -1) if 0 <= n + step < len(passages)]
