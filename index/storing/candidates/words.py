"""The words of a large library's passages, in files of their own (`word_index`).

FTS5 gives BM25 for every passage that matches before it knows the best; tantivy passes over what
can't be among them. Words are cut as the lexical table cuts them (letters and figures, without case
and accents, English endings off) and weighed by the same BM25, so that either's scores mean the
same. The files are derived: what they were built from is written in the same commit as the words.
What came since is searched in memory (`tail`), what was removed since is hidden; where too much
came, the lexical table answers, which changes with the rows. Written by `index.storing.building`,
one process at a time.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from index.search import Filter, match_expression
from index.storing.candidates import protocol, word_files, word_index
from index.storing.candidates.past import Past
from index.storing.candidates.protocol import Built, Scored
from index.storing.candidates.tail import Clause, Floats, Tail, came_since, idf
from index.storing.candidates.word_index import Reading, composed, cutter
from index.storing.database import Database, Rows, State, has_been, state_of

_LOCK = "words.lock"
SHORT = 200  # passages: a tail that costs nothing
_ROUNDS = 20  # of following what others have written meanwhile
MOST = 10_000  # passages: a longer tail isn't read (eval/DECISIONS.md)


class Words:
    """Passages by words, read from a library's folder. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: Reading | None = None
        self._mark: object = None
        self._tail = Tail(cutter())
        self._past: Past | None = None  # of the tail
        self._last: tuple[State, View] | None = None
        self._lock = threading.Lock()

    def view(self, db: Database) -> View | None:
        """What answers for this snapshot: the files, with what came since; None where there are no
        files of these rows, or so much came since that it isn't worth the reading."""
        with self._lock:
            opened, now = self._of(db), state_of(db)
            if opened is None:
                return None
            if self._last is not None and self._last[0] == now:
                return self._last[1]
            (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()
            if highest - opened.built.highest > MOST:
                return None
            if self._past is None or not self._past.is_of(db):
                self._tail, self._past = Tail(self._tail.cut), Past(opened.built.state)
            if self._past.generation < now.generation or not len(self._tail):
                above = max(opened.built.highest, int(self._tail.numbers.max(initial=0)))
                self._tail = self._tail.grown(came_since(db, above))
                self._past.follow(db)
            gone = db.execute(
                "SELECT n FROM removed WHERE generation > ?", [opened.built.state.generation]
            )
            hidden = frozenset(n for (n,) in gone.fetchall())
            view = View(opened, self._tail, hidden, highest)
            self._last = now, view
            return view

    def _of(self, db: Database) -> Reading | None:
        """The files, if they are of this snapshot's past: newer ones only once it is theirs."""
        mark = word_files.mark(self.folder)
        if mark != self._mark:
            opened = _read(self.folder)
            held = self._opened
            if (
                opened is not None
                and held is not None
                and not has_been(db, opened.built.state)
                and has_been(db, held.built.state)
            ):
                return held
            self._mark, self._opened = mark, opened
            self._past = self._last = None
        if self._opened is None or not has_been(db, self._opened.built.state):
            return None
        return self._opened


class View:
    """The words as of one snapshot, which has passages up to the number `highest`: the files', and
    the tail's. Of these, `hidden` ones are gone."""

    def __init__(self, opened: Reading, tail: Tail, hidden: frozenset[int], highest: int) -> None:
        self._opened = opened
        self._tail = tail
        self._hidden = hidden
        self._there = tail.there(highest, hidden)

    @property
    def behind(self) -> int:
        """How many changes the files have not taken in."""
        return len(self._hidden) + len(self._tail)

    @property
    def held(self) -> int:
        """How many passages the files have, gone ones too."""
        return len(self._opened)

    def __len__(self) -> int:
        return self.held - self._opened.holds(sorted(self._hidden)) + int(self._there.sum())

    def search(self, query: str, depth: int, filter: Filter) -> Scored:
        """The best by BM25, of those that the filter lets through."""
        wanted = self._wanted(query)
        if not wanted.clauses:
            return []
        found = self._opened.search(
            wanted.clauses, wanted.boosts, depth, filter=filter, hidden=self._hidden
        )
        if len(self._tail):
            found += self._tail.best(self._scores(wanted), depth, filter)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]

    def scores(self, query: str, numbers: Sequence[int]) -> dict[int, float]:
        wanted = self._wanted(query)
        if not wanted.clauses or not numbers:
            return {}
        found = self._opened.search(
            wanted.clauses, wanted.boosts, len(numbers), among=numbers, hidden=self._hidden
        )
        if len(self._tail):
            scores = self._scores(wanted)
            scores[~np.isin(self._tail.numbers, np.array(numbers, dtype=np.int64))] = 0
            found += self._tail.best(scores, len(numbers), Filter())
        return dict(found)

    def numbers(self) -> list[int]:
        """Of all passages, ascending."""
        held = [n for n in self._opened.numbers() if n not in self._hidden]
        return held + [int(n) for n in self._tail.numbers[self._there]]

    def _wanted(self, query: str) -> _Wanted:
        """The clauses, each with its weight by files and tail, and with that by the files alone."""
        expression = match_expression(composed(query))
        parts = [] if expression is None else expression.split(" OR ")
        clauses = [tuple(self._tail.cut(part.strip('"'))) for part in parts]
        clauses = [clause for clause in clauses if clause]
        if not len(self._tail):
            return _Wanted(clauses)
        opened, tail = self._opened, self._tail
        words = {word for clause in clauses for word in clause}
        passages, average = opened.statistics(words) or (0, float(tail.lengths.mean()))
        inside = {word: opened.count(word) for word in words}
        alone = {word: idf(passages, inside[word]) for word in words}
        every = {word: idf(passages + len(tail), inside[word] + tail.count(word)) for word in words}
        weights = [sum(every[word] for word in clause) for clause in clauses]
        boosts = [
            weight / sum(alone[word] for word in clause)
            for weight, clause in zip(weights, clauses, strict=True)
        ]
        return _Wanted(clauses, weights, boosts, average)

    def _scores(self, wanted: _Wanted) -> Floats:
        """Of the tail's passages; 0 where one isn't there."""
        weighed = list(zip(wanted.clauses, wanted.weights, strict=True))
        return self._tail.scores(weighed, wanted.average) * self._there


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a query looks for. Where there is a tail: how much each clause weighs, that over what
    the files alone make of it, and the average length of a passage."""

    clauses: list[Clause]
    weights: Sequence[float] = ()
    boosts: Sequence[float] = ()
    average: float = 1.0


def follow(rows: Rows, folder: Path) -> bool:
    """Brings the files to the newest state of the rows; False where another process is at it.
    Killed at any moment, it leaves what was there. Raises OSError, ValueError, DatelineError."""
    try:
        with FileLock(folder / _LOCK, timeout=0), word_index.errors():
            for done in range(_ROUNDS):
                with rows.read() as db:  # (begun under the lock: nothing is ahead of it)
                    place, opened = word_files.place(folder), _read(folder)
                    if place and opened is not None and _enough(db, opened.built, bool(done)):
                        word_files.clear(folder, place.name)  # what one that was killed has left
                        return True
                    if place is not None and opened and has_been(db, opened.built.state):
                        _follow(db, place)
                    else:
                        _build(db, folder)
            return True
    except Timeout:
        return False


def problem(db: Database, folder: Path) -> str | None:
    """What of the files isn't as it was written, or not of these rows; None if nothing is: every
    byte with tantivy's own checksums, and the numbers of all passages."""
    place = word_files.place(folder)
    if place is None or not word_files.is_whole(place):
        return "the files of words aren't as they were written"
    view = Words(folder).view(db)
    if view is None:  # behind: what comes next brings them on
        return None
    held = [n for (n,) in db.execute("SELECT n FROM passages ORDER BY n").fetchall()]
    return None if view.numbers() == held else "the files of words aren't those of the passages"


def _build(db: Database, folder: Path) -> None:
    """All anew, in a folder that is put into use when it is whole."""
    begun = folder / word_files.BEGUN
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir()
    try:
        _follow(db, begun)
        word_files.put_into_use(folder)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def _follow(db: Database, place: Path) -> None:
    engine = word_index.Writing(place)
    try:
        protocol.follow(db, engine)
    finally:
        engine.close()


def _enough(db: Database, held: Built, done: bool) -> bool:
    """Whether the files have all of it; or, once they have been brought on, all but a short tail of
    what was written meanwhile: whoever writes goes on."""
    if not held.whole or not done:
        return held.whole and held.state == state_of(db)
    (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()
    return bool(highest - held.highest <= SHORT) and has_been(db, held.state)


def _read(folder: Path) -> Reading | None:
    """What is in use."""
    place = word_files.place(folder)
    return None if place is None else word_index.read(place)
