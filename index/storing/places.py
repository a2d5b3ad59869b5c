"""From a library's place, as a person names it, to its rows: a folder, or a server's database."""

from __future__ import annotations

import re
from pathlib import Path

from index.errors import LibraryMissing, UsageError
from index.storing.database import Rows
from index.storing.postgres.address import Address, is_address
from index.storing.store import Store

Place = str | Path
"""A folder's path, or the address of a database: postgresql://user@host/database."""


def rows_at(place: Place) -> Rows:
    """Opens nothing yet. Raises UsageError (an address that isn't one, a file where a folder should
    be, PostgreSQL's client isn't installed)."""
    if is_address(place):
        try:
            from index.storing.postgres.server import Server
        except ImportError as error:
            raise UsageError(
                "a library on a PostgreSQL server needs its client; get it with: "
                "pip install 'dateline[postgres]'"
            ) from error
        return Server(str(place))
    path = Path(place).expanduser()
    if path.exists() and not path.is_dir():
        raise UsageError(f"'{path}' is a file; a library is a folder: name another path")
    return Store(path)


def there(place: Place) -> bool:
    """Whether a library is there already. Raises DatelineError where a server can't say."""
    rows = rows_at(place)
    try:
        return rows.exists()
    except LibraryMissing:  # no such database
        return False
    finally:
        rows.close()


def named(text: str) -> Place:
    """A place as it was typed: a path, or an address. Raises UsageError for neither."""
    if is_address(text):
        return text
    if not text.strip():
        raise UsageError(
            "the library's place is empty; name a folder or postgresql://host/database"
        )
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        raise UsageError(
            f"'{text.partition('://')[0]}://…' is no place for a library; name a folder or "
            "postgresql://host/database"
        )
    return Path(text).expanduser()


def folder_of(place: Place) -> Path:
    """The folder on this machine: the library's own, or of what is derived from a server's."""
    return Address.of(str(place)).folder() if is_address(place) else Path(place).expanduser()


def called(place: Place) -> str:
    """What the same library is always called: its address without a password, or its whole path."""
    return Address.of(str(place)).name if is_address(place) else str(folder_of(place).resolve())
