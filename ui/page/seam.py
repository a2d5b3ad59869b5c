"""What the page needs from the rest, and nothing more: real and fake meet it alike.

`ui.page.local.LocalBackend` is the real one; tests bring their own. Methods are called from several
threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from index.article import Article
from index.search import Filter
from rag.events import Event
from rag.generating.generator import Stop

if TYPE_CHECKING:
    from index.ingest import Outcome

History = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person sets for their answers. None means the assistant's own default.

    `passages` is how many passages are put before the model; `strictness` in 0..1 moves the
    bar that a sentence or an answer must clear (0.5 is the calibrated one). `read_filters` False
    leaves the times and outlets that the question names alone.
    """

    model: str | None = None
    passages: int | None = None
    strictness: float | None = None
    read_filters: bool = True


@dataclass(frozen=True, slots=True)
class Loading:
    """Before the first event of an answer, where another model has to be loaded for it."""

    model: str


class Backend(Protocol):
    def stream(
        self,
        question: str,
        history: History,
        filter: Filter | None,
        choices: Choices,
        stop: Stop,
    ) -> Iterator[Event | Loading]:
        """Closing the iterator stops the work, and so does `stop`, from any thread.

        What `filter` leaves open is taken from the question's own words.
        """
        ...

    def article(self, article_id: str) -> Article | None: ...

    def articles(self) -> Sequence[Article]: ...

    def generation(self) -> int:
        """Changes with every write to the library."""
        ...

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[Outcome]:
        """`public`: nothing of this computer's own network is fetched."""
        ...

    def remove(self, article_ids: Sequence[str]) -> Callable[[], None]:
        """Removes articles; what it returns puts them back."""
        ...

    def models(self) -> Sequence[str]:
        """Generators that are on this machine, the usual one first."""
        ...
