"""A fact: the sentence that the best passages give, checked, with what other articles say instead.

More passages are read where the first ones don't state it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from index.search import Hit
from rag.answer import Claim, Conflict, Coverage, Timings, Tokens
from rag.asking import Asked
from rag.checking import conflicts
from rag.checking.check import HOPELESS
from rag.compose import Outcome, sentence_spans
from rag.composing.parts import Parts
from rag.events import ClaimChecked, Event, Passages, Progress, Token
from rag.generating.generator import Read

_FOUND = 0.5  # P(stated) from which no further passages are read


def fact(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    began = time.perf_counter()
    settings, stop = asked.settings, asked.stop
    hits, filter, reading = yield from parts.searcher.search(
        asked.question, query, asked.filter, settings.considered, read_filters=asked.read_filters
    )
    searched = time.perf_counter()
    new = tuple(hit for hit in hits if hit.passage.id not in asked.skip)
    near = new[: settings.budget]
    context, stated, looked = yield from _read(parts, asked, query, near)
    yield Passages(near, tuple(hit.passage.id for hit in context))

    first_token_s: float | None = None
    pieces: list[str] = []
    read = Read(0, 0)
    if context and stated >= HOPELESS:
        for event in parts.writer.write(query, context, stop):
            if isinstance(event, Read):
                read = event
                continue
            if first_token_s is None:
                first_token_s = time.perf_counter() - asked.began
            pieces.append(event.text)
            yield Token(event.text)
    raw_text = "".join(pieces).strip()

    written = time.perf_counter()
    claims: list[Claim] = []
    signals = {"stated": stated, "probability": 0.0}
    for start, end in sentence_spans(raw_text):
        claim, judged = parts.checker.answer(
            raw_text[start:end],
            query,
            context,
            stated,
            show_withheld=settings.show_withheld,
            stop=stop,
        )
        claims.append(claim)
        if claim.score >= signals["probability"]:
            signals |= {
                "supported": judged.supported,
                "alone": judged.alone,
                "probability": claim.score,
            }
        yield ClaimChecked(claim)
    abstained = all(claim.verdict == "withheld" for claim in claims)
    found: tuple[Conflict, ...] = ()
    if not abstained:
        found = conflicts.conflicts(claims, query, hits, parts.writer, parts.judge, stop)
    return Outcome(
        query=query,
        raw_text=raw_text,
        abstained=abstained,
        claims=tuple(claims),
        conflicts=found,
        hits=near,
        context_ids=tuple(hit.passage.id for hit in context),
        filter=filter,
        timings=Timings(
            search_s=searched - began,
            first_token_s=first_token_s,
            checks_s=time.perf_counter() - written,
        ),
        tokens=Tokens(
            read.tokens, read.reused, len(pieces) if read.written is None else read.written
        ),
        signals=signals,
        reading=reading,
        coverage=Coverage(len(hits) - len(new) + looked, len(hits)),
    )


def _read(
    parts: Parts, asked: Asked, query: str, hits: Sequence[Hit]
) -> Generator[Event, None, tuple[list[Hit], float, int]]:
    """The passages to answer from and P(stated): the best ones, or, where those don't state it,
    the next ones; and how many were looked at."""
    at_once = asked.settings.passages
    best: tuple[list[Hit], float] = [], 0.0
    looked = 0
    for first in range(0, len(hits), at_once):
        context = list(hits[first : first + at_once])
        context = context[: parts.fits(query, context)]
        if not context:
            break
        stated = parts.judge.stated(query, context, asked.stop)
        looked += len(context)
        yield Progress(looked, len(hits))
        if not best[0] or stated > best[1]:
            best = context, stated
        if stated >= _FOUND:
            break
    return *best, looked
