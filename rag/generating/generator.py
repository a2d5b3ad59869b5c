"""The Generator: the local language model, as the rest sees it. Touches no model itself."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.errors import DatelineError


class Stopped(Exception):
    """The work was stopped by its Stop; not an error."""


class Stop:
    """Set from any thread to stop the computation that was given it, in the middle of a token.

    The flag is a C string, empty until set, so that llama.cpp can look at it without Python.
    """

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)

    @property
    def address(self) -> int:
        return ctypes.addressof(self._flag)

    def set(self) -> None:
        self._flag[0] = b"x"

    def is_set(self) -> bool:
        return self._flag[0] != b"\0"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is put before the model, in pieces that are tokenised (as plain text) one by one.

    `system`, then the user's turn: `parts` (passages, read once and kept) and `ask` (read anew).
    `reply` is the beginning of the model's own turn, already written for it. `adapted`: the whole
    of it, passages too, is read with the model's adapter, where it has one.
    """

    system: str
    parts: tuple[str, ...]
    ask: str
    reply: str = ""
    adapted: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A written token's text: complete characters only, so it may be empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """How a prompt was read: its length in tokens and how many of them came from the cache.
    `written`: how many tokens were written, from a writer whose Pieces aren't tokens."""

    tokens: int
    reused: int
    written: int | None = None


class PromptTooLong(DatelineError):
    """More tokens than the model's context holds; shorten the prompt by whole passages."""


class Generator(Protocol):
    """Thread-safe, and nothing is held between two calls or two written tokens: whoever reads
    something else meanwhile costs time, never a right answer. Text in a Prompt never becomes a
    control token."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def adapter(self) -> str:
        """SHA-256 of the adapter; "" without one."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens a prompt and its answer may have together."""
        ...

    def count(self, text: str) -> int:
        """Tokens of plain text."""
        ...

    def prompt_tokens(self, prompt: Prompt) -> int: ...

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        """One Read, then Pieces until the model ends its turn or `max_tokens` are written.

        Greedy, so the same prompt gives the same text. Setting `stop` from another thread (which
        raises Stopped here) stops the computation itself. Raises PromptTooLong when the prompt
        doesn't fit.
        """
        ...

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        """P(Yes) / (P(Yes) + P(No)) of the reply's first token, in 0..1."""
        ...

    def yes_each(self, prompts: Sequence[Prompt], stop: Stop | None = None) -> tuple[float, ...]:
        """`yes` of several prompts with the same system prompt and one part each, side by side."""
        ...

    def remember(self, prompt: Prompt, stop: Stop | None = None) -> bool:
        """Read a prompt's one part now so that it needn't be read later; True if that took any
        work."""
        ...

    def close(self) -> None: ...
