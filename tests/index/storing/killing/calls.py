"""Work that dies at a call that changes a file: a write (half of it is done), a rename, an fsync,
whoever makes it: Python, SQLite, faiss or tantivy."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Forked from a process that has imported everything: a kill then costs milliseconds.
NURSERY = """
import ctypes, os, sys
{work}
counted = ctypes.CDLL(sys.argv[1]).die_count
for line in sys.stdin:
    folder, only, at = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        try:
            if only:
                os.environ["DIE_ONLY"] = only
            os.environ |= {{"DIE_BELOW": folder, "DIE_BUT": "library.sqlite", "DIE_AT": at}}
            work(folder)
            os.write(1, f"{{counted()}}\\n".encode())
        except BaseException as error:
            os.write(1, f"{{error!r}}\\n".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.write(1, b"over\\n")
"""


def at_calls(
    work: str, whole: Path, folder: Path, *, most: int | None = None, only: str = ""
) -> Iterator[int]:
    """Runs `work`, Python that defines `work(folder)`, over copies of the folder `whole`, again and
    again: it dies at the first call that changes a file (but SQLite's own of the library) whose
    path holds `only`, at the second, and so on; where there are more than `most`, at so many, drawn
    by chance. Gives the number of each, with what it leaves lying in `folder`.

    Skips where there is no C compiler for what counts the calls.
    """
    library = _compiled(folder.with_name("die.so"))
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY.format(work=work), str(library)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def ended(at: int) -> str:
        """How many calls there were; "" if it died."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        stdin.write(f"{folder}\t{only}\t{at}\n")
        return "".join(iter(stdout.readline, "over\n"))

    try:
        count = int(ended(-1))
        assert count > 0, "it changes files"
        drawn = range(count)
        if most is not None and most < count:
            drawn = sorted(random.Random(count).sample(drawn, most))  # type: ignore[assignment]
        died = 0
        for at in drawn:
            if not (said := ended(at)):
                died += 1
                yield at
            else:  # its threads make a call more or less from time to time
                assert int(said) > 0
        assert died >= 0.8 * len(drawn)
    finally:
        process.kill()
        process.wait()


def _compiled(to: Path) -> Path:
    source = Path(__file__).with_name("die.c")
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("needs Linux and a C compiler")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(to), str(source), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs a C compiler that makes libraries ({done.stderr.strip()[:200]})")
    return to
