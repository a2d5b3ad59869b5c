"""Sentences of articles as an answer: those that the Judge finds to be about what is asked, one by
one as they stand. Picks nothing itself."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from index.search import Filter, Hit
from rag.answer import Claim, Coverage, Timings
from rag.asking import Asked
from rag.checking.check import quoted
from rag.compose import Outcome
from rag.composing.parts import Parts
from rag.composing.telling import Sentence
from rag.events import ClaimChecked, Event, Passages, Progress
from rag.understanding.asked_filter import Reading

AT_ONCE = 5  # passages that the Judge is asked about in a batch


@dataclass(frozen=True, slots=True)
class Found:
    """What was searched and found for a request, and when."""

    query: str
    hits: tuple[Hit, ...]
    filter: Filter
    reading: Reading
    began: float
    searched: float


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence, with its label where it has one."""

    sentence: Sentence
    label: str = ""


def extract(
    parts: Parts,
    asked: Asked,
    found: Found,
    items: Sequence[Item],
    most: int,
    *,
    asks: str,
    least: float,
    note: str = "",
) -> Generator[Event, None, Outcome]:
    """At most so many of the items, in their order: those of passages that state something of what
    `asks` asks, with a probability of `least` or more."""
    passages = {item.sentence.hit.passage.id: item.sentence.hit for item in items}
    yield Passages(found.hits, tuple(passages))
    waiting, read = list(passages.values()), 0
    states: dict[str, float] = {}
    claims: list[Claim] = []
    first_s: float | None = None
    began = time.perf_counter()
    for item in items:
        if len(claims) == most:
            break
        hit = item.sentence.hit
        while hit.passage.id not in states:
            some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            found_each = parts.judge.each(asks, some, asked.stop)
            states |= {h.passage.id: p for h, p in zip(some, found_each, strict=True)}
            read += len(some)
            yield Progress(read, len(passages))
        if states[hit.passage.id] < least:
            continue
        claim = quoted(hit, item.sentence.start, item.sentence.end, item.label)
        claims.append(claim)
        if first_s is None:
            first_s = time.perf_counter() - asked.began
        yield ClaimChecked(claim)
    return Outcome(
        query=found.query,
        raw_text=" ".join(claim.text for claim in claims),
        abstained=not claims,
        claims=tuple(claims),
        hits=found.hits,
        context_ids=tuple(states),
        filter=found.filter,
        timings=Timings(
            search_s=found.searched - found.began,
            first_token_s=first_s,
            checks_s=time.perf_counter() - began,
        ),
        signals={
            "stated": max(states.values(), default=0.0),
            "probability": max((claim.score for claim in claims), default=0.0),
        },
        reading=found.reading,
        note=note if claims else "",
        coverage=Coverage(len(found.hits), len(found.hits)),
    )
