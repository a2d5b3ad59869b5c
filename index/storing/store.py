"""The SQLite file of a library: connections, schema, transactions, and what their errors mean.

SQLite is the truth: articles, passages, vectors and the lexical index change together in one
transaction, or not at all. What is derived from it (the faiss file) lives elsewhere.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import DatelineError, LibraryBusy, LibraryDamaged, LibraryMissing

FILE = "library.sqlite"
SCHEMA = 1
_APPLICATION = 0x44415445  # "DATE"

# `passages.n` is never given out twice (AUTOINCREMENT), so an index in memory catches up with
# "every n above the highest I know" and "every n removed since my generation".
# The lexical table stores no text (content=''): a passage's text is a slice of its article's.
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE articles (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    source TEXT,
    published TEXT,
    authors TEXT NOT NULL,
    url TEXT,
    path TEXT,
    copy_of TEXT
);
CREATE TABLE passages (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    article INTEGER NOT NULL REFERENCES articles (n),
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    heading TEXT NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE removed (n INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE INDEX removed_since ON removed (generation);
CREATE VIRTUAL TABLE words USING fts5 (
    title, heading, text, content='', tokenize='porter unicode61 remove_diacritics 2'
);
"""


class Store:
    """Connections to one library file: any number of readers, one writer. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False

    def create(self, encoder: str, dimension: int) -> None:
        """Makes the tables if the file has none yet. Safe if two processes try."""
        with self._errors(), self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("BEGIN IMMEDIATE")
            try:
                if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    for statement in _TABLES.split(";\n"):
                        db.execute(statement)
                    db.executemany(
                        "INSERT INTO meta VALUES (?, ?)",
                        [
                            ("library", uuid.uuid4().hex),
                            ("generation", 0),
                            ("encoder", encoder),
                            ("dimension", dimension),
                        ],
                    )
                    db.execute(f"PRAGMA application_id = {_APPLICATION}")
                    db.execute(f"PRAGMA user_version = {SCHEMA}")
                db.execute("COMMIT")
            except BaseException:
                db.rollback()
                raise

    def verify(self) -> None:
        """Raises LibraryMissing, or LibraryDamaged, unless this is a library that can be read."""
        with self.read() as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if not tables:
                raise LibraryMissing(missing(self.folder))
            application = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if application != _APPLICATION or not {"meta", "articles", "passages"} <= tables:
                raise LibraryDamaged(self._damaged("it is not a library of this program"))
            if version != SCHEMA:
                raise LibraryDamaged(
                    self._damaged(f"its layout is version {version}, this program reads {SCHEMA}")
                )
            names = {name for (name,) in db.execute("SELECT name FROM meta")}
            if not {"library", "generation", "encoder", "dimension"} <= names:
                raise LibraryDamaged(self._damaged("its description is not complete"))

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: all that is read inside is of one generation."""
        with self._errors(), self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.rollback()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, with the generation counted up; undone if the block raises."""
        with self._writing, self._errors(), self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.rollback()
                raise

    def close(self) -> None:
        with self._pool:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._pool:
            if self._closed:
                raise DatelineError(f"the library '{self.folder}' is closed; open it again")
            db = self._idle.pop() if self._idle else None
        if db is None:
            db = sqlite3.connect(
                f"{self.file.absolute().as_uri()}?mode=rwc",
                uri=True,
                timeout=30,
                isolation_level=None,
                check_same_thread=False,
            )
            # WAL with NORMAL: a transaction is whole or absent after kill -9; after a power cut
            # the last ones may be absent, never half there.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
        try:
            yield db
        finally:
            with self._pool:
                if self._closed or len(self._idle) >= 8:
                    db.close()
                else:
                    self._idle.append(db)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def _translate(self, error: sqlite3.Error) -> DatelineError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return LibraryDamaged(self._damaged(str(error)))
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return LibraryBusy(
                f"the library '{self.folder}' is being written by another process; "
                "try again when it is done"
            )
        if code == sqlite3.SQLITE_FULL:
            return DatelineError(
                f"no space is left for the library '{self.folder}'; free some and try again"
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
            return DatelineError(
                f"the library '{self.folder}' can't be read or written ({error}); "
                "check the folder's permissions"
            )
        return LibraryDamaged(self._damaged(str(error)))

    def _damaged(self, what: str) -> str:
        return (
            f"the library '{self.folder}' is damaged ({what}); restore '{FILE}' from a copy, "
            "or remove the folder and add the articles again"
        )


def missing(folder: Path) -> str:
    return f"there is no library at '{folder}'; make one with: dateline --library '{folder}' add …"
