"""What stands in for the encoder and for the process that reads files, and opens a library so that
it takes the forms of a large one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Kind, Prefixes
from index.library import Library
from index.reading.items import Refusal, of_file
from index.reading.reader import Reader
from index.storing.building import Limits
from index.storing.candidates import nearest

# In this process: one of its own would outlive the library's folder.
LARGE = Limits(vectors=25, words=25, built="here")


class WordHash:
    """A hashed bag of words, as unit vectors."""

    dimension = 64
    prefixes = Prefixes()

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        made = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.blake2b(f"{self.name} {word}".encode(), digest_size=4).digest()
                made[row, digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
        unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
        return unit

    def fits(self, text: str) -> bool:
        return len(text.split()) <= 100

    def count(self, text: str) -> int:
        return len(text.split())


class Here(Reader):
    """Reads files in this process: what is killed is to be at its writing."""

    def file(self, path: Path, source: str | None) -> Iterator[Article | Refusal]:
        yield from of_file(path, source)


def opened(folder: str | Path, encoder: str | None = None, *, create: bool = False) -> Library:
    """With the encoder that it has, where none is named."""
    nearest.SAVED_FROM, nearest.SAVED_SHARE = 0, 0.0
    if encoder is None:
        with Library.open(folder) as library:
            encoder = library.status().encoder
    return Library.open(folder, WordHash(encoder), create=create, limits=LARGE)
