"""Which form the nearest neighbours of a library have, and a process of its own that builds it.

A writer that ends its work asks `wanted`; a library that has grown starts the process, which reads
the vectors in one snapshot, builds beside all else, and swaps the form in whole. Killed at any
moment, it leaves the form that was there. `python -m index.storing.building FOLDER` runs it.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from index.errors import DatelineError
from index.storing import vectors
from index.storing.database import meta_of
from index.storing.store import FILE, Store

BUILT_FROM = 150_000  # passages; below, comparing with every one is as quick (eval/DECISIONS.md)
BUILT_SHARE = 0.2  # of a built form: so many changes since, and it is built anew

_ROWS = "building.rows.tmp"
_FORM = "building.ivf.tmp"
_LOCK = "building.lock"


def wanted(index: vectors.VectorIndex) -> bool:
    """Whether another form would serve these vectors better than the one that they have."""
    if len(index) < BUILT_FROM:
        return False
    return index.form is None or index.stale() > BUILT_SHARE * index.form.passages


def start(folder: Path) -> None:
    """Starts the process, which goes on when this one ends. Raises OSError.

    Rows that lie on a server are left to the candidates' own engine: nothing is started.
    """
    if not (folder / FILE).is_file():
        return
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    subprocess.Popen(
        [sys.executable, "-m", "index.storing.building", str(folder.absolute())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def build(folder: Path) -> vectors.Form | None:
    """Builds the form of a library as it is now and puts it into use; None if another process is
    at it, or there is nothing to build from. Raises OSError (a full disk) and DatelineError."""
    try:
        with FileLock(folder / _LOCK, timeout=0):
            return _build(folder)
    except Timeout:
        return None


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


def _main(folder: Path) -> int:
    with suppress(AttributeError, OSError):
        os.nice(10)
    try:
        build(folder)
    except (OSError, DatelineError):
        return 1  # what is derived couldn't be kept; the next writer tries again
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
