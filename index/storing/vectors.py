"""Nearest neighbours, and their files. The only importer of faiss.

Vectors are held flat, in memory and exact, while that is fast. Of a large library most lie in a
built form as well (an inverted file on disk, memory-mapped: `build`), and the flat ones are those
that came later, its tail. The form follows from the size (`index.storing.building`).

The files are derived: whoever reads them compares the manifest beside them (the library's id, the
generation with its token, the SHA-256 of the bytes) and builds anew where anything differs. Bytes
that say how a file is to be read never reach faiss, whose reader trusts them, unless their hash
matches.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]

_flat: Any = faiss  # its stubs lack what the flat index has
_FILE = "index.faiss"
_MANIFEST = "index.json"
_BUILT = "built.json"  # names the file of the built form

RECALL = 0.985  # aimed at when built; promised is .98 (eval/DECISIONS.md)
QUERIES = 200  # that it is measured with
EXACT_AMONG = 200_000  # numbers let through by a filter: up to so many all are compared
_PER_LIST = 64  # vectors that each list's centre is the mean of, in training
_BATCH = 16_384


def pack(vector: Vectors) -> bytes:
    """A unit vector as it is stored: float16, two bytes a number."""
    return np.asarray(vector, dtype="<f2").tobytes()


def unpack(blobs: Sequence[bytes], dimension: int) -> Vectors:
    """Stored vectors, shape (len(blobs), dimension), with the length 1 that rounding took."""
    rows = np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), dimension)
    wide = rows.astype(np.float32)
    unit: Vectors = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return unit


@dataclass(frozen=True, slots=True)
class Form:
    """A built form: of which write of which library, where, and how good.

    `sha256` is that of the file's first `head` bytes, which say how the rest is laid out; `whole`
    that of all. `recall` is the share of the ten nearest that are found with `probes` of `lists`.
    """

    library: str
    generation: int
    token: str
    dimension: int
    passages: int
    highest: int
    name: str
    size: int
    head: int
    sha256: str
    whole: str
    lists: int
    probes: int
    recall: float


class Built:
    """A form's vectors: on disk, memory-mapped, never changed; what is removed is only hidden."""

    def __init__(self, form: Form, index: Any) -> None:
        self.form = form
        self._index = index
        self._shown = np.full(form.highest // 8 + 1, 255, dtype=np.uint8)
        self.hidden = 0
        self._there: Ids | None = None

    def __len__(self) -> int:
        return self.form.passages - self.hidden

    def ids(self) -> Ids:
        """All that aren't hidden, ascending."""
        held = self._held()
        return held[self._bits(held)]

    def hide(self, ids: Ids) -> None:
        """Numbers that aren't there are nothing to it."""
        ids = ids[(ids >= 0) & (ids <= self.form.highest)]
        if not len(ids):
            return
        held = self._held()
        at = np.minimum(np.searchsorted(held, ids), len(held) - 1)
        ids = np.unique(ids[held[at] == ids])
        ids = ids[self._bits(ids)]
        shown = self._shown.copy()  # (a search of another thread may be at the old one)
        np.bitwise_and.at(shown, ids >> 3, (~(1 << (ids & 7))).astype(np.uint8))
        self._shown = shown
        self.hidden += len(ids)

    def search(self, query: Vectors, k: int, among: Ids | None) -> list[tuple[int, float]]:
        shown, probes = self._shown, self.form.probes
        if among is not None:
            among = among[(among >= 0) & (among <= self.form.highest)]
            shown = _bitmap(among, len(shown) * 8) & shown
            few = len(among) <= max(EXACT_AMONG, k)
            probes = self.form.lists if few else min(2 * probes, self.form.lists)
        while True:
            found = self._search(query, k, probes, shown)
            if probes == self.form.lists or len(found) >= min(k, len(self)):
                return found
            probes = self.form.lists  # fewer than asked for may not be all there are

    def vectors(self, ids: Ids) -> Vectors:
        """Raises KeyError where one isn't there."""
        if self._index.direct_map.type != _flat.DirectMap.Hashtable:
            self._index.set_direct_map_type(_flat.DirectMap.Hashtable)
        try:
            return np.array([self._index.reconstruct(int(n)) for n in ids], dtype=np.float32)
        except RuntimeError as error:
            raise KeyError(str(error)) from error

    def has(self, ids: Ids) -> NDArray[np.bool_]:
        held = self._held()
        if not len(held):
            return np.zeros(len(ids), dtype=bool)
        at = np.minimum(np.searchsorted(held, ids), len(held) - 1)
        found: NDArray[np.bool_] = held[at] == ids
        found[found] = self._bits(ids[found])
        return found

    def _search(self, query: Vectors, k: int, probes: int, shown: Any) -> list[tuple[int, float]]:
        selector = _flat.IDSelectorBitmap(shown)
        parameters = _flat.SearchParametersIVF(sel=selector, nprobe=probes)
        scores, ids = self._index.search(query, k, params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def _bits(self, ids: Ids) -> NDArray[np.bool_]:
        bits: NDArray[np.bool_] = (self._shown[ids >> 3] >> (ids & 7).astype(np.uint8)) & 1 == 1
        return bits

    def _held(self) -> Ids:
        if self._there is None:
            lists = self._index.invlists
            parts = [
                faiss.rev_swig_ptr(lists.get_ids(n), lists.list_size(n)).copy()
                for n in range(self._index.nlist)
                if lists.list_size(n)
            ]
            self._there = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
        return self._there


class VectorIndex:
    """Unit vectors by number; inner product. Thread-safe.

    Exact; where most lie in a built form, what it says of itself (`Form.recall`).
    """

    def __init__(self, dimension: int, index: Any = None, built: Built | None = None) -> None:
        self.dimension = dimension
        self._index: Any = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._built = built
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self.flat + (0 if self._built is None else len(self._built))

    @property
    def flat(self) -> int:
        """How many are held in memory."""
        return int(self._index.ntotal)

    @property
    def form(self) -> Form | None:
        """Of those that aren't."""
        return None if self._built is None else self._built.form

    def ids(self) -> Ids:
        """All numbers, in no particular order."""
        with self._lock:
            ids: Ids = faiss.vector_to_array(self._index.id_map).copy()
            return ids if self._built is None else np.concatenate([self._built.ids(), ids])

    def highest(self) -> int:
        """No number above it has ever been added."""
        with self._lock:
            ids = faiss.vector_to_array(self._index.id_map)
            built = 0 if self._built is None else self._built.form.highest
            return max(built, int(ids.max(initial=0)))

    def stale(self) -> int:
        """How many changes the built form has not taken in."""
        return self.flat + (0 if self._built is None else self._built.hidden)

    def add(self, ids: Sequence[int] | Ids, vectors: Vectors) -> None:
        if len(ids):
            numbers = np.asarray(ids, dtype=np.int64)
            with self._lock:
                self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), numbers)

    def remove(self, ids: Sequence[int] | Ids) -> None:
        if len(ids):
            numbers = np.asarray(ids, dtype=np.int64)
            with self._lock:
                self._index.remove_ids(numbers)
                if self._built is not None:
                    self._built.hide(numbers)

    def search(self, query: Vectors, k: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """The k nearest to one query vector, best first; equal scores by number.

        With `among`, only those numbers are looked at.
        """
        if among is not None and not len(among):
            return []
        with self._lock:
            k = min(k, len(self) if among is None else len(among))
            if k < 1:
                return []
            # one thread: a single query is done before others have started (and llama.cpp needs
            # the cores)
            faiss.omp_set_num_threads(1)
            row = np.ascontiguousarray(query.reshape(1, -1), dtype=np.float32)
            found = self._in_flat(row, min(k, self.flat), among)
            if self._built is not None:
                found += self._built.search(row, k, among)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def _in_flat(self, row: Vectors, k: int, among: Ids | None) -> list[tuple[int, float]]:
        if k < 1:
            return []
        parameters = None
        if among is not None:
            size = int(faiss.vector_to_array(self._index.id_map).max(initial=0)) + 1
            shown = _bitmap(among[(among >= 0) & (among < size)], size)
            parameters = _flat.SearchParameters(sel=_flat.IDSelectorBitmap(shown))
        scores, ids = self._index.search(row, k, params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these numbers; raises KeyError where one isn't there."""
        numbers = np.asarray(ids, dtype=np.int64)
        found = np.empty((len(numbers), self.dimension), dtype=np.float32)
        with self._lock:
            inside = np.zeros(len(numbers), dtype=bool)
            if self._built is not None and len(numbers):
                inside = self._built.has(numbers)
                if inside.any():
                    found[inside] = self._built.vectors(numbers[inside])
            try:
                for at in np.flatnonzero(~inside):
                    found[at] = self._index.reconstruct(int(numbers[at]))
            except RuntimeError as error:
                raise KeyError(str(error)) from error
        return found

    def bytes(self) -> bytes:
        """The flat ones, as a file has them."""
        with self._lock:
            return bytes(faiss.serialize_index(self._index).tobytes())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file was made from: a generation of a library, and the token of its write.

    `flat` of the `passages` are in it, the others in the built form whose file is `built`.
    """

    library: str
    generation: int
    token: str
    dimension: int
    passages: int
    sha256: str
    flat: int = -1
    built: str = ""


def write(folder: Path, index: VectorIndex, library: str, generation: int, token: str) -> None:
    """Index and manifest, each whole or not at all; the manifest last. One writer at a time.

    Cut off at any point, it leaves the old pair, or no manifest: nothing that looks like damage.
    Raises OSError, and then does the same.
    """
    for left in folder.glob("index.*.tmp"):  # by a writer that was killed
        left.unlink(missing_ok=True)
    data = index.bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    built = index.form.name if index.form else ""
    manifest = Manifest(
        library, generation, token, index.dimension, len(index), sha256, index.flat, built
    )
    file = _beside(folder / _FILE, data)
    with _naming(folder):
        (folder / _MANIFEST).unlink(missing_ok=True)
        file.replace(folder / _FILE)
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


def read(folder: Path, made_from: Manifest | None, form: Form | None = None) -> VectorIndex | None:
    """The flat vectors of that manifest beside the built form; None if the bytes aren't those.

    Without a manifest, the built form alone.
    """
    built = None if form is None else _mapped(folder, form)
    if form is not None and built is None:
        return None
    if made_from is None:
        return None if built is None else VectorIndex(built.form.dimension, None, built)
    if made_from.built != (form.name if form else ""):
        return None
    try:
        # (the file that was hashed is the file that is read, though another takes its place)
        with (folder / _FILE).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != made_from.sha256:
                return None
            faiss.set_deserialization_vector_byte_limit(file.tell())
            file.seek(0)
            # (already of its own type; a downcast would not own what it points to)
            index = faiss.read_index(_flat.PyCallbackIOReader(file.read, 1 << 22))
        if not isinstance(index, faiss.IndexIDMap2) or index.d != made_from.dimension:
            return None
    except (OSError, RuntimeError):
        return None
    return VectorIndex(made_from.dimension, index, built)


def discard(folder: Path) -> None:
    """Removes all; the index is built anew at need."""
    with _naming(folder):
        for name in (_MANIFEST, _FILE, _BUILT):
            (folder / name).unlink(missing_ok=True)
        _clear(folder, None)


# --- the built form -----------------------------------------------------------------------------


def form(folder: Path) -> Form | None:
    """The built form that is in use; None where there is none, or its description isn't one."""
    try:
        found = Form(**json.loads((folder / _BUILT).read_bytes()))
        kinds = {"str": str, "int": int, "float": float}
        right = all(
            isinstance(getattr(found, name), kinds[str(field.type)])
            for name, field in Form.__dataclass_fields__.items()
        )
        named = found.name == Path(found.name).name and found.name.startswith("built.")
        sound = 0 < found.head <= found.size and 0 < found.probes <= found.lists
        return found if right and named and sound else None
    except (OSError, ValueError, TypeError):
        return None


def mark(folder: Path) -> tuple[int, int] | None:
    """What changes when a form is swapped in; reads no file."""
    try:
        found = (folder / _BUILT).stat()
        return found.st_ino, found.st_mtime_ns
    except OSError:
        return None


def build(
    to: Path, ids: Ids, rows: Any, library: str, generation: int, token: str, name: str
) -> Form:
    """Writes the built form of these vectors to the file `to`, and measures it.

    `rows` has float16 vectors, (len(ids), dimension), and may be mapped from a disk. An inverted
    file (Sivic, Zisserman, "Video Google", ICCV 2003) of about 2 √n lists by k-means, its vectors
    as they are in the library, 2 bytes a number. How many lists a search looks at is the smallest
    number with which a sample finds `RECALL` of its ten nearest. The sample's queries lie between
    three vectors of the library each, near none: found harder than sentences that it doesn't hold
    (recall .986 where those had .990), as between two were found easier (.996).
    """
    count, dimension = rows.shape
    chance = np.random.default_rng(count)
    lists = 1 << max(0, round(float(np.log2(max(1.0, 2 * count**0.5)))))
    lists = max(1, min(lists, count // 8))
    index = _flat.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        lists,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        False,  # not by what is left after the list's centre
    )
    index.cp.niter, index.cp.spherical, index.cp.min_points_per_centroid = 8, True, 1
    sample = chance.choice(count, min(count, lists * _PER_LIST), replace=False)
    index.train(_wide(rows[np.sort(sample)]))
    drawn = chance.integers(0, count, (3, QUERIES))
    queries = _wide(sum(_wide(rows[some]) for some in drawn))
    nearest = np.full((QUERIES, 0), -1, dtype=np.int64)
    scores = np.zeros((QUERIES, 0), dtype=np.float32)
    for at, some in _batches(rows):
        index.add_with_ids(some, ids[at : at + len(some)])
        nearest = np.hstack([nearest, np.tile(ids[at : at + len(some)], (QUERIES, 1))])
        scores = np.hstack([scores, queries @ some.T])
        if scores.shape[1] > 10:
            best = np.argpartition(-scores, 9, axis=1)[:, :10]
            nearest = np.take_along_axis(nearest, best, 1)
            scores = np.take_along_axis(scores, best, 1)
    probes, recall = max(1, lists // 64), 0.0
    while True:
        index.nprobe = probes
        found = index.search(queries, 10)[1]
        hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), nearest.tolist(), strict=True)]
        recall = sum(hits) / nearest.size
        if recall >= RECALL or probes == lists:
            break
        probes = min(lists, probes + max(1, probes // 2))
    faiss.write_index(index, str(to))
    size = to.stat().st_size
    head = size - count * (2 * dimension + 8)  # the lists come last
    sha256, whole = _hashes(to, head)
    return Form(
        library, generation, token, dimension, count, int(ids.max(initial=0)), name,
        size, head, sha256, whole, lists, probes, recall,
    )  # fmt: skip


def swap(folder: Path, built: Path, form: Form) -> None:
    """Puts a built form into use, whole or not at all: its file first, then what names it.

    Readers go on with the one that they have mapped.
    """
    with built.open("rb") as file:
        os.fsync(file.fileno())
    with _naming(folder):
        built.replace(folder / form.name)
        _replace(folder / _BUILT, json.dumps(asdict(form)).encode())
        _clear(folder, form.name)
        flat = manifest(folder)
        if flat is not None and flat.built != form.name:  # what it held is in it, or came later
            for name in (_MANIFEST, _FILE):
                (folder / name).unlink(missing_ok=True)


def is_whole(folder: Path, form: Form) -> bool:
    """Reads every byte of a built form and compares."""
    try:
        return _hashes(folder / form.name, form.head) == (form.sha256, form.whole)
    except OSError:
        return False


def _mapped(folder: Path, form: Form) -> Built | None:
    path = folder / form.name
    try:
        if path.stat().st_size != form.size:
            return None
        with path.open("rb") as file:
            if hashlib.sha256(file.read(form.head)).hexdigest() != form.sha256:
                return None
        faiss.set_deserialization_vector_byte_limit(form.size)
        index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if not isinstance(index, _flat.IndexIVFScalarQuantizer):
            return None
        if (index.d, index.ntotal, index.nlist) != (form.dimension, form.passages, form.lists):
            return None
        # what is mapped comes with the first touch; threads that read ahead cost more than a search
        _flat.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
    except (OSError, RuntimeError):
        return None
    return Built(form, index)


def _bitmap(ids: Ids, size: int) -> NDArray[np.uint8]:
    """A bit a number below `size`, as faiss reads it."""
    bits = np.zeros(size, dtype=bool)
    bits[ids] = True
    return np.packbits(bits, bitorder="little")


def _batches(rows: Any) -> Iterator[tuple[int, Vectors]]:
    for at in range(0, len(rows), _BATCH):
        yield at, _wide(rows[at : at + _BATCH])


def _wide(rows: Any) -> Vectors:
    wide = np.asarray(rows, dtype=np.float32)
    unit: Vectors = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(unit)


def _hashes(path: Path, head: int) -> tuple[str, str]:
    with path.open("rb") as file:
        whole = hashlib.sha256(file.read(head))
        first = whole.hexdigest()
        while data := file.read(1 << 22):
            whole.update(data)
    return first, whole.hexdigest()


def _naming(folder: Path) -> FileLock:
    """Held while a file and what names it change: a build puts its own into use beside whoever
    writes."""
    return FileLock(folder / "index.lock")


def _clear(folder: Path, but: str | None) -> None:
    for left in folder.glob("built.*.ivf"):
        if left.name != but:
            with suppress(OSError):  # Windows: while somebody has it mapped; the next one does it
                left.unlink()


def _replace(path: Path, data: bytes) -> None:
    _beside(path, data).replace(path)


def _beside(path: Path, data: bytes) -> Path:
    """A file that is safely on disk, to take the place of `path`."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
