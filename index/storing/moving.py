"""A library from one place to another: every row as it was, numbers and history too.

The library at the other end is there when all of it is, compared row by row, and not before: a
move that was cut off leaves nothing, and is begun again. What is derived isn't moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from index.errors import DatelineError, UsageError
from index.storing import faults, health
from index.storing.database import Database, Rows, State, state_of
from index.storing.schema import place

Progress = Callable[[int, int], None]
"""Told how many of how many rows are done: each is copied, and read back."""

# every table, in an order in which what is referred to comes first, with what its rows are known by
TABLES: dict[str, tuple[str, ...]] = {
    "meta": ("name",),
    "writes": ("generation",),
    "removed": ("n",),
    "articles": ("n",),
    "texts": ("article",),
    "passages": ("n",),
    "shingles": ("hash", "article"),
    "versions": ("n",),
    "followed": ("n",),
    "lists": ("followed", "address"),
    "items": ("n",),
    "listed": ("followed", "item"),
    "held": ("article", "item"),
    "hosts": ("host",),
}
_ROWS = 1000  # at once


@dataclass(frozen=True, slots=True)
class Moved:
    """What is at the other end; `already`: it was there before, and is the same."""

    articles: int
    passages: int
    versions: int
    followed: int
    already: bool = False


@dataclass(frozen=True, slots=True)
class _Account:
    """A table's rows: how many, and the SHA-256 of all their values."""

    rows: int
    sha256: str


def move(source: Rows, target: Rows, progress: Progress | None = None) -> Moved:
    """Copies a library; the one at `source` stays. Nobody can write to it meanwhile: they wait for
    its lock. Where this process can't have that (a folder that it may only read), or it was lost (a
    server's connection), and something was written, nothing is moved.

    Raises UsageError where `target` holds something else, LibraryBusy, LibraryMissing, and
    DatelineError: then `target` is as it was.
    """
    if source.home is not None and not faults.writable(source.home):
        return _moved_whole(source, target, progress)
    with source.lock().held():  # what is added now would be left behind
        return _moved_whole(source, target, progress)


def copy(source: Rows, target: Rows, progress: Progress | None = None) -> Moved:
    """The same, as of now, and others may write meanwhile."""
    return _copied(source, target, progress, lambda _: None)


def _moved_whole(source: Rows, target: Rows, progress: Progress | None) -> Moved:
    def check(copied: State) -> None:
        with source.read() as now:
            if state_of(now) != copied:
                raise DatelineError(
                    f"'{source.name}' was written to while it was moved, so nothing was; try again "
                    "when nobody writes to it"
                )

    return _copied(source, target, progress, check)


def _copied(
    source: Rows, target: Rows, progress: Progress | None, check: Callable[[State], None]
) -> Moved:
    """`check` is told the state that is at the target in a moment, and may raise."""
    if source.name == target.name:
        raise UsageError(f"'{source.name}' can't be moved to itself; name another place")
    with source.read() as old:
        counted = _counted(old, progress)
        if target.exists():
            accounts = _same(old, target, counted)
            check(state_of(old))
            return _moved(accounts, already=True)
        with target.filling() as new:
            accounts = {name: _copy(old, new, target, name, counted) for name in TABLES}
            if new.holds_words:
                health.index(new, "words")
            _compare(target, accounts, _accounts(new, counted))
            _compare_texts(new)
            check(state_of(old))
        return _moved(accounts)


def _copy(
    old: Database, new: Database, target: Rows, table: str, counted: Callable[[int], None]
) -> _Account:
    columns = _columns(old, table)
    quoted = ", ".join(f'"{name}"' for name in columns)
    into = f"INSERT INTO {table} ({quoted}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    at = {name: number for number, name in enumerate(columns)}

    def copied() -> Iterator[list[tuple[Any, ...]]]:
        for rows in _rows(old, table, counted):
            if table == "articles":
                moved = []
                for row in rows:
                    values = list(row)
                    values[at["place"]] = place(row[at["path"]], target.home)
                    moved.append(tuple(values))
                new.executemany(into, moved)
            else:
                new.executemany(into, rows)
            yield rows

    return _account(copied())


