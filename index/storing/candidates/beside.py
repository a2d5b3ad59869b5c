"""The words of rows that lie on a server, in a file of this machine: SQLite's FTS5, derived.

The file follows the rows by number (`protocol.follow`), one process at a time, and is made anew
where it can't. It keeps each passage's text beside the index: FTS5 has to be told what it forgets.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from filelock import FileLock

from index.errors import LibraryDamaged
from index.search import Filter, match_expression
from index.storing import faults, schema
from index.storing.bounded import bounded
from index.storing.candidates.embedded import BM25, bm25
from index.storing.candidates.nearest import Nearest, where
from index.storing.candidates.protocol import (
    Built,
    Counts,
    Entry,
    Scored,
    Vector,
    entries_of,
    follow,
)
from index.storing.database import Database, Rows, State, state_of
from index.storing.health import Health
from index.storing.store import transaction

FILE = "words.sqlite"

_TABLES = (
    "CREATE TABLE passages (n INTEGER PRIMARY KEY, id TEXT, published TEXT, source TEXT,"
    " title TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL)",
    schema.WORDS.replace("content=''", "content='passages', content_rowid='n'"),
    "CREATE TABLE built (library TEXT, generation INTEGER, token TEXT, highest INTEGER,"
    " whole INTEGER)",
)
_WORDS = "n, title, heading, text"


class Beside:
    """Candidates for rows that hold no words: vectors in memory, words in a file beside.

    `words` is closed by whoever opened it.
    """

    comparable = True

    def __init__(self, rows: Rows, words: Words) -> None:
        self._nearest = Nearest(rows.folder)
        self.words = words

    def catch_up(self, db: Database) -> None:
        self._nearest.catch_up(db)
        self.words.catch_up(db)

    def dense(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        return self._nearest.search(db, vector, depth, filter)

    def lexical(self, db: Database, query: str, depth: int, filter: Filter) -> Scored:
        with self.words.reading() as words:
            expression = bounded(words, match_expression(query))
            if expression is None:
                return []
            condition, values = where(filter)
            among = f" AND +rowid IN (SELECT n FROM passages a WHERE {condition})"  # noqa: S608
            found: Scored = words.execute(
                f"SELECT rowid, {BM25} AS score FROM words WHERE words MATCH ?"  # noqa: S608
                f"{among if condition else ''} ORDER BY score DESC, rowid LIMIT ?",
                [expression, *values, depth],
            ).fetchall()
            return found

    def scores(self, db: Database, query: str, numbers: Sequence[int]) -> dict[int, float]:
        with self.words.reading() as words:
            return bm25(words, query, numbers)

    def counts(self, db: Database) -> Counts:
        return Counts(len(self._nearest), self.words.count(), self._nearest.state())

    def save(self, db: Database) -> None:
        self._nearest.save(db)
        self.words.catch_up(db)

    def discard(self) -> None:
        self._nearest.discard()
        self.words.discard()

    def close(self) -> None:
        pass


class Words:
    """The file. Thread-safe, and any number of processes may have it open. `rows` gives the newest
    snapshot: the file follows that, never an older one."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._file = rows.folder / FILE
        self._lock = FileLock(rows.folder / "words.lock", thread_local=False)
        self._following = threading.Lock()
        self._using = threading.Lock()
        self._open: _Connection | None = None

    def catch_up(self, db: Database) -> None:
        """To the snapshot's state, or a later one. One at a time, of all processes."""
        wanted = state_of(db)
        with suppress(LibraryDamaged), self._connection() as words:
            if _is_at(words, wanted):
                return
        # (of threads too: a file's lock is its process's)
        with self._following, self._lock, self._rows.read() as newest:
            try:
                self._follow(newest)
            except LibraryDamaged:  # it is only derived
                self.discard()
                self._follow(newest)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """The table `words`, as it was last caught up with."""
        with self._connection() as words:
            yield words

    @contextmanager
    def of(self, db: Database) -> Iterator[Database]:
        """The same, as of this snapshot of the rows or a later one."""
        self.catch_up(db)
        with self._connection() as words:
            yield words

    def inspect(self, db: Database, found: Health) -> None:
        """The file against the snapshot, text by text, and its index against its texts; where it
        is of another state, it only has to be caught up with."""
        with self._connection() as words:
            try:
                if not _is_at(words, state_of(db)):
                    found.compared.append("no file of words (it follows at the next search)")
                    return
                words.execute("INSERT INTO words (words) VALUES ('integrity-check')")
                same = _same_texts(db, words)
                if not _is_at(words, state_of(db)):  # another process brought it on meanwhile
                    found.compared.append("no file of words (it is of a later state)")
                    return
            except sqlite3.DatabaseError:
                same = False
        if not same:
            found.words = True
            found.problems.append("the index of words isn't that of the passages")
        found.compared.append("the file of words with the passages, text by text")

    def count(self) -> int:
        with self._connection() as words:
            return int(words.execute("SELECT count(*) FROM words_docsize").fetchone()[0])

    def discard(self) -> None:
        with self._using:
            self._close()
            for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
                self._file.with_name(name).unlink(missing_ok=True)

    def close(self) -> None:
        with self._using:
            self._close()

    def _follow(self, newest: Database) -> None:
        with self._connection() as words:
            if not _is_at(words, state_of(newest)):
                follow(newest, _Table(words))

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    @contextmanager
    def _connection(self) -> Iterator[_Connection]:
        with self._using:
            try:
                if self._open is None:
                    self._open = self._connect()
                yield self._open
            except sqlite3.Error as error:
                self._close()
                raise faults.from_sqlite(error, self._file.parent) from error

    def _connect(self) -> _Connection:
        db = sqlite3.connect(
            self._file,
            timeout=30,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            with transaction(db):
                if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    for statement in _TABLES:
                        db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db


class _Connection(sqlite3.Connection):
    """A Database, of words only."""

    holds_words = True


class _Table:
    """An Engine: what is done with a batch is one transaction with the stamp that says so."""

    def __init__(self, db: _Connection) -> None:
        self._db = db
        self._waiting: list[Callable[[], Any]] = []

    def built(self) -> Built | None:
        row = self._db.execute("SELECT * FROM built").fetchone()
        return None if row is None else Built(State(*row[:3]), row[3], bool(row[4]))

    def stamp(self, built: Built) -> None:
        state = built.state
        with transaction(self._db):
            for step in self._waiting:
                step()
            self._db.execute("DELETE FROM built")
            self._db.execute(
                "INSERT INTO built VALUES (?, ?, ?, ?, ?)",
                [state.library, state.generation, state.token, built.highest, int(built.whole)],
            )
        self._waiting = []

    def upsert(self, entries: Sequence[Entry]) -> None:
        self._waiting.append(lambda: self._put(entries))

    def remove(self, numbers: Sequence[int]) -> None:
        self._waiting.append(lambda: self._take_out(numbers))

    def clear(self) -> None:
        with transaction(self._db):
            self._db.execute("DELETE FROM built")
            self._db.execute("DELETE FROM passages")
            self._db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self._waiting = []

    def _put(self, entries: Sequence[Entry]) -> None:
        self._take_out([entry.number for entry in entries])  # of a step that is done twice
        rows = [
            (
                entry.number,
                entry.article.id,
                entry.article.published.isoformat() if entry.article.published else None,
                entry.article.source,
                entry.article.title,
                entry.heading,
                entry.text,
            )
            for entry in entries
        ]
        self._db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.executemany(
            "INSERT INTO words (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [(number, *words) for number, _, _, _, *words in rows],
        )

    def _take_out(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._db.execute(
                f"INSERT INTO words (words, rowid, title, heading, text) SELECT 'delete', {_WORDS}"  # noqa: S608
                " FROM passages WHERE n = ?",
                [number],
            )
            self._db.execute("DELETE FROM passages WHERE n = ?", [number])


def _same_texts(db: Database, words: _Connection) -> bool:
    (count,) = db.execute("SELECT count(*) FROM passages").fetchone()
    seen = 0
    for entries in entries_of(db, 0):
        numbers = [entry.number for entry in entries]
        held = words.execute(
            f"SELECT {_WORDS} FROM passages WHERE n BETWEEN ? AND ? ORDER BY n",  # noqa: S608
            [numbers[0], numbers[-1]],
        ).fetchall()
        if held != [(e.number, e.article.title, e.heading, e.text) for e in entries]:
            return False
        seen += len(held)
    return bool(seen == count == words.execute("SELECT count(*) FROM passages").fetchone()[0])


def _is_at(words: _Connection, wanted: State) -> bool:
    held = _Table(words).built()
    return held is not None and held.whole and held.state == wanted
