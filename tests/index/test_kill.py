"""A writer is killed at random moments: the library opens, and no article is half there."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval.soak_kill import WORK, soak
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.samples import article

KILLS = 50
# Articles, above which the library is emptied before the next kill: a quick machine would spend
# the test on searching what it wrote.
LARGEST = 30

# The writer is forked from one process that has already imported everything: a kill then costs
# milliseconds, and 50 of them at moments spread over all that a writer does fit in a test. The
# fork happens before faiss or a thread is used.
NURSERY = """
import os, sys
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.samples import article
folder = sys.argv[1]
for line in sys.stdin:
    first = int(line)
    child = os.fork()
    if not child:
        library = Library.open(folder, FakeEncoder(), create=True)
        os.write(1, f"{os.getpid()}\\n".encode())
        n = first
        while True:
            for _ in range(4):
                with library.writing():  # ends with the index saved
                    for _ in range(3):
                        library.put(article(n, paragraphs=20))
                        os.write(1, f"put {n}\\n".encode())
                        n += 1
            library.put(article(first, paragraphs=1 + 8 * (n % 5)))
            library.remove([f"id{n - 2:04d}"])
            os.write(1, f"gone {n - 2}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"killed\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are of POSIX systems")
def test_kill_at_any_moment_leaves_a_whole_library(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    chance = random.Random(20240517)
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    put: set[str] = set()
    interrupted = 0
    try:
        for kill in range(KILLS):
            nursery.stdin.write(f"{kill * 1000}\n")
            child = int(nursery.stdout.readline())
            time.sleep(chance.uniform(0.0, 0.12))
            subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(child)], check=True)
            reported = 0
            for line in iter(nursery.stdout.readline, "killed\n"):
                what, n = line.split()
                name = f"id{int(n):04d}"
                put.add(name) if what == "put" else put.discard(name)
                reported += 1
            interrupted += reported > 0
            put = whole_but_for_one(folder, put)
            if len(put) > LARGEST:
                with Library.open(folder, FakeEncoder()) as library:
                    library.remove(sorted(put))
                put = set()
    finally:
        nursery.kill()
        nursery.wait()
    with Library.open(folder, FakeEncoder()) as library:
        library.put(article(1))
    assert not list(folder.glob("*.tmp")), "what killed writers left is cleared away"
    assert interrupted > KILLS / 2, "most writers were killed in the middle of their work"


def whole_but_for_one(folder: Path, reported: set[str]) -> set[str]:
    """Ids in the library: what was reported but for the one write in hand, all of it whole."""
    with Library.open(folder, FakeEncoder()) as library:
        library.check()
        articles = library.articles()
        held = {a.id for a in articles}
        assert len(held ^ reported) <= 1
        passages = {a.id: library.passages(a.id) for a in articles}
        for a in articles:
            assert " ".join(p.text for p in passages[a.id]).split() == a.text.split()
            n = int(a.id[2:])
            sizes = [20] if n % 1000 else [20, 1, 9, 17, 25, 33]
            assert a in [article(n, paragraphs=size) for size in sizes]
        everything = {p.id for some in passages.values() for p in some}
        for mode in ("dense", "lexical"):
            hits = library.search("report", 100_000, mode=mode)
            assert {hit.passage.id for hit in hits} == everything
    return held


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are of POSIX systems")
def test_every_kind_of_writer_is_killed_and_nothing_is_lost() -> None:
    """Adding, updating, removing, encoding anew, building the large form, refreshing and moving,
    with a reader and a second writer all along; many more by hand: `python -m eval.soak_kill`."""
    found = soak(8, seed=1)
    assert found.wrong == []
    assert set(found.killed) <= set(WORK)
    assert found.killed.total() == 8
    assert found.second > 0
    assert found.looks > 0
    assert found.formed > 0
