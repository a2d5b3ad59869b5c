"""What Dateline isn't for (an opinion, a guess, a sum, another subject): says so, and what the
articles do say of it, each in its outlet's name."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

from index.search import Hit
from rag.answer import Claim, Timings
from rag.asking import Asked
from rag.compose import Outcome, sentence_spans
from rag.composing.parts import Parts
from rag.composing.taking.apart import apart
from rag.events import ClaimChecked, Event, Passages
from rag.generating.generator import Piece

FOR = (
    "I only tell what the articles in this library say: I have no opinion, guess at no future and "
    "do no sums."
)
SAY = "On this they say:"
NOTHING = "Ask me what they report."
_STATES = 0.5  # P(stated) from which a passage is on what is asked
_MOST = 2  # sentences, each from an article of its own


def other(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    found = yield from apart(parts, asked, query)
    best: dict[str, tuple[Hit, float]] = {}
    for hit, stated in sorted(found.stating(_STATES), key=lambda pair: -pair[1]):
        best.setdefault(hit.article.id, (hit, stated))
    on_it = list(best.values())[:_MOST]
    ids = tuple(hit.passage.id for hit, _ in on_it)
    yield Passages(found.read, ids)
    began = time.perf_counter()
    claims: list[Claim] = []
    for hit, stated in on_it:
        written = "".join(
            event.text
            for event in parts.writer.write(query, [hit], asked.stop)
            if isinstance(event, Piece)
        ).strip()
        for start, end in sentence_spans(written)[:1]:
            claim, _ = parts.checker.answer(
                written[start:end], query, [hit], stated, stop=asked.stop
            )
            if claim.verdict == "stated":
                claims.append(replace(claim, label=hit.article.source or hit.article.title))
                yield ClaimChecked(claims[-1])
    return Outcome(
        query=query,
        raw_text=" ".join(claim.text for claim in claims),
        claims=tuple(claims),
        hits=found.read if claims else (),
        context_ids=ids,
        filter=found.filter,
        timings=Timings(search_s=found.search_s, checks_s=time.perf_counter() - began),
        reading=found.reading,
        said=f"{FOR} {SAY if claims else NOTHING}",
        coverage=found.coverage,
    )
