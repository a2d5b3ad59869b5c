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

AT_ONCE = 4  # sentences, and their passages, that the Judge is asked about in a batch
STATED = 0.1  # P(stated) of a passage from which a sentence is taken
TELLS = 0.1  # P(supported) of the sentence, as an answer; orders to the reader have .05 at most


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
    for first in range(0, len(items), AT_ONCE):
        some = items[first : first + AT_ONCE]
        new = {item.sentence.hit.passage.id: item.sentence.hit for item in some}
        new = {id: hit for id, hit in new.items() if id not in states}
        states |= zip(new, parts.judge.each(asks, list(new.values()), asked.stop), strict=True)
        yield Progress(len(states), len(passages))
        some = [i for i in some if states[i.sentence.hit.passage.id] >= stated]
        said = [(item.sentence.text, item.sentence.hit) for item in some]
        tells = parts.judge.each_supported(said, asks, asked.stop) if said else ()
        for item, told in zip(some, tells, strict=True):
            if told < tell or len(claims) == most:
                continue
            sentence = item.sentence
            claim = quoted(sentence.hit, sentence.start, sentence.end, item.label)
            claims.append(claim)
            if first_s is None:
                first_s = time.perf_counter() - asked.began
            yield ClaimChecked(claim)
        if len(claims) == most:
            break
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
        coverage=Coverage(len(states), len(found.hits)),
    )
