"""Prompt lookup: what follows in the passages is drafted as what the model writes next. Pure.

An answer copies from its passages. Where its last tokens occur in the prompt, the tokens after
them there are a guess that costs nothing, and several guesses are checked in one evaluation
(A. Saxena, "Prompt Lookup Decoding", 2023; checking as in Leviathan et al., "Fast Inference from
Transformers via Speculative Decoding", 2023, with greedy choice: the text stays the same).
"""

from __future__ import annotations

from collections.abc import Sequence

_MATCH = 2  # tokens that must be the same before anything is guessed


class PromptLookup:
    """Guesses from a prompt's tokens and from what was written; later occurrences win."""

    def __init__(self, tokens: Sequence[int], longest: int) -> None:
        self._tokens = list(tokens)
        self._longest = longest
        self._after: dict[tuple[int, ...], int] = {}
        for end in range(_MATCH, len(self._tokens)):
            self._after[tuple(self._tokens[end - _MATCH : end])] = end

    def add(self, token: int) -> None:
        """The next token that was written."""
        before = tuple(self._tokens[-_MATCH:])
        if len(before) == _MATCH:
            self._after[before] = len(self._tokens)
        self._tokens.append(token)

    def guess(self) -> list[int]:
        """What may come next, at most `longest` tokens; empty when nothing matches."""
        at = self._after.get(tuple(self._tokens[-_MATCH:]))
        return self._tokens[at : at + self._longest] if at is not None else []
