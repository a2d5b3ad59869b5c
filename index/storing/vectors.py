"""Exact nearest neighbours in memory, and their file. The only importer of faiss.

The file is derived: whoever reads it compares the manifest beside it (the library's id, the
generation with its token, the SHA-256 of the bytes) and builds anew where anything differs. Bytes
whose hash doesn't match never reach faiss, whose reader trusts them.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]

_flat: Any = faiss  # its stubs lack what the flat index has
_FILE = "index.faiss"
_MANIFEST = "index.json"


def pack(vector: Vectors) -> bytes:
    """A unit vector as it is stored: float16, two bytes a number."""
    return np.asarray(vector, dtype="<f2").tobytes()


def unpack(blobs: Sequence[bytes], dimension: int) -> Vectors:
    """Stored vectors, shape (len(blobs), dimension), with the length 1 that rounding took."""
    rows = np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), dimension)
    wide = rows.astype(np.float32)
    unit: Vectors = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return unit


class VectorIndex:
    """Unit vectors by number; inner product, exact. Thread-safe."""

    def __init__(self, dimension: int, index: Any = None) -> None:
        self.dimension = dimension
        self._index: Any = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> Ids:
        """All numbers, in no particular order."""
        with self._lock:
            return faiss.vector_to_array(self._index.id_map).copy()

    def add(self, ids: Sequence[int] | Ids, vectors: Vectors) -> None:
        if len(ids):
            numbers = np.asarray(ids, dtype=np.int64)
            with self._lock:
                self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), numbers)

    def remove(self, ids: Sequence[int] | Ids) -> None:
        if len(ids):
            with self._lock:
                self._index.remove_ids(np.asarray(ids, dtype=np.int64))

    def search(self, query: Vectors, k: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """The k nearest to one query vector, best first; equal scores by number.

        With `among`, only those numbers are looked at.
        """
        if among is not None and not len(among):
            return []
        with self._lock:
            k = min(k, self._index.ntotal if among is None else len(among))
            if k < 1:
                return []
            # one thread: a single query is done before others have started (and llama.cpp needs
            # the cores)
            faiss.omp_set_num_threads(1)
            parameters = None
            if among is not None:
                parameters = _flat.SearchParameters(sel=_flat.IDSelectorBatch(among))
            scores, ids = self._index.search(
                np.ascontiguousarray(query.reshape(1, -1), dtype=np.float32), k, params=parameters
            )
        found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these numbers; raises KeyError where one isn't there."""
        with self._lock:
            try:
                found = [self._index.reconstruct(int(n)) for n in ids]
            except RuntimeError as error:
                raise KeyError(str(error)) from error
        return np.array(found, dtype=np.float32).reshape(len(ids), self.dimension)

    def bytes(self) -> bytes:
        with self._lock:
            return bytes(faiss.serialize_index(self._index).tobytes())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file was made from: a generation of a library, and the token of its write."""

    library: str
    generation: int
    token: str
    dimension: int
    passages: int
    sha256: str


def write(folder: Path, index: VectorIndex, library: str, generation: int, token: str) -> None:
    """Index and manifest, each whole or not at all; the manifest last. One writer at a time.

    Raises OSError; then the old pair is there, or one that doesn't match and is built anew.
    """
    for left in folder.glob("index.*.tmp"):  # by a writer that was killed
        left.unlink(missing_ok=True)
    data = index.bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    manifest = Manifest(library, generation, token, index.dimension, len(index), sha256)
    _replace(folder / _FILE, data)
    _replace(folder / _MANIFEST, json.dumps(asdict(manifest)).encode())


def manifest(folder: Path) -> Manifest | None:
    """The manifest; None where there is none, or one of another form."""
    try:
        found = Manifest(**json.loads((folder / _MANIFEST).read_bytes()))
        return (
            found if all(isinstance(value, int | str) for value in asdict(found).values()) else None
        )
    except (OSError, ValueError, TypeError):
        return None


def read(folder: Path, made_from: Manifest) -> VectorIndex | None:
    """The index of that manifest; None if its bytes aren't those."""
    try:
        data = (folder / _FILE).read_bytes()
        if hashlib.sha256(data).hexdigest() != made_from.sha256:
            return None
        faiss.set_deserialization_vector_byte_limit(len(data))
        # (already of its own type; a downcast would not own what it points to)
        index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        if not isinstance(index, faiss.IndexIDMap2) or index.d != made_from.dimension:
            return None
    except (OSError, RuntimeError):
        return None
    return VectorIndex(made_from.dimension, index)


def discard(folder: Path) -> None:
    """Removes both; the index is built anew at need."""
    for name in (_MANIFEST, _FILE):
        (folder / name).unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
