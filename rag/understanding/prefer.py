"""Among hits that hold the question about equally well, the wanted ones first. Pure.

A new article isn't better for being new: it only goes first where it says as much of what was
asked as the best hit does. Otherwise "the latest figure" would be answered from today's weather.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from index.search import Filter, Hit
from rag.checking.facts.facts import facts_of, held_by
from rag.understanding.asked_filter import Part

# How much less than the best hit one may hold and still be its equal: of the question's words,
# names and amounts (by weight), and of cosine. Reports of the same thing month by month differ in
# neither by half as much.
LESS_HELD = 0.1
LESS_COSINE = 0.1


def prefer(hits: Sequence[Hit], question: str, wanted: Part) -> list[Hit]:
    """The hits ranked anew: of the best one's equals, first those of the wanted days; the newest
    first where no days are named.

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
    first = sorted(equals, key=lambda hit: _place(hit.article.published, wanted.filter))
    if best not in first[:2]:
        first.remove(best)
        first.insert(1, best)
    ranked = first + [hit for hit in hits if hit not in equals]
    return [replace(hit, rank=rank) for rank, hit in enumerate(ranked, 1)]


def _place(published: date | None, wanted: Filter) -> int:
    """Low goes first; those of one place stay in the order in which they were found."""
    if wanted.since is None and wanted.until is None:
        return -published.toordinal() if published else 0
    after = wanted.since is None or (published is not None and published >= wanted.since)
    before = wanted.until is None or (published is not None and published <= wanted.until)
    return 0 if published and after and before else 1