def _rows(
    db: Database, table: str, counted: Callable[[int], None]
) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table, in the order of what they are known by, some at a time. (What places
    are seen from differs, and so do they: they are left out; the layout is the engine's own.)"""
    key = TABLES[table]
    columns = _columns(db, table)
    chosen = ", ".join("NULL" if name == "place" else f'"{name}"' for name in columns)
    at = [columns.index(name) for name in key]
    known, marks = ", ".join(key), ", ".join("?" * len(key))
    last: list[Any] = []
    while True:
        after = f" WHERE ({known}) > ({marks})" if last else ""
        rows = db.execute(
            f"SELECT {chosen} FROM {table}{after} ORDER BY {known} LIMIT {_ROWS}",  # noqa: S608
            last,
        ).fetchall()
        if not rows:
            return
        last = [rows[-1][number] for number in at]
        if table == "meta":
            rows = [(name, str(value)) for name, value in rows if name != "layout"]
        counted(len(rows))
        yield rows


def _columns(db: Database, table: str) -> list[str]:
    cursor = db.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608
    return sorted(column[0] for column in cursor.description)


def _account(batches: Iterator[list[tuple[Any, ...]]]) -> _Account:
    digest, count = hashlib.sha256(), 0
    for rows in batches:
        count += len(rows)
        for row in rows:
            digest.update(repr(row).encode())
    return _Account(count, digest.hexdigest())


def _accounts(db: Database, counted: Callable[[int], None]) -> dict[str, _Account]:
    return {table: _account(_rows(db, table, counted)) for table in TABLES}


def _same(old: Database, target: Rows, counted: Callable[[int], None]) -> dict[str, _Account]:
    """What both hold. Raises UsageError where that isn't the same."""
    target.verify()
    with target.read() as there:
        if state_of(there) == state_of(old):
            accounts = _accounts(old, counted)
            if _accounts(there, counted) == accounts:
                _compare_texts(there)
                return accounts
    raise UsageError(
        f"'{target.name}' holds something else already; name another place, or remove what is "
        "there first"
    )


def _compare(target: Rows, read: dict[str, _Account], written: dict[str, _Account]) -> None:
    """Raises DatelineError if a row isn't what it was."""
    for table, account in read.items():
        if written[table] != account:
            raise DatelineError(
                f"what was written to '{target.name}' isn't what was read ({table}: "
                f"{written[table].rows} rows of {account.rows}); nothing of it is kept: try again"
            )


def _compare_texts(new: Database) -> None:
    """Raises DatelineError if a text isn't what was stored."""
    last = 0
    while rows := new.execute(
        "SELECT a.n, a.id, a.content_hash, t.text FROM articles a JOIN texts t ON t.article = a.n"
        " WHERE a.n > ? ORDER BY a.n LIMIT ?",
        [last, _ROWS],
    ).fetchall():
        for _, id, content, text in rows:
            if hashlib.sha256(text.encode()).hexdigest() != content:
                raise DatelineError(
                    f"the text of article {id} isn't what was stored, so nothing was moved; "
                    "`dateline check` says more, and adding or removing the article mends it"
                )
        last = rows[-1][0]


def _counted(db: Database, progress: Progress | None) -> Callable[[int], None]:
    total = 2 * sum(
        db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in TABLES
    )
    total -= 2 * db.execute("SELECT count(*) FROM meta WHERE name = 'layout'").fetchone()[0]
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(min(done, total), total)

    return count


def _moved(accounts: dict[str, _Account], *, already: bool = False) -> Moved:
    return Moved(
        accounts["articles"].rows,
        accounts["passages"].rows,
        accounts["versions"].rows,
        accounts["followed"].rows,
        already,
    )
