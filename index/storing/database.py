"""What the truth of a library does, wherever it lies: SQLite in a folder, PostgreSQL on a server.

The functions of `index.storing` (rows, listing, holdings, copies) are written once, in the SQL that
both speak; what they don't share (tables, connections, locks, what an error means) is behind
`Rows`. A parameter is a `?`, a day an ISO string, a vector two bytes a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from index.errors import LibraryDamaged

NO_LIMIT = 2**62  # rows: what both take for "all"


class Database(Protocol):
    """A snapshot, or a transaction. `execute` gives a cursor: fetchone, fetchall, a loop.

    `holds_words`: whether the lexical index is a table among these, written with the rows.
    """

    holds_words: bool

    def execute(self, sql: str, values: Any = ..., /) -> Any: ...
    def executemany(self, sql: str, values: Any, /) -> Any: ...


class Lock(Protocol):
    """The writer's: one process at a time, any of its threads; it goes with a process that dies."""

    def held(
        self, *, wait: float = 0, last: Callable[[], None] = lambda: None
    ) -> AbstractContextManager[None]:
        """Holds it; `last` runs before the last holder lets go. Raises LibraryBusy."""
        ...


class Rows(Protocol):
    """Articles and passages, one transaction an article. Thread-safe.

    `name` is what a person called it, without a password; `folder` where this machine keeps what is
    derived; `home` the folder that the library itself lies in, if it does; `layout` today's;
    `holds_words` as of a Database.
    """

    name: str
    folder: Path
    home: Path | None
    layout: int
    holds_words: bool

    def exists(self) -> bool: ...

    def create(self, encoder: dict[str, Any]) -> None:
        """Makes the library if there is none yet. Safe if two processes try."""
        ...

    def filling(self) -> AbstractContextManager[Database]:
        """Empty tables for all rows of another library, its description too: the library is there
        when the block ends, whole, or not at all. Raises UsageError where there is one."""
        ...

    def verify(self) -> int:
        """The layout, at most today's. Raises LibraryMissing, LibraryVersion, LibraryDamaged,
        UsageError."""
        ...

    def upgrade(self) -> object:
        """Brings an earlier layout up to today's. Raises LibraryVersion where it can't."""
        ...

    def read(self) -> AbstractContextManager[Database]:
        """A snapshot: all that is read inside is of one generation."""
        ...

    def write(self, *, counted: bool = True) -> AbstractContextManager[Database]:
        """One transaction, with the generation counted up; undone if the block raises.

        What touches no article and no passage isn't `counted`.
        """
        ...

    def lock(self) -> Lock: ...

    def size(self) -> int:
        """Bytes that the library takes."""
        ...

    def missing(self) -> str:
        """That there is no library, and how one is made."""
        ...

    def damaged(self, what: str) -> LibraryDamaged: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class State:
    """A state that the rows have been in: which library, which write, and that write's token."""

    library: str
    generation: int
    token: str


def meta_of(db: Database) -> dict[str, Any]:
    """`library` (an id), `generation`, `encoder`, `encoder_sha256`, `dimension`, `search_text`;
    where its encoder was told since they are kept: `passage_prefix`, `query_prefix`."""
    meta = dict(db.execute("SELECT name, value FROM meta").fetchall())
    return meta | {name: int(meta[name]) for name in _NUMBERS if name in meta}


_NUMBERS = ("generation", "dimension", "search_text")


def describe(db: Database, meta: dict[str, Any]) -> None:
    db.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [(name, str(value)) for name, value in meta.items()],
    )


def token(db: Database, generation: int) -> str | None:
    """Of a write; None for one that this library hasn't had."""
    row = db.execute("SELECT token FROM writes WHERE generation = ?", [generation]).fetchone()
    return str(row[0]) if row else None


def state_of(db: Database) -> State:
    """The rows' own, as of this snapshot."""
    meta = meta_of(db)
    generation = int(meta["generation"])
    return State(str(meta["library"]), generation, token(db, generation) or "")


def has_been(db: Database, state: State) -> bool:
    """Whether it is this snapshot's own past (or present)."""
    meta = meta_of(db)
    return meta["library"] == state.library and token(db, state.generation) == state.token


def placeholders(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder and below, as far as they can be seen."""

    def size(file: Path) -> int:
        try:
            return file.stat().st_size
        except OSError:  # SQLite's side files come and go
            return 0

    return sum(size(file) for file in folder.rglob("*") if file.is_file())
