"""Sentences of articles as an answer: those that the Judge finds to be about what is asked, one by
one as they stand. Picks nothing itself."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from index.search import Filter, Hit
from rag.answer import Claim, Coverage, Timings
from rag.asking import Asked
from rag.checking.check import quoted
from rag.compose import Outcome
from rag.composing.parts import Parts
from rag.composing.taking.telling import Sentence
from rag.events import ClaimChecked, Event, Passages, Progress
from rag.understanding.filters.asked_filter import Reading

AT_ONCE = 4  # sentences, and their passages, that the Judge is asked about in a batch
STATED = 0.1  # P(stated) of a passage from which a sentence is taken
TELLS = 0.15  # P(supported) of the sentence, as an answer; orders to the reader have .05 at most


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
    """A sentence, with its label where it has one, and what is taken in its place if it doesn't
    do."""

    sentence: Sentence
    label: str = ""
    instead: Item | None = None


def extract(
    parts: Parts,
    asked: Asked,
    found: Found,
    items: Sequence[Item],
    most: int,
    *,
    asks: str,
    stated: float = STATED,
    tell: float = TELLS,
    note: str = "",
) -> Generator[Event, None, Outcome]:
    """At most so many of the items, in their order: those that tell something of what `asks` asks,
    by the Judge: their passage states an answer (with a probability of `stated` or more), and the
    sentence is one (`tell`). That leaves out what addresses its reader, gives orders or can't be
    understood alone."""
    passages = {item.sentence.hit.passage.id: item.sentence.hit for item in items}
    yield Passages(found.hits, tuple(passages))
    states: dict[str, float] = {}
    claims: list[Claim] = []
    first_s: float | None = None
    began = time.perf_counter()
    waiting = list(items)
    while waiting and len(claims) < most:
        some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        new = {item.sentence.hit.passage.id: item.sentence.hit for item in some}
        new = {id: hit for id, hit in new.items() if id not in states}
        if new:
            each = parts.judge.each(asks, list(new.values()), asked.stop)
            states |= dict(zip(new, each, strict=True))
            yield Progress(len(states), max(len(states), len(passages)))
        for item, does in zip(
            some, _do(parts, asked, asks, some, states, stated, tell), strict=True
        ):
            if not does and item.instead:
                waiting.insert(0, item.instead)
            if not does or len(claims) == most:
                continue
            sentence = item.sentence
            claim = quoted(sentence.hit, sentence.start, sentence.end, item.label)
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
        # (where none of the passages has such a sentence, there was nothing to ask the Judge)
        coverage=Coverage(len(states), len(found.hits)) if items else Coverage(),
    )


def _do(
    parts: Parts,
    asked: Asked,
    asks: str,
    items: Sequence[Item],
    states: Mapping[str, float],
    stated: float,
    tell: float,
) -> list[bool]:
    """Whether each of the items tells something of what is asked."""
    there = [item for item in items if states[item.sentence.hit.passage.id] >= stated]
    said = [(item.sentence.text, item.sentence.hit) for item in there]
    told = parts.judge.each_supported(said, asks, asked.stop) if said else ()
    good = {id(item) for item, p in zip(there, told, strict=True) if p >= tell}
    return [id(item) in good for item in items]
