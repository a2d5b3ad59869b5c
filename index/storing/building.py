"""Which forms the indexes of a library have, and a process of its own that builds the large ones.

A writer that ends its work, or a search that finds the words behind, asks for what is wanted; the
process reads the rows in one snapshot, builds beside all else, and swaps its work in whole. Killed
at any moment, it leaves what was there. `python -m index.storing.building FOLDER WHAT…` runs it.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock, Timeout

from index.errors import DatelineError
from index.storing import vectors
from index.storing.candidates.runs import Runs
from index.storing.database import meta_of
from index.storing.store import FILE, Store

BUILT_SHARE = 0.2  # of a built form: so many changes since, and it is built anew
BEHIND = 1_000  # changes that the files of words lack: what a process reads when it starts

_ROWS = "building.rows.tmp"
_FORM = "building.ivf.tmp"
_LOCK = "building.lock"


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many passages on a library's indexes are held in their large forms.

    `vectors`: below, comparing with every one is quick, and so is reading them when a process
    starts. `words`: below, SQLite's own table is quick enough (eval/DECISIONS.md). They are built
    `apart`, by a process of its own; `here`, at once, by whoever needs them; or never: what isn't
    built is found without.
    """

    vectors: int = 60_000
    words: int = 30_000
    built: Literal["apart", "here", "never"] = "apart"


STANDARD = Limits()


def wanted(index: vectors.VectorIndex, limits: Limits) -> bool:
    """Whether another form would serve these vectors better than the one that they have."""
    if len(index) < limits.vectors:
        return False
    return index.form is None or index.stale() > BUILT_SHARE * index.form.passages


def words_wanted(behind: int, held: int) -> bool:
    """Whether files of so many passages that lack so many changes should be brought on."""
    return behind > min(BEHIND, BUILT_SHARE * held)


def start(folder: Path, *what: Literal["vectors", "words"]) -> None:
    """Starts the process, which goes on when this one ends. Raises OSError.

    Rows that lie on a server are left to the candidates' own engine: nothing is started.
    """
    if not (folder / FILE).is_file():
        return
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    subprocess.Popen(
        [sys.executable, "-m", "index.storing.building", str(folder.absolute()), *what],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def build(folder: Path) -> vectors.Form | None:
    """Builds the form of a library's vectors as it is now and puts it into use; None if another
    process is at it, or there is nothing to build from. Raises OSError (a full disk) and
    DatelineError."""
    try:
        with FileLock(folder / _LOCK, timeout=0):
            return _build(folder)
    except Timeout:
        return None


def follow_words(folder: Path) -> bool:
    """Brings the files of words to the library's newest state; False if another process is at it.
    Raises OSError, ValueError (they can't be read) and DatelineError."""
    from index.storing.candidates import words  # the one that needs tantivy

    store = Store(folder)
    try:
        if not words.follow(store, folder):
            return False
        with store.read() as db:
            Runs(folder).save(db)
        return True
    finally:
        store.close()


def _build(folder: Path) -> vectors.Form | None:
    rows, file = folder / _ROWS, folder / _FORM
    store = Store(folder)
    try:
        with store.read() as db:
            meta = meta_of(db)
            library, generation = str(meta["library"]), int(meta["generation"])
            (token,) = db.execute(
                "SELECT token FROM writes WHERE generation = ?", [generation]
            ).fetchone()
            numbers: list[int] = []
            with rows.open("wb") as out:
                held = db.execute("SELECT n, vector FROM passages ORDER BY n")
                while some := held.fetchmany(4096):
                    numbers += [n for n, _ in some]
                    out.write(b"".join(vector for _, vector in some))
        if not numbers:
            return None
        shape = (len(numbers), int(meta["dimension"]))
        form = vectors.build(
            file,
            np.array(numbers, dtype=np.int64),
            np.memmap(rows, dtype="<f2", mode="r", shape=shape),
            library,
            generation,
            token,
            f"built.{secrets.token_hex(8)}.ivf",
        )
        vectors.swap(folder, file, form)
        return form
    finally:
        store.close()
        for left in (rows, file):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _main(folder: Path, what: Sequence[str]) -> int:
    with suppress(AttributeError, OSError):
        os.nice(10)
    try:
        if "words" in what:
            follow_words(folder)
        if "vectors" in what:
            build(folder)
    except (OSError, ValueError, DatelineError):
        return 1  # what is derived couldn't be kept; the next writer tries again
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:] or ["words", "vectors"]))
