"""The Encoder: texts into unit vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import DatelineError


class Encoder(Protocol):
    """`sha256`, of its weights, is kept in a library, which refuses any other; `name` is for people
    (and for libraries that know no hash yet); `dimension` is a vector's length."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

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


def weights_sha256(folder: Path) -> str:
    """Of the folder's `model.safetensors`; of another form of weights, over all their hashes."""
    one = folder / "model.safetensors"
    files = (
        [one] if one.is_file() else sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    )
    hashes = []
    for path in files:
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def model_folder(folder: str | Path) -> Path:
    """The folder of a sentence-transformers model; raises DatelineError where there is none."""
    folder = Path(folder)
    if not (folder / "modules.json").is_file():
        raise DatelineError(
            f"'{folder}' holds no sentence-transformers model (no modules.json); "
            "fetch it with: dateline models pull"
        )
    return folder
