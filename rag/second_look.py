"""A second look at what a search found: the Judge reads the first passages, and says which of them
state an answer.

A search compares words and vectors; the Judge reads the passage beside the question. That is worth
seconds a passage only to who asks for it (eval/DECISIONS.md): a fact's passages are judged anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.search import Hit
from rag.generating.generator import Stop
from rag.generating.judge import Judge

READ = 12  # passages (eval/DECISIONS.md)


@dataclass(frozen=True, slots=True)
class Judged:
    """A hit, and how likely it states an answer by itself; None: it wasn't read."""

    hit: Hit
    stated: float | None


def second_look(
    judge: Judge, query: str, hits: Sequence[Hit], read: int = READ, stop: Stop | None = None
) -> list[Judged]:
    """The hits, best first: the first `read` in the order of P(stated), then the others as the
    search has them. Ranks are the new ones; scores stay the search's. May raise Stopped."""
    first = hits[:read]
    stated = judge.each(query, first, stop) if first else ()
    told = sorted(zip(first, stated, strict=True), key=lambda one: -one[1])
    looked = [Judged(hit, likely) for hit, likely in told]
    looked += [Judged(hit, None) for hit in hits[read:]]
    return [
        replace(one, hit=replace(one.hit, rank=rank)) for rank, one in enumerate(looked, start=1)
    ]
