"""Two ways to run the base with its adapter: this project's torch, and llama.cpp as it ships."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from eval.fitting.adapter.form import SYSTEM, passage_part, reply
from eval.fitting.adapter.measuring import LONGEST, Job
from eval.fitting.adapter.net.layout import Block
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.net.writing import write
from eval.fitting.adapter.words import Words
from rag.generating.generator import Piece, Prompt

T = TypeVar("T")


class TorchReader:
    """`tokens` of a batch."""

    def __init__(
        self, model: Model, adapter: LowRank | None, words: Words, tokens: int = 30_000
    ) -> None:
        self._model, self._adapter, self._words, self._tokens = model, adapter, words, tokens

    def yes(self, jobs: Sequence[Job]) -> list[list[float]]:
        words, found = self._words, []
        for some in self._together(jobs, self._tail):
            odds = self._model.odds(words.head, some, words.yes, words.no, self._adapter)
            found += [1 / (1 + float(np.exp(-value))) for value in odds]
        return _like(jobs, found)

    def write(self, jobs: Sequence[Job]) -> list[list[str]]:
        words, found = self._words, []
        opened = [Job(job.passages, tuple((ask, "") for ask, _ in job.asks)) for job in jobs]
        for some in self._together(opened, self._tail):
            rows = write(self._model, words.head, some, LONGEST, words.ends, self._adapter)
            found += [words.text(row).strip() for row in rows]
        return _like(jobs, found)

    def _tail(self, ask: str, sentence: str | None) -> list[int]:
        return [*self._words.asked(ask), *self._words.plain(reply(sentence))]

    def _together(
        self, jobs: Sequence[Job], tail: Callable[[str, str | None], list[int]]
    ) -> Iterator[list[Block]]:
        blocks: list[Block] = []
        size = 0
        for job in jobs:
            passages = [self._words.passage(text) for text in job.passages]
            tails = [tail(*ask) for ask in job.asks]
            own = sum(map(len, [*passages, *tails]))
            if blocks and size + own > self._tokens:
                yield blocks
                blocks, size = [], 0
            blocks.append(Block(passages, tails))
            size += own
        if blocks:
            yield blocks


class LlamaReader:
    """llama.cpp, through the product's own generator: passages read once, moved, kept."""

    def __init__(self, gguf: Path, adapter: Path | None, threads: int, context: int = 6144) -> None:
        from rag.generating.local import LocalGenerator
        from rag.generating.states import StateCache

        self.generator = LocalGenerator.open(
            gguf,
            name=gguf.stem,
            sha256="",
            adapter=(adapter, str(adapter)) if adapter else None,
            threads=threads,
            context=context,
            cache=StateCache(None, memory_bound=1 << 30, disk_bound=0),
        )

    def yes(self, jobs: Sequence[Job]) -> list[list[float]]:
        return [
            [self.generator.yes(_prompt(job, ask, sentence)) for ask, sentence in job.asks]
            for job in jobs
        ]

    def write(self, jobs: Sequence[Job]) -> list[list[str]]:
        return [[self._written(_prompt(job, ask, "")) for ask, _ in job.asks] for job in jobs]

    def _written(self, prompt: Prompt) -> str:
        text = ""
        pieces = self.generator.write(prompt, LONGEST)
        for piece in pieces:
            if isinstance(piece, Piece):
                text += piece.text
                if "\n" in text.strip("\n"):
                    break
        return text.strip().split("\n")[0].strip()


def _prompt(job: Job, ask: str, sentence: str | None) -> Prompt:
    parts = tuple(passage_part(text) for text in job.passages)
    return Prompt(SYSTEM, parts, ask, reply(sentence), adapted=True)


def _like(jobs: Sequence[Job], found: Sequence[T]) -> list[list[T]]:
    """One value an ask, in the jobs' own form."""
    values = iter(found)
    return [[next(values) for _ in job.asks] for job in jobs]
