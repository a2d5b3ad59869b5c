"""When a process is killed.

A point is a statement that SQLite or PostgreSQL is given, or a file of the library (or of the place
that it is moved to) that is opened, renamed or removed. Most kills come at a random point, for most
of the time nothing is being written; some of them at a file, for these are few, or near the end,
where what was done is put into use. The others come at a random time.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TIMED, _FILES, _ENDS = 0.3, 0.2, 0.1  # of the kills
_END = 10  # points
_KINDS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "shutil.rmtree"}


@dataclass(slots=True)
class Long:
    """How long a work was: in seconds, in points, and in those of them that are files."""

    seconds: float = 0.0
    points: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """After so many seconds, or at the point of this number, or at the file of this number."""

    after: float | None = None
    point: int | None = None
    file: int | None = None


def moment(chance: random.Random, long: Long) -> Moment:
    drawn = chance.random()
    if drawn < _TIMED:
        return Moment(after=chance.uniform(0, long.seconds))
    if drawn < _TIMED + _FILES:
        return Moment(file=chance.randint(0, max(0, long.files - 1)))
    first = 1
    if drawn < _TIMED + _FILES + _ENDS:
        first = max(1, long.points - _END)
    return Moment(point=chance.randint(first, max(1, long.points)))


def count_points(folders: str | tuple[str, ...], at: Moment) -> Long:
    """Counts from now on, in what it gives back; this process dies at the moment. Files are of
    these folders."""
    long = Long()
    plain = sqlite3.connect

    def point(_: object = None) -> None:
        if long.points == at.point:
            os.kill(os.getpid(), signal.SIGKILL)
        long.points += 1

    def audited(event: str, arguments: Sequence[Any]) -> None:
        if event in _KINDS and str(arguments[0]).startswith(folders):
            if long.files == at.file:
                os.kill(os.getpid(), signal.SIGKILL)
            long.files += 1
            point()

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = plain(*arguments, **named)
        db.set_trace_callback(point)
        return db

    sqlite3.connect = connect  # type: ignore[assignment]
    if (client := sys.modules.get("psycopg")) is not None:
        asked = client.Cursor.execute

        def execute(*arguments: Any, **named: Any) -> Any:
            point()
            return asked(*arguments, **named)

        client.Cursor.execute = execute
    sys.addaudithook(audited)
    return long
