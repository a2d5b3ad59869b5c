"""The vectors in memory, following the rows.

Before each search they catch up with what any process has written since, or are read anew where
the library has become another (its tokens differ: it was restored from a copy). Their file in the
library's folder saves reading all of them at the next start.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from index.search import Filter
from index.storing import building, vectors
from index.storing.building import STANDARD, Limits
from index.storing.candidates.past import NOTHING, Past
from index.storing.candidates.protocol import Scored, Vector
from index.storing.candidates.runs import Runs
from index.storing.database import Database, State, has_been, meta_of, placeholders
from index.storing.vectors import VectorIndex

SAVED_FROM = 1_000  # passages written since the index's file: fewer are caught up with in no time
SAVED_SHARE = 0.1  # or this share of all: writing the file costs by all, whatever was added

_READ = 4096  # vectors at once


class Nearest:
    """Passages by vector, of one library. Thread-safe. `folder` holds the derived file."""

    def __init__(self, folder: Path, limits: Limits = STANDARD) -> None:
        self.folder = folder
        self._limits = limits
        self._runs = Runs(folder)
        self._index: VectorIndex | None = None
        self._past: Past | None = None  # of the index
        self._highest = 0
        self._mark: object = None  # of the form that was last looked at
        self._refreshing = threading.Lock()

    def search(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        """The index has to be caught up with."""
        assert self._index is not None
        return self._index.search(vector, depth, self._runs.allowed(db, filter))

    def state(self) -> State | None:
        return None if self._past is None else self._past.state

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
            if self._past is None:  # discarded meanwhile
                return
            state = self._past.state
            vectors.write(self.folder, index, state.library, state.generation, state.token)
        if self._limits.built == "apart" and building.wanted(index, self._limits):
            building.start(self.folder, "vectors")

    def discard(self) -> None:
        """The files; what is in memory is read anew when it is next caught up with."""
        with self._refreshing:
            vectors.discard(self.folder)
            self._past = None

    def catch_up(self, db: Database) -> VectorIndex:
        """The vectors as of this snapshot, or newer."""
        index = self._caught_up(db)
        if self._limits.built == "here" and building.wanted(index, self._limits):
            building.build(self.folder)
            index = self._caught_up(db)
        return index

    def _caught_up(self, db: Database) -> VectorIndex:
        meta = meta_of(db)
        generation, dimension = int(meta["generation"]), int(meta["dimension"])
        with self._refreshing:
            past = self._past
            if self._index is None or past is None or not past.is_of(db) or self._rebuilt(db):
                read = self._from_file(db)
                self._index, past = read or (VectorIndex(dimension), Past(NOTHING))
                self._past = past
                self._highest = self._index.highest()
            if past.generation < generation:
                gone = db.execute("SELECT n FROM removed WHERE generation > ?", [past.generation])
                self._index.remove([n for (n,) in gone.fetchall()])
                while rows := db.execute(
                    "SELECT n, vector FROM passages WHERE n > ? ORDER BY n LIMIT ?",
                    [self._highest, _READ],
                ).fetchall():
                    self._index.add(
                        [n for n, _ in rows], vectors.unpack([v for _, v in rows], dimension)
                    )
                    self._highest = rows[-1][0]
                past.follow(db)
            return self._index

    def _rebuilt(self, db: Database) -> bool:
        """Whether another form has been swapped in than the one that is mapped here."""
        marked = vectors.mark(self.folder)
        if marked == self._mark:
            return False
        self._mark = marked
        found = vectors.form(self.folder)
        known = self._index.form if self._index else None
        return found is not None and found != known and _is_of(db, found)

    def _from_file(self, db: Database) -> tuple[VectorIndex, Past] | None:
        folder = self.folder
        self._runs = Runs(folder)
        self._mark = vectors.mark(folder)
        form, found = vectors.form(folder), vectors.manifest(folder)
        if form is not None and not _is_of(db, form):
            form = None
        index = None
        if found is not None and _is_of(db, found):
            index = vectors.read(folder, found, form)
        made: vectors.Manifest | vectors.Form | None = found if index is not None else form
        if index is None and form is not None:
            index = vectors.read(folder, None, form)
        if index is None or made is None:
            return None
        if form is not None and form.generation < made.generation:
            gone = db.execute("SELECT n FROM removed WHERE generation > ?", [form.generation])
            index.remove([n for (n,) in gone.fetchall()])
        return index, Past(State(made.library, made.generation, made.token))


def form_in_use(db: Database, folder: Path) -> vectors.Form | None:
    """The built form of these rows; None while all are compared. Of their own past only."""
    found = vectors.form(folder)
    return found if found is not None and _is_of(db, found) else None


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
    if filter.articles:
        conditions.append(f"a.id IN ({placeholders(sorted(filter.articles))})")
        values += sorted(filter.articles)
    return " AND ".join(conditions), values


def _is_of(db: Database, found: vectors.Manifest | vectors.Form) -> bool:
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
    in_file = found.passages if found.flat < 0 else found.flat
    return bool(added + removed > max(SAVED_FROM, SAVED_SHARE * in_file))
