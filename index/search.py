"""Hits: what a search returns, and how dense and lexical lists are fused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from index.article import Article
from index.passages import Passage


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles a search may return. Empty fields don't filter.

    An article without a date passes no `since` or `until`. Dates are inclusive.
    """

    since: date | None = None
    until: date | None = None
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its score and rank (1 is best). Higher scores are always better.

    `score` is the fused score; `dense` the cosine to the query (always present), `lexical` the
    BM25 score (None when no word of the query is in the passage). Ranks are None where that
    search didn't return the passage among its candidates.
    """

    passage: Passage
    article: Article
    score: float
    rank: int
    dense: float
    lexical: float | None
    dense_rank: int | None
    lexical_rank: int | None
