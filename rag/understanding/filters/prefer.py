"""Among hits that hold the question about equally well, the wanted ones first. Pure.

A new article isn't better for being new: it only goes first where it says as much of what was
asked as the best hit does. Otherwise "the latest figure" would be answered from today's weather.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from index.search import Hit
from rag.checking.facts.facts import facts_of, held_by
from rag.understanding.filters.asked_filter import Phrase

# How much less than the best hit one may hold and still be its equal: of the question's words,
# names and amounts (by weight), and of cosine. Reports of the same thing month by month differ in
# neither by half as much.
LESS_HELD = 0.1
LESS_COSINE = 0.1


def prefer(hits: Sequence[Hit], question: str, wanted: Phrase) -> list[Hit]:
    """The hits ranked anew: of the best one's equals, the newest first.

    The best hit stays among the first two: what was found best isn't lost to what is newer.
    """
    if not hits:
        return []
    facts = facts_of(question.replace(wanted.phrase, " "))  # "latest" is said by old articles too
    total = sum(fact.weight for fact in facts) or 1.0

    def held(hit: Hit) -> float:
        found = held_by(facts, f"{hit.article.title}\n{hit.passage.text}")
        return sum(facts[i].weight for i in found) / total

    best = hits[0]
    bar = held(best) - LESS_HELD
    equals = [h for h in hits if h.dense >= best.dense - LESS_COSINE and held(h) >= bar]
    first = sorted(equals, key=lambda hit: _age(hit.article.published))
    if best not in first[:2]:
        first.remove(best)
        first.insert(1, best)
    ranked = first + [hit for hit in hits if hit not in equals]
    return [replace(hit, rank=rank) for rank, hit in enumerate(ranked, 1)]


def _age(published: date | None) -> int:
    """Low goes first; an article without a date is as old as can be."""
    return -published.toordinal() if published else 0
