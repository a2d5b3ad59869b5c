"""The Generator: the local language model, as the rest sees it. Touches no model itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is put before the model, in pieces that are tokenised (as plain text) one by one.

    `system`, then the user's turn: `parts` (passages, read once and kept) and `ask` (read anew).
    `reply` is the beginning of the model's own turn, already written for it.
    """

    system: str
    parts: tuple[str, ...]
    ask: str
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A written token: its text (complete characters only, may be empty) and log-probability."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Read:
    """How a prompt was read: its length in tokens and how many of them came from the cache."""

    tokens: int
    reused: int


class Generator(Protocol):
    """Thread-safe: calls take turns. Text in a Prompt never becomes a control token."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """How many tokens a prompt and its answer may have together."""
        ...

    def count(self, text: str) -> int:
        """Tokens of plain text."""
        ...

    def prompt_tokens(self, prompt: Prompt) -> int: ...

    def write(self, prompt: Prompt, max_tokens: int) -> Iterator[Read | Piece]:
        """One Read, then Pieces until the model ends its turn or `max_tokens` are written.

        Greedy, so the same prompt gives the same text. Closing the iterator stops the
        computation within a token. Raises ContextOverflow when the prompt doesn't fit.
        """
        ...

    def loglikelihood(self, prompt: Prompt, replies: Sequence[str]) -> list[list[float]]:
        """For each reply, the log-probability of each of its tokens as the model's turn."""
        ...

    def yes(self, prompt: Prompt) -> float:
        """P(Yes) / (P(Yes) + P(No)) of the reply's first token, in 0..1."""
        ...

    def remember(self, system: str, part: str) -> bool:
        """Read a passage now so that it needn't be read later; True if that took any work."""
        ...

    def close(self) -> None: ...
