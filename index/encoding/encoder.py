"""The Encoder: texts into unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import DatelineError


class Encoder(Protocol):
    """`name` is kept in a library, which refuses any other; `dimension` is a vector's length."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32. Thread-safe."""
        ...

    def fits(self, text: str) -> bool:
        """Whether `encode` reads the whole text; it leaves out what is beyond its limit."""
        ...

    def count(self, text: str) -> int:
        """Word pieces of the text: what passages are measured in."""
        ...


def model_folder(folder: str | Path) -> Path:
    """The folder of a sentence-transformers model; raises DatelineError where there is none."""
    folder = Path(folder)
    if not (folder / "modules.json").is_file():
        raise DatelineError(
            f"'{folder}' holds no sentence-transformers model (no modules.json); "
            "fetch it with: dateline models pull"
        )
    return folder
