"""What an error of SQLite means to a person: only real corruption is called damage."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from index.errors import DatelineError, LibraryBusy, LibraryDamaged

_KEPT = "what was stored before is kept"
_LEAST = 256 << 10  # bytes: a disk with less is full, whatever else SQLite says


def from_sqlite(error: sqlite3.Error | MemoryError, folder: Path) -> DatelineError:
    """One sentence: what happened, to which library, and what to do."""
    library = f"the library '{folder}'"
    if isinstance(error, MemoryError):
        return DatelineError(f"there isn't enough memory to use {library}; close other programs")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or (
        str(error).startswith("Could not decode to UTF-8")  # (Python's own, without a code)
    ):
        return LibraryDamaged(damaged(folder, str(error)))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryBusy(f"{library} is being written by another process; try again when it is "
                           "done")  # fmt: skip
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and is_full(folder)):
        return full(folder)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        if not writable(folder):
            return read_only(folder)
        if is_full(folder):
            return full(folder)
        return DatelineError(f"{library} can't be opened ({error}); check its permissions")
    if code == sqlite3.SQLITE_IOERR:
        return DatelineError(f"the disk of {library} doesn't read or write as it should ({error}); "
                             f"{_KEPT}; check the disk")  # fmt: skip
    if code == sqlite3.SQLITE_NOMEM:
        return DatelineError(f"there isn't enough memory to use {library}; close other programs")
    if "no such module: fts5" in str(error):
        return DatelineError(
            "this Python's SQLite comes without FTS5, which search needs; use another build of "
            f"Python ({library} itself is as it was)"
        )
    return DatelineError(
        f"a mistake in Dateline ({error}) ended what it did with {library}, which is as it was "
        "before; --debug shows where, for a report"
    )


def from_system(error: OSError, folder: Path) -> DatelineError:
    """As `from_sqlite`, of a file that was to be made beside the library's."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full(folder)
    if error.errno == errno.EROFS or not writable(folder):
        return read_only(folder)
    return DatelineError(
        f"the library '{folder}' can't be written ({error.strerror}); check its permissions"
    )


def full(folder: Path) -> DatelineError:
    return DatelineError(
        f"no space is left on the disk of the library '{folder}': {_KEPT}, the rest isn't; "
        "free some space and try again"
    )


def read_only(folder: Path) -> DatelineError:
    return DatelineError(
        f"the library '{folder}' can only be read here: its folder can't be written; list, search "
        "and ask work, and a copy of the folder elsewhere can be added to"
    )


def damaged(folder: Path, what: str) -> str:
    return (
        f"the library '{folder}' is damaged ({what}); `dateline check` says what is whole, "
        "`dateline check --repair` builds anew what can be, and 'library.sqlite' of a backup "
        "brings back the rest"
    )


def writable(folder: Path) -> bool:
    """Also false for root on what is mounted read-only."""
    file = folder / "library.sqlite"
    return os.access(folder, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))


def is_full(folder: Path) -> bool:
    """Whether next to nothing is left of the disk."""
    try:
        return shutil.disk_usage(folder).free < _LEAST
    except OSError:
        return False
