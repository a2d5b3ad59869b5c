"""The step from a question to its passages: what the question's own words ask of the articles,
tried in turn until something is found, and preferred among equals."""

from __future__ import annotations

from collections.abc import Collection, Generator
from datetime import date
from typing import TYPE_CHECKING

from index.search import Filter, Hit
from rag.events import Searching
from rag.understanding.filters.asked_filter import (
    FoundFilter,
    Reading,
    found,
    narrowings,
    reference_day,
)
from rag.understanding.filters.periods import later
from rag.understanding.filters.prefer import prefer

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

DEEPER = 3  # times as many hits, where the wanted one among equals may not be among the first


class Searcher:
    """Searches one library. Remembers what outlets it has and its newest date until it changes."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: tuple[tuple[int, date], Collection[str], date | None] | None = None

    def search(
        self, question: str, query: str, given: Filter, most: int, *, read_filters: bool
    ) -> Generator[Searching, None, tuple[tuple[Hit, ...], Filter, Reading]]:
        """The hits, the filter that they passed, and what of it the question said.

        Tells each filter that it tries. `given` goes before what is read from the question.
        """
        asked = self._asked(question, query) if read_filters else FoundFilter()
        hits: list[Hit] = []
        for filter, reading in narrowings(asked, given):
            yield Searching(question, query, filter, reading)
            wanted = reading.preferred
            hits = self._library.search(query, most * (DEEPER if wanted else 1), filter=filter)
            if wanted:
                hits = prefer(hits, query, wanted)[:most]
            if hits:
                break
        return tuple(hits), filter, reading

    def _asked(self, question: str, query: str) -> FoundFilter:
        """Of the question as it was asked; what that leaves open, of how it was understood."""
        sources, reference = self._holdings()
        asked = found(question, sources, reference)
        return asked if query == question else asked | found(query, sources, reference)

    def _holdings(self) -> tuple[Collection[str], date | None]:
        today = date.today()
        state = self._library.generation, today
        if self._known is None or self._known[0] != state:
            # an article from tomorrow is in another time zone; one from next year is misdated
            newest = self._library.newest(later(today, 1))
            self._known = state, frozenset(self._library.sources()), reference_day(newest, today)
        return self._known[1:]
