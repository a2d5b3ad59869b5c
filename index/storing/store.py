"""The SQLite file of a library: connections, transactions, and which layout it has.

SQLite is the truth: articles, passages, vectors and the lexical index change together in one
transaction, or not at all. What is derived from it (the faiss file) lives elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from index import files
from index.errors import DatelineError, LibraryDamaged, LibraryMissing, LibraryVersion, UsageError
from index.storing import faults, schema
from index.storing.database import Database, size_of
from index.storing.lock import WriterLock

FILE = "library.sqlite"
_WAIT = 30  # seconds for a lock, SQLite's own or the writer's
_FILLING = "filling."  # the folder in which a library that moves in is made


class Connection(sqlite3.Connection):
    """A Database: the lexical index is one of its tables."""

    holds_words = True


class _Immutable(Connection):
    """Sees nothing that is written after it was opened, so it serves once."""


class Store:
    """Connections to one library file: any number of readers, one writer. Thread-safe.

    Where the folder can't be written, it is read all the same.
    """

    layout = schema.LAYOUT
    holds_words = True

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self.folder = folder
        self.home: Path | None = folder
        self.file = folder / FILE
        self._idle: list[Connection] = []
        self._pool = threading.Lock()
        self._writing = threading.Lock()
        self._lock = WriterLock(folder)
        self._closed = False

    def create(self, encoder: dict[str, Any]) -> None:
        """Makes folder and tables if the file has none yet. Safe if two processes try."""
        if self.exists():
            if faults.writable(self.folder):
                self._create(encoder, new=False)
            return
        self._make_folder()
        with self._lock.held(wait=_WAIT):  # nobody's library moves in meanwhile
            self._create(encoder, new=not self.exists())

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        """Makes the tables in a folder beside, whose file becomes the library's when all is in it.
        Raises UsageError where there is a library, LibraryBusy where another is moving in."""
        self._make_folder()
        with self._lock.held(), self._filling() as db:
            yield db

    def _create(self, encoder: dict[str, Any], *, new: bool) -> None:
        try:
            with self._errors(), self._connection() as db:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    return
                db.execute("PRAGMA journal_mode = WAL")
                with transaction(db):
                    if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                        schema.create(db, encoder)
        except DatelineError:
            self.close()
            if new:  # what is half made would look like a library
                for left in self.folder.glob("library.sqlite*"):
                    left.unlink(missing_ok=True)
            raise

    @contextmanager
    def _filling(self) -> Iterator[Connection]:
        self._refuse_what_is_there()
        for left in self.folder.glob(f"{_FILLING}*"):  # of one that was cut off
            shutil.rmtree(left, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix=_FILLING, dir=self.folder))
        try:
            store = Store(beside)
            try:
                with self._errors(), store._connection() as db:
                    with transaction(db):
                        schema.create(db, {})
                        db.execute("DELETE FROM meta")
                        db.execute("DELETE FROM writes")
                        yield db
                    # said in the file itself: so it is from the moment that it is the library's
                    db.execute("PRAGMA journal_mode = WAL")
            finally:
                store.close()
            with store.file.open("rb") as file:
                os.fsync(file.fileno())
            self._refuse_what_is_there()
            os.replace(store.file, self.file)
            files.sync_folder(self.folder)
        except OSError as error:
            raise faults.from_system(error, self.folder) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _refuse_what_is_there(self) -> None:
        if self.exists():
            raise UsageError(f"'{self.folder}' holds a library already; name another folder")
        for left in ("wal", "journal"):  # SQLite would take it for the new file's own
            path = self.file.with_name(f"{FILE}-{left}")
            if path.exists() and path.stat().st_size:
                raise UsageError(
                    f"'{path}' is of a library whose file isn't there any more; name another "
                    "folder, or put that file back"
                )

    def verify(self) -> int:
        """The library's layout, at most today's.

        Raises LibraryMissing, LibraryVersion (made by a later Dateline), LibraryDamaged, and
        UsageError (another program's database).
        """
        if not self.exists():
            raise LibraryMissing(missing(self.folder))
        with self.read() as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if not tables:
                raise LibraryMissing(missing(self.folder))
            application = db.execute("PRAGMA application_id").fetchone()[0]
            layout = int(db.execute("PRAGMA user_version").fetchone()[0])
            if application != schema.APPLICATION:
                raise UsageError(
                    f"'{self.file}' is not a library of this program but another's database; "
                    "name another folder"
                )
            if layout > schema.LAYOUT:
                raise LibraryVersion(
                    f"the library '{self.folder}' was made by a later Dateline (its layout is "
                    f"version {layout}, this program reads up to {schema.LAYOUT}); it is as good "
                    "as it was: use that Dateline, or a newer one"
                )
            if not {"meta", "articles", "passages"} <= tables:
                raise self.damaged("it lacks tables")
            names = {name for (name,) in db.execute("SELECT name FROM meta")}
            if not {"library", "generation", "encoder", "dimension"} <= names:
                raise self.damaged("its description is not complete")
        return layout

    def upgrade(self) -> Path:
        """Brings an earlier layout up to today's; returns the copy that is kept of the file."""
        if not faults.writable(self.folder):
            raise LibraryVersion(
                f"the library '{self.folder}' has an earlier layout and can't be brought up to "
                "date where its folder can't be written; copy the folder and open the copy"
            )
        with self._errors(), self._connection() as db:
            layout = int(db.execute("PRAGMA user_version").fetchone()[0])
            kept = self.file.with_name(f"library.layout-{layout}.sqlite")
            for left in self.folder.glob("library.layout-*.tmp"):  # by one that was killed
                left.unlink(missing_ok=True)
            _copy(db, kept)
            with transaction(db):
                if int(db.execute("PRAGMA user_version").fetchone()[0]) == layout < schema.LAYOUT:
                    schema.upgrade(db, self.folder)
        return kept

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: all that is read inside is of one generation."""
        with self._errors(), self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.rollback()

    @contextmanager
    def write(self, *, counted: bool = True) -> Iterator[Connection]:
        """One transaction, with the generation counted up; undone if the block raises.

        What touches no article and no passage isn't `counted`.
        """
        with (
            self._writing,
            self._errors(),
            self._connection() as db,
            transaction(db),
            tolerant(db),
        ):
            if counted:
                db.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
                schema.stamp(db)
            yield db

    def exists(self) -> bool:
        return self.file.is_file()

    def lock(self) -> WriterLock:
        return self._lock

    def size(self) -> int:
        return size_of(self.folder)

    def missing(self) -> str:
        return missing(self.folder)

    def damaged(self, what: str) -> LibraryDamaged:
        return LibraryDamaged(faults.damaged(self.folder, what))

    def close(self) -> None:
        with self._pool:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _make_folder(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"'{self.folder}' is a file; a library is a folder: name another path")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatelineError(
                f"the folder '{self.folder}' can't be made ({error.strerror}); name another"
            ) from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._pool:
            if self._closed:
                raise DatelineError(f"the library '{self.folder}' is closed; open it again")
            db = self._idle.pop() if self._idle else None
        if db is None:
            db = self._connect()
        try:
            yield db
        finally:
            with self._pool:
                if self._closed or len(self._idle) >= 8 or isinstance(db, _Immutable):
                    db.close()
                else:
                    self._idle.append(db)

    def _connect(self) -> Connection:
        if not faults.writable(self.folder):
            return self._as_it_lies()
        db = self._opened("mode=rwc")
        try:
            # WAL with NORMAL: a transaction is whole or absent after kill -9; after a power cut
            # the last ones may be absent, never half there.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            db.close()
            if not faults.is_full(self.folder):
                raise
            return self._as_it_lies()
        except BaseException:
            db.close()
            raise
        return db

    def _as_it_lies(self) -> Connection:
        """WAL wants a file beside the library's even to read. Where that can't be made and there is
        no journal, there is nothing to share: the file is read as it lies."""
        db = self._opened("mode=ro")
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return db
        except sqlite3.OperationalError:
            db.close()
        journal = self.file.with_name(f"{FILE}-wal")
        if journal.exists() and journal.stat().st_size:
            raise DatelineError(
                f"the last writes to the library '{self.folder}' are in a journal that can only "
                "be taken in where the folder can be written; copy the folder and open the copy"
            )
        return self._opened("immutable=1", _Immutable)

    def _opened(self, how: str, kind: type[Connection] = Connection) -> Connection:
        return sqlite3.connect(
            f"{self.file.absolute().as_uri()}?{how}",
            uri=True,
            timeout=_WAIT,
            isolation_level=None,
            check_same_thread=False,
            factory=kind,
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, MemoryError) as error:
            raise faults.from_sqlite(error, self.folder) from error


@contextmanager
def tolerant(db: Database) -> Iterator[None]:
    """Texts that aren't UTF-8 any more are read all the same: to be compared, or replaced."""
    if not isinstance(db, sqlite3.Connection):
        yield
        return
    before = db.text_factory
    db.text_factory = lambda data: data.decode(errors="replace")
    try:
        yield
    finally:
        db.text_factory = before


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commits, or undoes all if the block raises. Nobody else writes from its beginning on."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have ended it already
            db.rollback()
        raise


def _copy(db: sqlite3.Connection, to: Path) -> None:
    """The whole file, or none; a copy that is there already is the older and stays."""
    if to.exists():
        return
    temporary = to.with_name(f"{to.name}.{os.getpid()}.tmp")
    try:
        copy = sqlite3.connect(temporary)
        try:
            db.backup(copy)
        finally:
            copy.close()
        temporary.replace(to)
        files.sync_folder(to.parent)
    finally:
        temporary.unlink(missing_ok=True)


def missing(folder: Path) -> str:
    return f"there is no library at '{folder}'; make one with: dateline --library '{folder}' add …"
