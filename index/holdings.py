"""Which articles of a library are wanted, and what it holds of them. Values only; what reads them:
`index.storing.holdings`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from index.search import Filter


@dataclass(frozen=True, slots=True)
class Wanted:
    """Articles that pass the filter, are by one of the authors (none: anybody), and among `ids`
    (None: all)."""

    filter: Filter = field(default_factory=Filter)
    authors: frozenset[str] = frozenset()
    ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """How many articles; how many of them are copies, have no date; their first and last day, and
    how many each outlet has, most first."""

    articles: int = 0
    copies: int = 0
    undated: int = 0
    first: date | None = None
    last: date | None = None
    sources: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Ids of articles, each in the first of these that it belongs to. `exact`: the words stand in
    the title or text, one after the other, case aside; `akin`: in other forms ("sanctions" for
    "sanction"); `near`: apart, but all in one passage."""

    exact: tuple[str, ...] = ()
    akin: tuple[str, ...] = ()
    near: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.exact + self.akin + self.near
