"""The rows of a library in a PostgreSQL database: transactions, snapshots, the writer's lock.

A snapshot is a REPEATABLE READ transaction. Writers wait for each other at the row of the
generation, before anything gets a number, so that numbers come in the order of commits. The lock
is the server's own (an advisory lock of the session) and held by the connection that writes: where
it is lost, so is what was about to be written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from index.errors import (
    DatelineError,
    LibraryBusy,
    LibraryDamaged,
    LibraryMissing,
    LibraryVersion,
    UsageError,
)
from index.storing import schema
from index.storing.database import size_of
from index.storing.lock import CountedLock
from index.storing.postgres import faults
from index.storing.postgres.address import Address
from index.storing.postgres.connections import Connection, Connections, Raw
from index.storing.postgres.dialect import SCHEMA, tables

_KEY = schema.APPLICATION  # of the advisory locks; the second number says what is locked
_WRITING, _MAKING = 1, 2
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Server:
    """Implements Rows: any number of readers, one writer. Thread-safe."""

    holds_words = False
    home: Path | None = None
    layout = schema.LAYOUT

    def __init__(self, url: str) -> None:
        self.address = Address.of(url)
        self.name = self.address.name
        self.folder = self.address.folder()
        self._connections = Connections(self.address)
        self._lock = ServerLock(self._connections, self.address)
        self._writing = threading.Lock()

    def exists(self) -> bool:
        with self._snapshot() as db:
            return _has(db, "meta")

    def create(self, encoder: dict[str, Any]) -> None:
        with self._errors(), self._transaction(self._connections.begun("BEGIN")) as db:
            db.execute("SELECT pg_advisory_xact_lock(?, ?)", [_KEY, _MAKING])
            if not _has(db, "meta"):
                self._make(db)
                schema.begin(db, encoder)
                self._note_layout(db)

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        """Makes the tables for another library's rows: all are there at the end, or none. Raises
        UsageError where there are any."""
        with self._errors(), self._transaction(self._connections.begun("BEGIN")) as db:
            db.execute("SELECT pg_advisory_xact_lock(?, ?)", [_KEY, _MAKING])
            if _has(db, "meta"):
                raise UsageError(f"'{self.name}' holds a library already; name another database")
            self._make(db)
            yield db
            for table, column in _numbered(db):
                db.execute(
                    f"SELECT setval(pg_get_serial_sequence('{SCHEMA}.{table}', '{column}'),"  # noqa: S608
                    f" (SELECT coalesce(max({column}), 0) FROM {table}) + 1, false)"
                )
            self._note_layout(db)
        with self._errors():
            self._gather()

    def verify(self) -> int:
        with self._snapshot() as db:
            if not _has(db, "meta"):
                raise LibraryMissing(self.missing())
            meta = dict(db.execute("SELECT name, value FROM meta").fetchall())
            lacking = [name for name in ("articles", "passages") if not _has(db, name)]
        if "layout" not in meta or not {"library", "generation", "encoder", "dimension"} <= {*meta}:
            raise self.damaged("its description is not complete")
        if lacking:
            raise self.damaged("it lacks tables")
        layout = int(meta["layout"])
        if layout > self.layout:
            raise LibraryVersion(
                f"the library '{self.name}' was made by a later Dateline (its layout is version "
                f"{layout}, this program reads up to {self.layout}); it is as good as it was: use "
                "that Dateline, or a newer one"
            )
        self._make_folder()
        return layout

    def upgrade(self) -> None:
        raise LibraryVersion(
            f"the library '{self.name}' has a layout that this program doesn't bring up to date; "
            "migrate it to a folder with the Dateline that made it, and from there back with this "
            "one"
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._snapshot() as db:
            yield db

    @contextmanager
    def write(self, *, counted: bool = True) -> Iterator[Connection]:
        with self._writing, self._errors():
            raw = self._lock.begun() or self._connections.begun("BEGIN")
            with self._transaction(raw) as db:
                if counted:
                    db.execute(
                        "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT)"
                        " WHERE name = 'generation'"
                    )
                    schema.stamp(db)
                else:
                    db.execute("SELECT value FROM meta WHERE name = 'generation' FOR UPDATE")
                yield db

    def lock(self) -> ServerLock:
        return self._lock

    def size(self) -> int:
        """Of the tables on the server, and of what this machine keeps of them."""
        with self._snapshot() as db:
            (there,) = db.execute(
                "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                " WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?)"
                " AND relkind = 'r'",
                [SCHEMA],
            ).fetchone()
        return int(there) + size_of(self.folder)

    def missing(self) -> str:
        return faults.missing(self.address)

    def damaged(self, what: str) -> LibraryDamaged:
        return LibraryDamaged(faults.damaged(self.address, what))

    def close(self) -> None:
        self._lock.close()
        self._connections.close()

    def _make(self, db: Connection) -> None:
        """The tables."""
        (encoding,) = db.execute("SHOW server_encoding").fetchone()
        if encoding != "UTF8":
            raise UsageError(
                f"the database of '{self.name}' is encoded in {encoding}, which not every article "
                "can be; make another with: createdb -T template0 -E UTF8"
            )
        if db.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", [SCHEMA]).fetchone():
            (count,) = db.execute(
                "SELECT count(*) FROM pg_class WHERE relnamespace = CAST(? AS regnamespace)",
                [SCHEMA],
            ).fetchone()
            if count:
                raise UsageError(
                    f"the schema '{SCHEMA}' of '{self.name}' is not of this program but another's; "
                    "name another database"
                )
        else:
            db.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in tables():
            db.execute(statement)

    def _note_layout(self, db: Connection) -> None:
        db.execute("INSERT INTO meta VALUES ('layout', ?)", [str(self.layout)])

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatelineError(
                f"the folder '{self.folder}' can't be made ({error.strerror}); name another with "
                "DATELINE_CACHE"
            ) from error

    def _gather(self) -> None:
        """The planner's figures, which it would gather by itself some minutes after."""
        raw = self._connections.opened()
        try:
            for table in ("articles", "passages", "texts", "shingles", "removed", "writes"):
                Connection(raw).execute(f"ANALYZE {table}")
        finally:
            self._connections.give_back(raw)

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with self._errors():
            raw = self._connections.begun(_SNAPSHOT)
            try:
                yield Connection(raw)
            finally:
                self._connections.give_back(raw)

    @contextmanager
    def _transaction(self, raw: Raw) -> Iterator[Connection]:
        """Commits, or undoes all if the block raises."""
        try:
            yield Connection(raw)
            raw.execute("COMMIT")
        finally:
            if self._lock.is_of(raw):
                with suppress(psycopg.Error):
                    raw.rollback()
            else:
                self._connections.give_back(raw)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, MemoryError) as error:
            raise faults.from_psycopg(error, self.address) from error


