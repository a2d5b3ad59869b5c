"""Deterministic stand-ins for the models: no downloads, no randomness, the same on any machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.generating.generator import Judgement, Piece, Prompt, PromptTooLong, Read, Stop, Stopped


class FakeEncoder:
    """A hashed bag of words: texts that share words are near each other.

    `encoded` keeps every text it was given, in order.
    """

    def __init__(self, name: str = "fake-encoder", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.encoded: list[str] = []

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.name}, {self.dimension}".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                place = int.from_bytes(digest[:4], "little") % self.dimension
                vectors[row, place] += 1.0 if digest[4] % 2 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def fits(self, text: str) -> bool:
        """Whether the whole text is read."""
        return len(text.split()) <= 200

    def count(self, text: str) -> int:
        return len(text.split())


class FakeGenerator:
    """Answers with the sentence of the passages that shares most words with what was asked.

    A token is a word with the white space before it. Yes is the share of the asked words that
    the passages hold; a word's log-probability is -0.1 if they hold it, else -3. `prompts` keeps
    every prompt; `script` overrides what is written, by a phrase of the question.
    """

    def __init__(self, script: dict[str, str] | None = None, context_tokens: int = 4096) -> None:
        self.name = "fake-generator"
        self.sha256 = "0" * 64
        self.context_tokens = context_tokens
        self.script = script or {}
        self.prompts: list[Prompt] = []
        self.closed = False
        self._remembered: set[tuple[str, str]] = set()

    def count(self, text: str) -> int:
        return len(text.split())

    def prompt_tokens(self, prompt: Prompt) -> int:
        return sum(map(self.count, (prompt.system, *prompt.parts, prompt.ask, prompt.reply)))

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        total = self._read(prompt, max_tokens)
        known = [part for part in prompt.parts if (prompt.system, part) in self._remembered]
        self._remembered.update((prompt.system, part) for part in prompt.parts)
        yield Read(total, sum(map(self.count, known)))
        text = self._text(prompt)
        for piece in re.findall(r"\s*\S+", text)[:max_tokens]:
            if stop is not None and stop.is_set():
                raise Stopped
            yield Piece(piece, self._logprob(piece, prompt))

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        self._read(prompt, 0)
        lines = prompt.ask.split("\n")
        line = next((x for x in lines if x.startswith("Statement: ")), lines[0])
        asked = _words(line.partition(":")[2])
        held = _words(" ".join(prompt.parts))
        return len(asked & held) / len(asked) if asked else 0.5

    def judge(self, prompt: Prompt, statement: str, stop: Stop | None = None) -> Judgement:
        logprobs = tuple(self._logprob(word, prompt) for word in statement.split())
        return Judgement(self.yes(prompt, stop), logprobs)

    def remember(self, system: str, part: str, stop: Stop | None = None) -> bool:
        new = (system, part) not in self._remembered
        self._remembered.add((system, part))
        return new

    def close(self) -> None:
        self.closed = True

    def _read(self, prompt: Prompt, room: int) -> int:
        self.prompts.append(prompt)
        total = self.prompt_tokens(prompt)
        if total + room > self.context_tokens:
            raise PromptTooLong(f"The prompt and its answer need {total + room} tokens.")
        return total

    def _text(self, prompt: Prompt) -> str:
        for phrase, text in self.script.items():
            if phrase in prompt.ask:
                return text
        asked = _words(prompt.ask.split("\n")[0])
        found = [
            sentence
            for part in reversed(prompt.parts)
            for sentence in re.split(r"(?<=[.!?])\s+|\n+", part)
            if sentence.rstrip().endswith((".", "!", "?"))
        ]
        return max(found, key=lambda sentence: len(asked & _words(sentence)), default="No.")

    def _logprob(self, word: str, prompt: Prompt) -> float:
        return -0.1 if _words(word) <= _words(" ".join(prompt.parts)) else -3.0


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 2}
