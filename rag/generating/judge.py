"""The Judge: how likely passages state an answer, and bear a sentence out. Touches no model.

It stays the same whoever writes: what a verdict means is measured with the Judge (see
`rag.checking.verdict`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from index.search import Hit
from rag.generating.generator import Stop


class Judge(Protocol):
    """All probabilities in 0..1; hits best first; every call may raise Stopped."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> dict[str, str]:
        """What the probabilities depend on: hashes of the model, its adapter, its form."""
        ...

    def fits(self, question: str, hits: Sequence[Hit]) -> int:
        """How many of the hits, best first, leave room for a question and its checks."""
        ...

    def stated(self, question: str, hits: Sequence[Hit], stop: Stop | None = None) -> float:
        """That the passages state an answer to the question."""
        ...

    def each(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        """For each passage, that it states an answer by itself."""
        ...

    def supported(
        self, sentence: str, hits: Sequence[Hit], question: str, stop: Stop | None = None
    ) -> float:
        """That the sentence, as the answer to the question, is borne out by the passages."""
        ...

    def each_supported(
        self, said: Sequence[tuple[str, Hit]], question: str, stop: Stop | None = None
    ) -> tuple[float, ...]:
        """For each sentence, that it, as an answer to the question, is borne out by its passage."""
        ...

    def alone(
        self, sentence: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        """For each passage, that it bears the sentence out by itself."""
        ...

    def alone_each(
        self, said: Sequence[tuple[str, Hit]], stop: Stop | None = None
    ) -> tuple[float, ...]:
        """For each sentence and passage, that this passage bears it out by itself."""
        ...

    def close(self) -> None: ...


def the_same(writer: object, judge: object) -> bool:
    """Whether one local model does both, and is to be asked, opened and closed once."""
    return writer is judge
