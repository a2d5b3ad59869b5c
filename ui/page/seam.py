"""What the page needs from the rest, and nothing more: real and fake meet it alike.

`ui.page.local.LocalBackend` is the real one; tests bring their own. Methods are called from several
threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from index.article import Article, Head
from index.search import Filter
from rag.events import Event
from rag.service import Loading
from rag.turns import Events
from rag.understanding.kinds import Kind

if TYPE_CHECKING:
    from index.ingest import Outcome
    from index.storing.listing import News
    from index.storing.versions import Version

__all__ = ["Backend", "Choices", "CountsUndated", "History", "Loading"]

History = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person sets for their answers. None means the assistant's own default.

    `passages`, `budget` and `show_withheld` are those of `rag.settings.Settings`; `read_filters`,
    `kind`, `article`, `skip` and `correct` those of `rag.asking.Asking`. What is asked `aside` is
    for nobody who waits: it ends as soon as anybody asks anything.
    """

    model: str | None = None
    passages: int | None = None
    budget: int | None = None
    show_withheld: bool = False
    read_filters: bool = True
    kind: Kind | None = None
    article: str | None = None
    skip: tuple[str, ...] = ()
    correct: bool = True
    aside: bool = False


@runtime_checkable
class CountsUndated(Protocol):
    """A library that counts by itself; without it the articles are looked at one by one."""

    def undated(self, filter: Filter) -> int: ...


class Backend(Protocol):
    @property
    def library_id(self) -> str: ...

    def stream(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Events[Event | Loading]:
        """Takes its place at once; see `rag.service.Service.stream`. Raises QueueFull, Closed.

        What `filter` leaves open is taken from the question's own words.
        """
        ...

    def article(self, article_id: str) -> Article | None: ...

    def articles(self) -> Sequence[Article]:
        """With their texts: for what takes them all along."""
        ...

    def heads(self) -> Sequence[Head]:
        """Newest first, those without a date last."""
        ...

    def undated(self, filter: Filter) -> int:
        """How many articles a filter's dates leave out only because they have no date."""
        ...

    def generation(self) -> int:
        """Changes with every write to the library."""
        ...

    def news(self, generation: int) -> News:
        """What came in after that generation."""
        ...

    def versions(self, article_id: str) -> Sequence[Version]:
        """What an article said before it was corrected, oldest first."""
        ...

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[Outcome]:
        """`public`: nothing of this computer's own network is fetched."""
        ...

    def remove(self, article_ids: Sequence[str]) -> Callable[[], None]:
        """Removes articles; what it returns puts them back."""
        ...

    def edit(self, article_id: str, title: str, source: str, published: date | None) -> None:
        """Says an article's title, outlet ("": none) and day. Raises UsageError, LibraryBusy."""
        ...

    def models(self) -> Sequence[str]:
        """Generators that are on this machine, the usual one first."""
        ...
