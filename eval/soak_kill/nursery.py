"""The process that writers are forked from, one that has imported everything: a kill then costs
milliseconds. `WORK` is what they do.

A point is a statement that SQLite or PostgreSQL is given, or a file of the library (or of the place
that it is moved to) that is opened, renamed or removed; most kills come at a random one, for most
of the time nothing is being written. The others come at a random time.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from eval.soak_kill.moves import FOLDER, SERVER
from eval.soak_kill.stand_ins import Here, WordHash, opened
from index.errors import EncoderMismatch, LibraryBusy
from index.following.clock import Clock
from index.following.refresh import refresh
from index.ingest import Outcome, take
from index.library import Library, moved
from index.reading.items import of_file
from index.storing import building

WAIT = 60.0  # seconds for the other writer
_TURN = 3  # articles for which the writer's lock is held at once

Job = dict[str, Any]
Report = Callable[[Iterable[Outcome]], None]


def _add(library: Library, job: Job, report: Report) -> None:
    found = [item for path in job["targets"] for item in of_file(Path(path), None)]
    turns = [found[at : at + _TURN] for at in range(0, len(found), _TURN)]
    report(take(library, turns, wait=WAIT))


def _remove(library: Library, job: Job, report: Report) -> None:
    with library.writing(wait=WAIT):
        library.remove(job["ids"])


def _rebuild(library: Library, job: Job, report: Report) -> None:
    with library.writing(wait=WAIT):
        library.reindex(WordHash(job["to"]))


def _build(library: Library, job: Job, report: Report) -> None:
    building.build(library.path)


def _refresh(library: Library, job: Job, report: Report) -> None:
    chance = random.Random(job["seed"])  # noqa: S311

    def jumping() -> float:
        return time.time() + chance.choice((0.0, -1.0, 1.0)) * chance.uniform(0, 3e8)

    found = refresh(library, clock=Clock(now=jumping, sleep=lambda _: None), reader=Here())
    report(outcome for outcome in found if outcome.status != "gone")


def _migrate(library: Library, job: Job, _: Report) -> None:
    until = time.monotonic() + WAIT
    while True:
        try:
            moved(library.path, job["target"])
            return
        except LibraryBusy:  # the second writer is at it; a person would try again
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


WORK: dict[str, Callable[[Library, Job, Report], None]] = {
    "add": _add,
    "update": _add,
    "remove": _remove,
    "rebuild": _rebuild,
    "build": _build,
    "refresh": _refresh,
    FOLDER: _migrate,
    SERVER: _migrate,
}
"""By name; each reports what it has stored."""


def nurse(folder: str) -> None:
    """Forks the jobs of each request at once, kills the first as is asked, waits for all.

    A line each: "JOB PATH HASH" for an article that is stored, "JOB done SECONDS POINTS", "JOB
    mismatch" where the library was encoded anew meanwhile, and "over".
    """
    with suppress(ImportError):  # (once, and not in every child)
        importlib.import_module("index.storing.postgres.server")
    for line in sys.stdin:
        request = json.loads(line)
        children = []
        for number, job in enumerate(request["jobs"]):
            child = os.fork()
            if not child:
                _run(folder, number, job)
            children.append(child)
        if "after" in request:
            time.sleep(request["after"])
            os.kill(children[0], signal.SIGKILL)  # ours until it is waited for
        for child in children:
            os.waitpid(child, 0)
        _say("over")


def _run(folder: str, number: int, job: Job) -> None:
    code = 1
    try:
        began = time.perf_counter()
        counted = count_points((folder, job.get("target", folder)), job.get("point"))

        def report(outcomes: Iterable[Outcome]) -> None:
            for outcome in outcomes:
                if (article := outcome.article) is not None:
                    _say(f"{number}\t{article.path}\t{article.content_hash}")

        try:
            with opened(folder, job["encoder"]) as library:
                WORK[job["do"]](library, job, report)
            _say(f"{number}\tdone\t{time.perf_counter() - began}\t{next(counted)}")
        except EncoderMismatch:
            _say(f"{number}\tmismatch")
        code = 0
    except BaseException as error:
        _say(f"{number}\tfailed\t{type(error).__name__}: {error}".replace("\n", " "))
    finally:
        os._exit(code)


def count_points(folders: str | tuple[str, ...], last: int | None) -> Iterator[int]:
    """Counts the points from now on; this process dies at the last. Files are of these folders."""
    count = itertools.count()
    plain = sqlite3.connect
    kinds = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "shutil.rmtree"}

    def point(_: object = None) -> None:
        if next(count) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(event: str, arguments: Sequence[Any]) -> None:
        if event in kinds and str(arguments[0]).startswith(folders):
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
    return count


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())
