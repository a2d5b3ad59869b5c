"""The product with stand-in models, for the harness's own tests.

As a program (`python -m tests.eval.fake_bench OUT PAUSE SUITE…`) it runs suites on the committed
samples with a pause before each answer, so that a test can kill it in the middle.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.baselines import Written
from eval.bench import Bench
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, Read, Stop
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, FakeGenerator


class FakeBaselines:
    def encode(self, texts: Sequence[str]) -> None:
        FakeEncoder().encode(texts)

    def nearest(self, vectors: NDArray[np.float32]) -> Callable[[NDArray[np.float32], int], None]:
        def search(query: NDArray[np.float32], k: int) -> None:
            np.argsort(-(vectors @ query))[:k]

        return search

    def write(self, prompt: Prompt, max_tokens: int) -> Written:
        return Written(0.1, 0.2, max_tokens)


class SlowGenerator(FakeGenerator):
    def __init__(self, pause: float) -> None:
        super().__init__()
        self.pause = pause

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        time.sleep(self.pause)
        yield from super().write(prompt, max_tokens, stop)


def fake_bench(generator: FakeGenerator | None = None) -> Bench:
    return Bench(
        {},
        encoder=FakeEncoder(),
        reader=LocalReader(generator or FakeGenerator(), TrainedForm()),
        baselines=FakeBaselines(),
    )


if __name__ == "__main__":
    from eval.run import main

    out, pause, *suites = sys.argv[1:]
    bench = fake_bench(SlowGenerator(float(pause)))
    sys.exit(main(suites, Path(out), None, 0, None, {}, None, bench=bench))
