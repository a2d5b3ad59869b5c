"""Makes anew what can be of a library that isn't as it was written, and says what can't.

Indexes are derived: they are made of the rows. Where pages of the file can't be read, what can is
put into new ones, and the damaged file is kept beside as `library.damaged.sqlite`: nothing is
thrown away. What an article said is never guessed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from index.errors import LibraryDamaged
from index.storing import copies, faults, schema
from index.storing.database import Database, Rows, describe, meta_of
from index.storing.health import UNFIT, Health, index, is_damage, sound
from index.storing.store import Store, tolerant

_KINDS = {"INTEGER": int, "TEXT": str, "BLOB": bytes, "REAL": float}
_SQLITE = b"SQLite format 3\x00"
_HEAD = 100  # bytes: what SQLite's file begins with
_GAP = 200_000  # rows that are asked for one by one, where a page between others can't be read
_PARENTS = (
    ("texts", "article", "articles"),
    ("passages", "article", "articles"),
    ("lists", "followed", "followed"),
    ("listed", "followed", "followed"),
    ("listed", "item", "items"),
    ("held", "item", "items"),
)


def fill(store: Rows) -> None:
    """Where the file's end is missing, SQLite reads nothing of it: empty pages take its place, and
    then the library can be opened and mended like any other. Raises DatelineError."""
    if not isinstance(store, Store) or not store.exists() or not faults.writable(store.folder):
        return
    journal = store.file.with_name(f"{store.file.name}-wal")
    with store.lock().held():
        if journal.exists() and journal.stat().st_size:
            return  # the rest may be in it
        try:
            with store.file.open("r+b") as file:
                head = file.read(_HEAD)
                # (as SQLite does, only where the number of pages is of the last write)
                if len(head) == _HEAD and head.startswith(_SQLITE) and head[24:28] == head[92:96]:
                    page = int.from_bytes(head[16:18], "big")
                    whole = int.from_bytes(head[28:32], "big") * (65_536 if page == 1 else page)
                    if store.file.stat().st_size < whole:
                        file.truncate(whole)
        except OSError as error:
            raise faults.from_system(error, store.folder) from error


def mend(store: Rows, found: Health) -> list[str]:
    """What `found` says is wrong with indexes, links, stamps and pages; says what was made anew.

    What is lost for good goes to `found.lost`. Raises LibraryDamaged where nothing can be read.
    The caller holds the writer's lock.
    """
    if not isinstance(store, Store):  # a server mends its own pages
        return _indexes(store, found)
    if not found.unreadable:
        with suppress(LibraryDamaged):
            return _indexes(store, found)
    return _salvage(store, found)


def _indexes(store: Rows, found: Health) -> list[str]:
    """In one transaction. Raises LibraryDamaged where the pages are not whole after it."""
    done: list[str] = []
    with store.write() as db:
        if found.words and db.holds_words:
            words(db)
            done.append("the index of words")
        if found.shingles:
            db.execute("DELETE FROM shingles")
            _remember_all(db)
            done.append("the index of near-copies")
        if found.links:
            db.execute(
                "UPDATE articles SET copy_of = NULL WHERE copy_of NOT IN (SELECT id FROM articles)"
            )
            done.append("what is a copy of what")
        if found.stamps:
            db.execute("DELETE FROM removed WHERE n IN (SELECT n FROM passages)")
            restamp(db)
            done.append("the count of changes")
        if found.tables:
            db.execute("REINDEX")
            if wrong := sound(db):
                raise store.damaged(wrong[0])
            done.append("the database's indexes")
    return done


def words(db: Database) -> None:
    """The lexical index, made anew whatever state it is in."""
    db.execute("DROP TABLE IF EXISTS words")
    db.execute(schema.WORDS)
    index(db, "words")


def restamp(db: Database) -> None:
    """Counted on from the last write that left a trace, as another library: what was derived from
    the old count, on disk and in other processes, is derived anew."""
    known = [int(meta_of(db)["generation"])]
    for table in ("writes", "removed"):
        (last,) = db.execute(f"SELECT coalesce(max(generation), 0) FROM {table}").fetchone()  # noqa: S608
        known.append(int(last))
    describe(db, {"generation": 1 + max(known), "library": os.urandom(16).hex()})
    schema.stamp(db)


def _remember_all(db: Database) -> None:
    for number, text in db.execute("SELECT article, text FROM texts ORDER BY article").fetchall():
        copies.remember(db, number, text)


# --- pages that can't be read -------------------------------------------------------------------


def _salvage(store: Store, found: Health) -> list[str]:
    kept = _free(store.folder)
    fresh = store.folder / "library.salvage.tmp"
    fresh.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(store.file, isolation_level=None, timeout=30)) as old,
            closing(sqlite3.connect(fresh, isolation_level=None)) as new,
        ):
            (size,) = old.execute("PRAGMA page_size").fetchone()
            new.execute(f"PRAGMA page_size = {size}")
            new.execute("PRAGMA synchronous = OFF")  # (thrown away if anything comes between)
            _keep(old, kept)
            with tolerant(old):  # type: ignore[arg-type]
                new.execute("BEGIN")
                _copy(old, new, kept, found)
                new.execute("COMMIT")
            new.backup(old)  # one transaction of the library's file: whole or not at all
    except UNFIT as error:
        if not is_damage(error):
            raise
        raise LibraryDamaged(
            faults.damaged(store.folder, f"too little of it can be read: {error}")
        ) from error
    finally:
        for left in (fresh, fresh.with_name(f"{fresh.name}-journal")):
            left.unlink(missing_ok=True)
    return [
        "every page of the database, of what could be read; the damaged file is kept as "
        f"'{kept.name}'"
    ]


def _free(folder: Path) -> Path:
    names = ["library.damaged.sqlite", *(f"library.damaged-{n}.sqlite" for n in range(2, 1000))]
    return next(folder / name for name in names if not (folder / name).exists())


def _keep(old: sqlite3.Connection, kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as copy:
        old.backup(copy)  # page by page: it doesn't ask what they hold


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, kept: Path, found: Health) -> None:
    meta = dict(old.execute("SELECT name, value FROM meta").fetchall())
    wanted = ("encoder", "encoder_sha256", "dimension", "search_text")
    schema.create(new, {name: meta[name] for name in wanted})  # type: ignore[arg-type]
    new.execute("DELETE FROM writes")
    describe(new, {"generation": int(meta["generation"])})  # type: ignore[arg-type]
    tables = [
        name
        for (name,) in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if not name.startswith(("sqlite_", "words", "meta", "shingles"))
    ]
    for table in tables:
        columns = new.execute(f"PRAGMA table_info({table})").fetchall()
        names = ", ".join(f'"{name}"' for _, name, *_ in columns)
        kinds = [_KINDS[kind] for _, _, kind, *_ in columns]
        empty = [not needed for _, _, _, needed, *_ in columns]
        key = next((name for _, name, kind, *_, of in columns if of and kind == "INTEGER"), None)
        alone = sum(bool(of) for *_, of in columns) == 1
        marks = ", ".join("?" * len(columns))
        new.executemany(
            f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
            (
                row
                for row in _rows(old, table, names, key if alone else None)
                if all(
                    isinstance(value, kind) or (value is None and may)
                    for value, kind, may in zip(row, kinds, empty, strict=True)
                )
            ),
        )
    _tell_lost(old, new, kept, found)
    new.execute(
        "DELETE FROM articles WHERE n NOT IN (SELECT article FROM texts)"
    )  # its passages with it
    for table, column, parent in _PARENTS:
        key = "n" if parent != "texts" else "article"
        new.execute(
            f"DELETE FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {parent})"  # noqa: S608
        )
    new.execute("UPDATE articles SET copy_of = NULL WHERE copy_of NOT IN (SELECT id FROM articles)")
    new.execute("DELETE FROM removed WHERE n IN (SELECT n FROM passages)")
    restamp(new)  # type: ignore[arg-type]
    _remember_all(new)  # type: ignore[arg-type]
    index(new, "words")  # type: ignore[arg-type]


def _rows(
    db: sqlite3.Connection, table: str, names: str, key: str | None
) -> Iterator[Sequence[Any]]:
    """From the first on and from the last back as far as pages can be read; then, one by one, those
    between."""
    chosen = f"SELECT {names} FROM {table}"  # noqa: S608
    if key is None:
        with suppress(*UNFIT):
            yield from db.execute(chosen)
        return
    at = names.split(", ").index(f'"{key}"')
    first: int | None = None
    try:
        for row in db.execute(f"{chosen} ORDER BY {key}"):
            first = row[at]
            yield row
        return
    except UNFIT:
        pass
    last: int | None = None
    with suppress(*UNFIT):
        for row in db.execute(f"{chosen} ORDER BY {key} DESC"):
            if first is not None and row[at] <= first:
                return
            last = row[at]
            yield row
    first = first or 0
    for number in range(first + 1, min(last if last is not None else 2**62, first + _GAP)):
        with suppress(*UNFIT):
            yield from db.execute(f"{chosen} WHERE {key} = ?", [number]).fetchall()


def _tell_lost(old: sqlite3.Connection, new: sqlite3.Connection, kept: Path, found: Health) -> None:
    where = f"what is left of it is in '{kept.name}'"
    for id, title, url, path in new.execute(
        "SELECT id, title, url, path FROM articles WHERE n NOT IN (SELECT article FROM texts)"
    ):
        found.lost.append(
            f"the text of article {id} ({title!r}) can't be read: add {url or path!r} again; "
            f"{where}"
        )
    for (text,) in new.execute(
        "SELECT text FROM texts WHERE article NOT IN (SELECT n FROM articles)"
    ):
        found.lost.append(
            f"an article whose title and date can't be read, beginning {text[:60]!r}, is to be "
            f"added again; {where}"
        )
    with suppress(*UNFIT):
        (numbers,) = new.execute(
            "SELECT count(*) FROM (SELECT n FROM articles UNION SELECT article FROM texts)"
        ).fetchone()
        (had,) = old.execute("SELECT count(DISTINCT article) FROM passages").fetchone()
        if had > numbers:
            found.lost.append(
                f"{had - numbers} articles of which neither text nor title can be read; {where}"
            )
