"""Work that dies at a call that changes a file: a write (half of it is done), a rename, an fsync,
whoever makes it: Python, SQLite, faiss or tantivy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NURSERY = """
import ctypes, os, sys
{work}
counted = ctypes.CDLL(sys.argv[1]).die_count
for line in sys.stdin:
    folder, at = line.rstrip("\\n").rsplit(" ", 1)
    child = os.fork()
    if not child:
        try:
            os.environ |= {{"DIE_BELOW": folder, "DIE_BUT": "library.sqlite", "DIE_AT": at}}
            work(folder)
            os.write(1, f"{{counted()}}\\n".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.write(1, b"over\\n")
"""


def at_every_call(work: str, whole: Path, folder: Path) -> Iterator[int]:
    """Runs `work`, Python that defines `work(folder)`, over copies of the folder `whole`; it dies at
    the first call that changes a file (but SQLite's own of the library), at the second, and so on.
    Gives the number of each, with what is left lying in `folder`. Skips where it can't be done."""
    library = _compiled(folder.with_name("die.so"))
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY.format(work=work), str(library)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ended(at: int) -> int | None:
        """How many calls there were; None if it died."""
        assert process.stdin is not None
        assert process.stdout is not None
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        process.stdin.write(f"{folder} {at}\n")
        said = list(iter(process.stdout.readline, "over\n"))
        assert "" not in said
        return int(said[0]) if said else None

    try:
        count = ended(-1)
        assert count, "it comes to its end, and changes files"
        died = 0
        for at in range(count):
            if ended(at) is None:  # (threads make a call more or less)
                died += 1
                yield at
        assert died >= count - 5
    finally:
        process.kill()
        process.wait()


def _compiled(to: Path) -> Path:
    source = Path(__file__).with_name("die.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(to), str(source), "-ldl"]
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("needs Linux and a C compiler")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs a C compiler that makes libraries ({done.stderr.strip()[:200]})")
    return to
