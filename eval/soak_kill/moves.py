"""Where a library is moved to, and what has to be there after the move was killed: nothing, or all
of it; and after it was begun again, all of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Literal

from eval.soak_kill import cluster
from eval.soak_kill.reading import EVERYTHING, MODES, by_article, not_whole
from eval.soak_kill.stand_ins import opened
from index.errors import DatelineError, LibraryMissing
from index.library import Library, moved
from index.storing.moving import Moved
from index.storing.places import folder_of, there

Contents = Mapping[str, tuple[object, ...]]
"""Of each article, by path: the hash of its text, its passages, the hashes of earlier versions."""

Left = Literal["nothing", "all", "earlier"]
"""`earlier`: all that the source held before something was added to it."""

FOLDER, SERVER = "migrate", "migrate to a server"


class Targets:
    """Places that nothing is at. `lacking` says why nothing can be moved to a server here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._cluster: cluster.Cluster | None = None
        self.lacking = ""
        programs = cluster.binaries()
        if programs is None:
            self.lacking = "PostgreSQL's server isn't on this machine"
        elif find_spec("psycopg") is None:
            self.lacking = "PostgreSQL's client isn't installed"
        else:
            self._cluster = cluster.Cluster(programs)
            self._cluster.start()

    def new(self, what: str) -> str:
        if what == SERVER and self._cluster is not None:
            return self._cluster.database()
        return str(self._folder / f"moved-{next(self._numbers)}")

    def forget(self, target: str) -> None:
        shutil.rmtree(folder_of(target), ignore_errors=True)
        if self._cluster is not None and target.startswith("postgresql:"):
            self._cluster.drop(target)

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.remove()


@contextmanager
def cache(folder: Path) -> Iterator[None]:
    """What this machine keeps of a server's library lies there meanwhile."""
    before = os.environ.get("DATELINE_CACHE")
    os.environ["DATELINE_CACHE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["DATELINE_CACHE"]
        if before is not None:
            os.environ["DATELINE_CACHE"] = before


def after(source: Path, target: str, late: set[str]) -> tuple[Left, list[str]]:
    """What a move has left at the target, and what is wrong with it. `late`: the articles that may
    have been added to the source since."""
    if not there(target):
        try:
            Library.open(target).close()
        except LibraryMissing:
            return "nothing", []
        except DatelineError as error:
            return "nothing", [f"what is left of a move isn't taken for nothing: {error}"]
        return "nothing", ["a library that isn't there can be opened"]
    with opened(source) as library:
        here = contents(library)
    with opened(target) as library:
        left: Left = "all" if len(library) == len(here) else "earlier"
    return left, whole(target, here, late)


def again(source: Path, target: str, *, already: bool) -> list[str]:
    """What is wrong once the move is begun again."""
    try:
        made = moved(source, target)
    except DatelineError as error:
        return [f"it can't be begun again: {error}"]
    with opened(source) as library:
        here, status = contents(library), library.status()
        with library.reading() as db:
            versions, followed = (
                int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
                for table in ("versions", "followed")
            )
    wrong = whole(target, here, set())
    if made != Moved(status.articles, status.passages, versions, followed, already):
        wrong.append(f"what was moved is reported as {made}")
    return wrong


def whole(target: str, here: Contents, late: set[str]) -> list[str]:
    """What is wrong with the library at the target, beside the source's contents: every byte is
    compared, and all has to be found."""
    with opened(target) as library:
        wrong = unlike(here, contents(library), late)
        wrong += library.inspect().problems
        paths = {str(head.path) for head in library.heads()}
        for mode in MODES:
            hits = library.search(EVERYTHING, 100_000, mode=mode)
            wrong += not_whole(hits)
            if set(by_article(hits)) != paths:
                wrong.append(f"{mode} search doesn't find just what is there")
    return [f"at the target: {what}" for what in wrong]


def unlike(source: Contents, target: Contents, late: set[str]) -> list[str]:
    """Where the target isn't the source as it was before the late articles came."""
    wrong = [f"{path} is lost" for path in source if path not in target and path not in late]
    for path, held in target.items():
        if path not in source:
            wrong.append(f"{path} is there, and isn't in the source")
        elif held != source[path]:
            wrong.append(f"{path} isn't what it is in the source")
    return wrong


def contents(library: Library) -> Contents:
    return {
        str(a.path): (
            a.id,
            a.content_hash,
            tuple((p.id, p.start, p.end) for p in library.passages(a.id)),
            tuple(v.text for v in library.versions(a.id)),
        )
        for a in library.articles()
    }
