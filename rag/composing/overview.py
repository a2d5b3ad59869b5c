"""An overview: the sentences of the best passages that tell the most of what is asked."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from index.search import Hit
from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.parts import Parts
from rag.composing.taking.extract import Found, Item, extract
from rag.composing.taking.telling import Sentence, Telling, sentences
from rag.events import Event

MOST, SPARE = 6, 3  # sentences of an overview; more that are picked, should some not do
FLOOR = 0.02  # what a passage counts for that a search found last


def overview(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    found = yield from find(parts, asked, query)
    told = tell(sentences(preferred(found.hits)), MOST + SPARE)
    items = [Item(sentence) for sentence in told]
    return (yield from extract(parts, asked, found, items, MOST, asks=query))


def find(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Found]:
    """The passages that are considered, without those that were read before."""
    began = time.perf_counter()
    hits, filter, reading = yield from parts.searcher.search(
        asked.question,
        query,
        asked.filter,
        asked.settings.considered,
        read_filters=asked.read_filters,
    )
    new = tuple(hit for hit in hits if hit.passage.id not in asked.skip)
    return Found(query, new, filter, reading, began, time.perf_counter())


def preferred(hits: Sequence[Hit]) -> list[Hit]:
    """Originals before copies, else as they are."""
    return sorted(hits, key=lambda hit: hit.article.copy_of is not None)


def tell(candidates: Sequence[Sentence], most: int) -> list[Sentence]:
    """The most telling, the first of them first, the others of its article with it."""
    telling = Telling(candidates, [FLOOR + sentence.hit.score for sentence in candidates])
    picked = [candidates[i] for i in telling.order(most)]
    place: dict[str, int] = {}
    for sentence in picked:
        place.setdefault(sentence.hit.article.id, len(place))
    return sorted(picked, key=lambda s: (place[s.hit.article.id], s.start))
