"""What every composer works with."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from index.encoding.encoder import Encoder
from index.search import Hit
from rag.asking import Asked
from rag.checking.check import Checker
from rag.compose import Outcome
from rag.events import Event
from rag.generating.judge import Judge, the_same
from rag.generating.writer import Writer
from rag.understanding.searching import Searcher

if TYPE_CHECKING:
    from index.library import Library  # imports faiss


@dataclass(frozen=True, slots=True)
class Parts:
    library: Library
    writer: Writer
    judge: Judge
    encoder: Encoder
    searcher: Searcher
    checker: Checker

    def fits(self, query: str, hits: Sequence[Hit]) -> int:
        """How many of the hits, best first, both the Writer and the Judge have room for."""
        n = self.writer.fits(query, hits)
        return n if the_same(self.writer, self.judge) else min(n, self.judge.fits(query, hits))


class Composer(Protocol):
    """One thing that is asked: its passages found and read, its sentences checked, and whether it
    is answered decided by itself.

    `query` is the question as it stands alone. Tells what it does while it does it (Searching,
    Passages, Progress, Token, ClaimChecked), and returns what became of it. May raise Stopped.
    """

    def __call__(
        self, parts: Parts, asked: Asked, query: str
    ) -> Generator[Event, None, Outcome]: ...
