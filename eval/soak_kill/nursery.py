"""The process that writers are forked from, one that has imported everything: a kill then costs
milliseconds. `WORK` is what they do; `eval.soak_kill.points` says when they are killed."""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from eval.soak_kill.moves import FOLDER, SERVER
from eval.soak_kill.points import Moment, count_points
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

    A line each: "JOB PATH HASH" for an article that is stored, "JOB done SECONDS POINTS FILES",
    "JOB mismatch" where the library was encoded anew meanwhile, and "over".
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
        at = Moment(point=job.get("point"), file=job.get("file"))
        long = count_points((folder, job.get("target", folder)), at)

        def report(outcomes: Iterable[Outcome]) -> None:
            for outcome in outcomes:
                if (article := outcome.article) is not None:
                    _say(f"{number}\t{article.path}\t{article.content_hash}")

        try:
            with opened(folder, job["encoder"]) as library:
                WORK[job["do"]](library, job, report)
            _say(f"{number}\tdone\t{time.perf_counter() - began}\t{long.points}\t{long.files}")
        except EncoderMismatch:
            _say(f"{number}\tmismatch")
        code = 0
    except BaseException as error:
        _say(f"{number}\tfailed\t{type(error).__name__}: {error}".replace("\n", " "))
    finally:
        os._exit(code)


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())
