"""The Writer: what writes an answer's words from a question and passages. Touches no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from index.search import Hit
from rag.generating.generator import Piece, Prompt, Read, Stop


class Writer(Protocol):
    """Nothing that it writes is shown unchecked, and it never checks itself: see
    `rag.generating.judge`."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def host(self) -> str:
        """The server that it writes on, `name[:port]`; "" where it writes in this process."""
        ...

    def fits(self, question: str, hits: Sequence[Hit]) -> int:
        """How many of the hits, best first, leave room for a question and its answer."""
        ...

    def write(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        """The answer that these passages (best first) give: Pieces, and a Read where the reading
        is counted. Raises Stopped, PromptTooLong, ModelError."""
        ...

    def reply(self, prompt: Prompt, max_tokens: int, stop: Stop | None = None) -> str:
        """What the model says to something else than a question about passages."""
        ...

    def close(self) -> None: ...
