"""Where a library's conversations are: a file in the user's own data, found again when the library
has moved. Knows nothing of what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TypedDict

from index.files import write

_INDEX = "places.json"


class _Entry(TypedDict):
    """Of a file: which library it is of, by the id that it carries, and where that was last."""

    library: str
    path: str


def place(library: Path, id: str = "") -> Path:
    """The file of a library's conversations, in DATELINE_CONVERSATIONS, else the user's own data.

    It is the one of that place; else, where the library (by its `id`) has been moved here, the one
    that it had. A copy beside its original has its own. One that an earlier Dateline kept inside
    the library is moved out of it.
    """
    folder = _folder()
    where = library.expanduser().resolve()
    entries = _read(folder / _INDEX)
    name = _known(entries, where, id) or _new(entries, where, id)
    entry = _Entry(library=id, path=str(where))
    if id and entries.get(name) != entry:
        write(folder / _INDEX, json.dumps(entries | {name: entry}, indent=1))
    _take_out(library / "conversations.sqlite", folder / name)
    return folder / name


def _folder() -> Path:
    named = os.environ.get("DATELINE_CONVERSATIONS")
    if named:
        folder = Path(named).expanduser()
    else:
        from platformdirs import user_data_path

        folder = user_data_path("dateline", appauthor=False) / "conversations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _known(entries: dict[str, _Entry], where: Path, id: str) -> str:
    for name, entry in entries.items():
        if entry["path"] == str(where):
            return name
    for name, entry in entries.items():
        gone = not Path(entry["path"], "library.sqlite").exists()
        if id and entry["library"] == id and gone:
            return name
    return ""


def _new(entries: dict[str, _Entry], where: Path, id: str) -> str:
    """By the place, as always; but that may be the file of a library that was there before."""
    mark = hashlib.sha256(str(where).encode()).hexdigest()[:12]
    name = f"{where.name}-{mark}.sqlite"
    return f"{where.name}-{mark}-{id[:12]}.sqlite" if name in entries else name


def _read(index: Path) -> dict[str, _Entry]:
    """Without it, files are found by their library's place."""
    try:
        kept = json.loads(index.read_text(encoding="utf-8"))
        return {
            str(name): _Entry(library=str(entry["library"]), path=str(entry["path"]))
            for name, entry in kept.items()
            if Path(name).name == name
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _take_out(before: Path, file: Path) -> None:
    if not before.exists() or file.exists():
        return
    half = file.with_suffix(".new")
    half.unlink(missing_ok=True)
    with closing(sqlite3.connect(before)) as old, closing(sqlite3.connect(half)) as new:
        old.backup(new)
    half.replace(file)
    for part in ("", "-wal", "-shm"):
        before.with_name(before.name + part).unlink(missing_ok=True)
