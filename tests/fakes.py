"""Deterministic stand-ins for the models: no downloads, no randomness, the same on any machine."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from index.encoding.encoder import Kind, Prefixes
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, PromptTooLong, Read, Stop, Stopped
from rag.generating.reader import LocalReader


class FakeEncoder:
    """A hashed bag of words: texts that share words are near each other.

    `encoded` keeps every text it was given, in order, with the prefix of its kind.
    """

    def __init__(
        self,
        name: str = "fake-encoder",
        dimension: int = 64,
        prefixes: Prefixes = Prefixes(),  # noqa: B008 (frozen)
    ) -> None:
        self.name = name
        self.dimension = dimension
        self.prefixes = prefixes
        self.encoded: list[str] = []

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.name}, {self.dimension}".encode()).hexdigest()

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        texts = self.prefixes.before(texts, kind)
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

    A token is a word with the white space before it. Yes is near 1 where the passages hold most
    words of what is asked about (the sentence in the reply, else the question or statement), near
    0 where they hold none. `prompts` keeps every prompt; by a phrase of what is asked, `script`
    overrides what is written and `judged` how sure of its Yes it is.
    """

    def __init__(
        self,
        script: dict[str, str] | None = None,
        context_tokens: int = 4096,
        *,
        judged: dict[str, float] | None = None,
        name: str = "fake-generator",
    ) -> None:
        self.name = name
        self.sha256 = "0" * 64
        self.adapter = "a" * 64
        self.context_tokens = context_tokens
        self.script = script or {}
        self.judged = judged or {}
        self.prompts: list[Prompt] = []
        self.closed = False
        self._remembered: set[tuple[str, str, bool]] = set()

    def count(self, text: str) -> int:
        return len(text.split())

    def prompt_tokens(self, prompt: Prompt) -> int:
        return sum(map(self.count, (prompt.system, *prompt.parts, prompt.ask, prompt.reply)))

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        yield self._read(prompt, max_tokens, stop)
        text = self._text(prompt)
        if prompt.adapted:
            text += "\nYes"  # the trained model goes on to say whether it is borne out
        for piece in re.findall(r"\s*\S+", text)[:max_tokens]:
            if stop is not None and stop.is_set():
                raise Stopped
            yield Piece(piece)

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        self._read(prompt, 0, stop)
        about = prompt.ask.partition(": ")[2]
        if sentence := prompt.reply.removeprefix("Yes").strip():
            about = sentence
        for phrase, probability in self.judged.items():
            if phrase in about:
                return probability
        asked, held = _words(about), _words(" ".join(prompt.parts))
        share = len(asked & held) / len(asked) if asked else 0.0
        return 1 / (1 + math.exp(20 * (0.4 - share)))

    def yes_each(self, prompts: Sequence[Prompt], stop: Stop | None = None) -> tuple[float, ...]:
        return tuple(self.yes(prompt, stop) for prompt in prompts)

    def remember(self, prompt: Prompt, stop: Stop | None = None) -> bool:
        [key] = _kept(prompt)
        new = key not in self._remembered
        self._remembered.add(key)
        return new

    def close(self) -> None:
        self.closed = True

    def _read(self, prompt: Prompt, room: int, stop: Stop | None) -> Read:
        self.prompts.append(prompt)
        if stop is not None and stop.is_set():
            raise Stopped
        total = self.prompt_tokens(prompt)
        if total + room > self.context_tokens:
            raise PromptTooLong(f"The prompt and its answer need {total + room} tokens.")
        known = [key for key in _kept(prompt) if key in self._remembered]
        self._remembered.update(_kept(prompt))
        return Read(total, sum(self.count(part) for _, part, _ in known))

    def _text(self, prompt: Prompt) -> str:
        for phrase, text in self.script.items():
            if phrase in prompt.ask:
                return text
        asked = _words(prompt.ask.split("\n")[0].partition(": ")[2])
        found = [
            sentence
            for part in reversed(prompt.parts)
            for sentence in re.split(r"(?<=[.!?])\s+|\n+", part)
            if sentence.rstrip().endswith((".", "!", "?"))
        ]
        return max(found, key=lambda sentence: len(asked & _words(sentence)), default="No.")


def fake_reader(
    script: dict[str, str] | None = None,
    context_tokens: int = 4096,
    *,
    judged: dict[str, float] | None = None,
) -> LocalReader:
    """Writer and Judge by a FakeGenerator (its `generator`), asked as the adapter was trained."""
    generator = FakeGenerator(script, context_tokens, judged=judged)
    return LocalReader(generator, TrainedForm())


def _kept(prompt: Prompt) -> list[tuple[str, str, bool]]:
    return [(prompt.system, part, prompt.adapted) for part in prompt.parts]


_ASKING = frozenset(
    re.findall(
        r"\w+",
        "about and are can did does for from had has have how into its long many much should than "
        "that the there they this was were what when where which who whom whose why will with",
    )
)


def _words(text: str) -> set[str]:
    """Beginnings of words (handle, handled), without those that only ask."""
    words = re.findall(r"\w+", text.casefold())
    return {word[:5] for word in words if len(word) > 2 and word not in _ASKING}
