"""The vectors in memory, following the rows.

Before each search they catch up with what any process has written since, or are read anew where
the library has become another (its tokens differ: it was restored from a copy). Their file in the
library's folder saves reading all of them at the next start.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.search import Filter
from index.storing import vectors
from index.storing.candidates.protocol import Scored, Vector
from index.storing.database import Database, State, has_been, meta_of, placeholders, token
from index.storing.vectors import VectorIndex

SAVED_FROM = 1_000  # passages written since the index's file: fewer are caught up with in no time
SAVED_SHARE = 0.1  # or this share of all: writing the file costs by all, whatever was added

_READ = 4096  # vectors at once


class Nearest:
    """Passages by vector, of one library. Thread-safe. `folder` holds the derived file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: VectorIndex | None = None
        self._library = ""
        self._generation = -1
        self._tokens: dict[int, str] = {}  # of the generations that the index has been through
        self._highest = 0
        self._refreshing = threading.Lock()

    def search(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        """The index has to be caught up with."""
        assert self._index is not None
        return self._index.search(vector, depth, allowed(db, filter))

    def state(self) -> State | None:
        if self._index is None:
            return None
        return State(self._library, self._generation, self._tokens.get(self._generation, ""))

    def __len__(self) -> int:
        return 0 if self._index is None else len(self._index)

    def save(self, db: Database) -> None:
        """Writes the file, if enough has changed since it was written.

        Raises OSError: what is derived couldn't be kept, which costs time, nothing else.
        """
        found = vectors.manifest(self.folder)
        if found is not None and _is_of(db, found) and not _far(db, found):
            return
        index = self.catch_up(db)
        with self._refreshing:
            token = self._tokens[self._generation]
            vectors.write(self.folder, index, self._library, self._generation, token)

    def discard(self) -> None:
        """The file; what is in memory follows the rows all the same."""
        vectors.discard(self.folder)

    def catch_up(self, db: Database) -> VectorIndex:
        """The vectors as of this snapshot, or newer."""
        meta = meta_of(db)
        generation, dimension = int(meta["generation"]), int(meta["dimension"])
        with self._refreshing:
            if self._index is None or not self._follows(db, meta):
                self._index = self._from_file(db) or VectorIndex(dimension)
                self._library = str(meta["library"])
                self._highest = int(self._index.ids().max(initial=0))
            if self._generation < generation:
                gone = db.execute("SELECT n FROM removed WHERE generation > ?", [self._generation])
                self._index.remove([n for (n,) in gone.fetchall()])
                while rows := db.execute(
                    "SELECT n, vector FROM passages WHERE n > ? ORDER BY n LIMIT ?",
                    [self._highest, _READ],
                ).fetchall():
                    self._index.add(
                        [n for n, _ in rows], vectors.unpack([v for _, v in rows], dimension)
                    )
                    self._highest = rows[-1][0]
                self._tokens |= dict(
                    db.execute(
                        "SELECT generation, token FROM writes WHERE generation > ?",
                        [self._generation],
                    ).fetchall()
                )
                self._generation = generation
            return self._index

    def _follows(self, db: Database, meta: dict[str, Any]) -> bool:
        """Whether what is in memory is of this snapshot's own past; or its future, where another
        thread has begun later."""
        at = min(self._generation, int(meta["generation"]))
        return meta["library"] == self._library and self._tokens.get(at) == token(db, at)

    def _from_file(self, db: Database) -> VectorIndex | None:
        self._generation, self._tokens = -1, {}
        found = vectors.manifest(self.folder)
        if found is None or not _is_of(db, found):
            return None
        index = vectors.read(self.folder, found)
        if index is not None:
            self._generation, self._tokens = found.generation, {found.generation: found.token}
        return index


def where(filter: Filter) -> tuple[str, list[Any]]:
    """A condition on articles `a`, and its parameters; "" if nothing is filtered."""
    conditions: list[str] = []
    values: list[Any] = []
    if filter.since is not None:
        conditions.append("a.published >= ?")
        values.append(filter.since.isoformat())
    if filter.until is not None:
        conditions.append("a.published <= ?")
        values.append(filter.until.isoformat())
    if filter.sources:
        conditions.append(f"a.source IN ({placeholders(sorted(filter.sources))})")
        values += sorted(filter.sources)
    return " AND ".join(conditions), values


def allowed(db: Database, filter: Filter) -> NDArray[np.int64] | None:
    """The numbers of the passages that the filter lets through; None if it lets all through."""
    condition, values = where(filter)
    if not condition:
        return None
    rows = db.execute(
        f"SELECT p.n FROM articles a JOIN passages p ON p.article = a.n WHERE {condition}",  # noqa: S608
        values,
    ).fetchall()
    return np.array([n for (n,) in rows], dtype=np.int64)


def _is_of(db: Database, found: vectors.Manifest) -> bool:
    """Whether the index's file was made from a state that this library has been in."""
    return found.dimension == meta_of(db)["dimension"] and has_been(
        db, State(found.library, found.generation, found.token)
    )


def _far(db: Database, found: vectors.Manifest) -> bool:
    """Whether so much was written since that reading it anew each time isn't worth it."""
    passages = db.execute("SELECT count(*) FROM passages").fetchone()[0]
    (removed,) = db.execute(
        "SELECT count(*) FROM removed WHERE generation > ?", [found.generation]
    ).fetchone()
    added = passages - (found.passages - removed)
    return bool(added + removed > max(SAVED_FROM, SAVED_SHARE * found.passages))
