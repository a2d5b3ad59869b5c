"""What `speed` measures a made library by: its forms built, its bytes, its opening in a fresh
process, FTS5 alone, and an encoder that a search doesn't wait for."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoding.encoder import Encoder, Kind, Prefixes
from index.errors import DatelineError
from index.library import Library
from index.search import match_expression
from index.storing import building
from index.storing.building import STANDARD
from index.storing.vectors import unpack
from rag.models import files as models

Vectors = NDArray[np.float32]


class Remembering:
    """An Encoder that gives the last single text's vector without encoding it again."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._last: tuple[str, Kind, Vectors] | None = None
        self.name, self.sha256 = encoder.name, encoder.sha256
        self.dimension, self.prefixes = encoder.dimension, encoder.prefixes

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> Vectors:
        if len(texts) != 1:
            return self._encoder.encode(texts, kind)
        if self._last is None or self._last[:2] != (texts[0], kind):
            self._last = texts[0], kind, self._encoder.encode(texts, kind)
        return self._last[2]

    def count(self, text: str) -> int:
        return self._encoder.count(text)

    def fits(self, text: str) -> bool:
        return self._encoder.fits(text)


def build_forms(folder: Path) -> None:
    """The large forms that a library of this size has, waited for; see `index.storing.building`."""
    with Library.open(folder, sample=False) as library:
        passages = library.status().passages
        form = library.status().form
    if passages >= STANDARD.words:
        building.follow_words(folder)
    if passages >= STANDARD.vectors and (form is None or form.passages < 0.9 * passages):
        building.build(folder)


def held_vectors(library: Library, dimension: int) -> Vectors:
    """All of a library, (passages, dimension)."""
    with library.reading() as db:
        (count,) = db.execute("SELECT count(*) FROM passages").fetchone()
        found = np.empty((count, dimension), dtype=np.float32)
        rows, at = db.execute("SELECT vector FROM passages ORDER BY n"), 0
        while some := rows.fetchmany(4096):
            found[at : at + len(some)] = unpack([blob for (blob,) in some], dimension)
            at += len(some)
    return found


def words_alone(library: Library, query: str, depth: int) -> None:
    """The query's words in SQLite's own table, ranked by it."""
    expression = match_expression(query)
    if expression is not None:
        with library.reading() as db:
            db.execute(
                "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?",
                [expression, depth],
            ).fetchall()


def bytes_a_passage(library: Library) -> dict[str, float]:
    """On disk, by what they hold; and the recall of the vectors' form."""
    status = library.status()
    sizes: dict[str, int] = dict.fromkeys(("rows", "vectors", "words"), 0)
    for file in library.path.rglob("*"):
        inside = file.relative_to(library.path).parts[0]
        kind = {"library": "rows", "index": "vectors", "built": "vectors", "words": "words"}
        name = kind.get(inside.partition(".")[0])
        if name and file.is_file():
            sizes[name] += file.stat().st_size
    found = {f"disk_{name}": size / status.passages for name, size in sizes.items()}
    recall = status.form.recall if status.form else 1.0
    return {**found, "disk": status.bytes / status.passages, "recall": recall}


_FRESH = """
import json, sys, time
folder, query, own, began = sys.argv[1:]
now = time.process_time if began == "cpu" else lambda: time.time() - float(began)
from index.library import Library
if own:
    from eval.suites.speed.standing import Given
    encoder = Given(**json.load(sys.stdin))
else:
    from rag.opening import open_encoder
    encoder = open_encoder()
library = Library.open(folder, encoder)
library.ready()
opened = now()
library.search(query, 10)
first = now()
memory = dict(line.split()[:2] for line in open("/proc/self/status") if line.startswith("Rss"))
print(json.dumps([opened, first, memory]))
"""


class Given:
    """An Encoder that has read one query, in another process."""

    def __init__(self, name: str, sha256: str, vector: list[float]) -> None:
        self.name, self.sha256, self.dimension = name, sha256, len(vector)
        self.prefixes = Prefixes()
        self._vector = np.array([vector], dtype=np.float32)

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> Vectors:
        return np.repeat(self._vector, len(texts), axis=0)

    def count(self, text: str) -> int:
        return len(text.split())

    def fits(self, text: str) -> bool:
        return True


def opened(folder: Path, query: str, encoder: Encoder, clock: str) -> dict[str, float]:
    """A library in a process of its own: with the product's encoder, or what stands for it."""
    own = "" if encoder.name == models.default("encoder").name else "own"
    given = {"name": encoder.name, "sha256": encoder.sha256,
             "vector": encoder.encode([query], "query")[0].tolist()}  # fmt: skip
    began = "cpu" if clock == "cpu" else str(time.time())
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, str(folder), query, own, began],
        capture_output=True,
        text=True,
        input=json.dumps(given),
    )
    if done.returncode:
        raise DatelineError(f"a process that opens '{folder}' failed: {done.stderr[-300:]}")
    ready, first, memory = json.loads(done.stdout)
    return {
        "open_ms": ready * 1000,
        "first_ms": first * 1000,
        "own_mb": int(memory["RssAnon:"]) / 1024,
        "mapped_mb": int(memory["RssFile:"]) / 1024,
    }