class ServerLock(CountedLock):
    """An advisory lock of the database. It goes with the connection that holds it."""

    def __init__(self, connections: Connections, address: Address) -> None:
        super().__init__()
        self._connections = connections
        self._address = address
        self._raw: Raw | None = None  # holds the lock
        self._kept: Raw | None = None  # has held it, and may again

    def begun(self) -> Raw | None:
        """The connection that holds the lock, in a transaction; None if nobody here holds it."""
        raw = self._raw
        if raw is not None:
            raw.execute("BEGIN")
        return raw

    def is_of(self, raw: Raw) -> bool:
        return self._raw is raw

    def close(self) -> None:
        for raw in (self._raw, self._kept):
            if raw is not None:
                raw.close()
        self._raw = self._kept = None

    def _acquire(self, wait: float) -> None:
        raw, self._kept = self._kept, None
        if raw is None or not _is_alive(raw):
            raw = self._connections.opened()
        try:
            if wait > 0:
                raw.execute(f"SET lock_timeout = {int(wait * 1000) or 1}")
                raw.execute("SELECT pg_advisory_lock(%s, %s)", [_KEY, _WRITING])
                raw.execute("SET lock_timeout = 0")
            else:
                row = raw.execute("SELECT pg_try_advisory_lock(%s, %s)", [_KEY, _WRITING])
                if row.fetchone() != (True,):
                    raise psycopg.errors.LockNotAvailable
        except psycopg.errors.LockNotAvailable:
            who = _holder(raw)
            raw.close()
            raise LibraryBusy(
                f"{who} is writing to the library '{self._address.name}'; try again when it is done"
            ) from None
        except psycopg.Error as error:
            raw.close()
            raise faults.from_psycopg(error, self._address) from error
        except BaseException:
            raw.close()
            raise
        self._raw = raw

    def _release(self) -> None:
        raw, self._raw = self._raw, None
        if raw is None:
            return
        try:
            raw.execute("SELECT pg_advisory_unlock(%s, %s)", [_KEY, _WRITING])
            self._kept = raw
        except psycopg.Error:  # the connection is gone, and the lock with it
            raw.close()


def _is_alive(raw: Raw) -> bool:
    try:
        raw.execute("SELECT 1")
        return True
    except psycopg.OperationalError:
        raw.close()
        return False


def _holder(raw: Raw) -> str:
    """Who holds the writer's lock, as far as the server says."""
    with suppress(psycopg.Error):
        row = raw.execute(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [_KEY, _WRITING],
        ).fetchone()
        if row and str(row[0]).startswith("dateline, "):
            return str(row[0]).removeprefix("dateline, ")
    return "another process"


def _has(db: Connection, table: str) -> bool:
    found = db.execute("SELECT to_regclass(?) IS NOT NULL", [f"{SCHEMA}.{table}"]).fetchone()
    return bool(found[0])


def _numbered(db: Connection) -> list[tuple[str, str]]:
    """Columns that the server numbers."""
    rows = db.execute(
        "SELECT table_name::text, column_name::text FROM information_schema.columns"
        " WHERE table_schema = ? AND is_identity = 'YES'",
        [SCHEMA],
    ).fetchall()
    return [(str(table), str(column)) for table, column in rows]
