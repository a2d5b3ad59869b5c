"""Which passages a filter lets through, known without asking the rows for each.

The passages of an article are written at once, so their numbers are a run: one line an article,
with its day and outlet. A number stands for the same ones for good, so lines are only ever added;
those of passages that are gone let through what nobody finds. Read from the rows at the first
filtered search, or from a file that `index.storing.building` keeps (a million passages: the rows
take .3 s).
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import files
from index.search import Filter
from index.storing.database import Database, State, has_been, placeholders, state_of

_FILE = "runs.npz"

Ids = NDArray[np.int64]


class Runs:
    """The runs of one library, following its rows as long as their history is the same.

    Thread-safe. `folder` holds the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._empty()

    def allowed(self, db: Database, filter: Filter) -> Ids | None:
        """The numbers of the passages that the filter lets through, ascending; None if it lets all
        through. Some may be gone, or later than the snapshot."""
        if filter == Filter():
            return None
        with self._lock:
            self._catch_up(db)
            chosen = np.ones(len(self._runs), dtype=bool)
            _, _, days, outlets = self._runs.T
            if filter.since is not None:
                chosen &= days >= filter.since.toordinal()
            if filter.until is not None:
                chosen &= (days > 0) & (days <= filter.until.toordinal())
            if filter.sources:
                wanted = [self._outlets[name] for name in filter.sources if name in self._outlets]
                chosen &= np.isin(outlets, wanted)
            runs = self._runs[chosen]
        found = _numbers(runs)
        if filter.articles:
            found = np.intersect1d(found, _of_articles(db, sorted(filter.articles)))
        return found

    def save(self, db: Database) -> None:
        """Keeps the runs in their file. Raises OSError."""
        with self._lock:
            self._catch_up(db)
            about = {"state": asdict(self._state), "highest": self._highest} if self._state else {}
            about["outlets"] = list(self._outlets)
            data = BytesIO()
            np.savez(data, runs=self._runs, about=np.array(json.dumps(about)))
        files.write(self._folder / _FILE, data.getvalue())

    def _empty(self) -> None:
        self._runs: Ids = np.empty((0, 4), dtype=np.int64)  # first, count, day (or 0), outlet
        self._outlets: dict[str, int] = {}
        self._state: State | None = None
        self._highest = 0

    def _catch_up(self, db: Database) -> None:
        now = state_of(db)
        if self._state == now:
            return
        if self._state is None:
            self._read(db)
        rows = db.execute(
            "SELECT min(p.n), count(*), max(p.n), min(a.published), min(a.source), p.article"
            " FROM passages p"
            " JOIN articles a ON a.n = p.article WHERE p.n > ? GROUP BY p.article ORDER BY 1",
            [self._highest],
        ).fetchall()
        found = []
        for first, count, last, published, source, article in rows:
            day = date.fromisoformat(published).toordinal() if published else 0
            outlet = -1 if source is None else self._outlets.setdefault(source, len(self._outlets))
            runs = [(first, count)]
            if last - first + 1 != count:
                runs = [(n, 1) for n in _above(db, article, self._highest)]
            found += [(*run, day, outlet) for run in runs]
        if found:
            self._runs = np.vstack([self._runs, np.array(found, dtype=np.int64)])
            self._highest = max(last for _, _, last, *_ in rows)
        if self._state is None or self._state.generation < now.generation:
            self._state = now

    def _read(self, db: Database) -> None:
        try:
            with np.load(self._folder / _FILE, allow_pickle=False) as held:
                about = json.loads(str(held["about"]))
                state, runs = State(**about["state"]), held["runs"]
            if not has_been(db, state) or runs.dtype != np.int64 or runs.shape[1:] != (4,):
                return
            self._outlets = {str(name): n for n, name in enumerate(about["outlets"])}
            self._runs, self._state, self._highest = runs, state, int(about["highest"])
        except (OSError, ValueError, KeyError, TypeError):
            self._empty()


def _numbers(runs: Ids) -> Ids:
    if not len(runs):
        return np.empty(0, dtype=np.int64)
    first, count = runs[:, 0], runs[:, 1]
    ends = np.cumsum(count)
    numbers: Ids = np.repeat(first - (ends - count), count) + np.arange(ends[-1])
    return numbers


def _of_articles(db: Database, ids: list[str]) -> Ids:
    rows = db.execute(
        "SELECT p.n FROM passages p JOIN articles a ON a.n = p.article"  # noqa: S608
        f" WHERE a.id IN ({placeholders(ids)})",
        ids,
    ).fetchall()
    return np.array([n for (n,) in rows], dtype=np.int64)


def _above(db: Database, article: int, number: int) -> list[int]:
    rows = db.execute(
        "SELECT n FROM passages WHERE article = ? AND n > ? ORDER BY n", [article, number]
    ).fetchall()
    return [n for (n,) in rows]
