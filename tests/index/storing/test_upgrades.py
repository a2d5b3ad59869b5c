"""Libraries of earlier layouts: brought up to date, a copy kept, whenever it is cut off."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.storing.old import make
from tests.index.test_library_faults import everything

OLD = Path(make.__file__).parent
TIMES = 10

# Forked from a process that has imported everything; killed at a statement or file that is named.
UPGRADER = """
import os, sys
from eval.soak_kill.points import Moment, count_points
from index.library import Library
for line in sys.stdin:
    folder, last = line.rsplit(" ", 1)
    child = os.fork()
    if not child:
        points = count_points(folder, Moment(point=int(last)))
        Library.open(folder).close()
        os.write(1, f"{points.points}\\n".encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.write(1, b"over\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are of POSIX systems")
def test_an_upgrade_that_is_cut_off_starts_over_whole(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", UPGRADER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    killed = 0
    try:
        for layout in (1, 2, 3):
            old = OLD / f"layout-{layout}.sqlite"
            points = [-1]  # first the whole way, which says how many there are
            for at, last in enumerate(points):
                folder = tmp_path / f"{layout}-{at}"
                folder.mkdir()
                shutil.copy(old, folder / "library.sqlite")
                process.stdin.write(f"{folder} {last}\n")
                said = list(iter(process.stdout.readline, "over\n"))
                killed += not said
                if last < 0:
                    points += random.Random(layout).sample(range(int(said[0])), TIMES)
                with Library.open(folder, FakeEncoder(dimension=8)) as library:
                    assert library.check().problems == []
                    assert [head.title for head in library.heads()] == [
                        "The bridge opens", "Snow on the pass"
                    ]  # fmt: skip
                assert everything(folder / f"library.layout-{layout}.sqlite") == everything(old)
                assert not list(folder.glob("*.tmp"))
    finally:
        process.kill()
        process.wait()
    assert killed == 3 * TIMES


def test_a_library_of_layout_3_is_brought_up_to_date_and_a_copy_kept(tmp_path: Path) -> None:
    shutil.copy(OLD / "layout-3.sqlite", tmp_path / "library.sqlite")
    encoder = FakeEncoder(dimension=8)
    with Library.open(tmp_path, encoder) as library:
        assert encoder.encoded == []
        assert library.articles() == [make.BRIDGE, make.SNOW]
        assert [v.text[-40:] for v in library.versions(make.BRIDGE.id)] == [
            make.BRIDGE.text.replace("Friday", "Thursday")[-40:]
        ]
        assert library.check().problems == []
        assert library.search("trains", 1, mode="lexical")[0].article == make.BRIDGE
    assert everything(tmp_path / "library.layout-3.sqlite") == everything(OLD / "layout-3.sqlite")


def test_what_today_makes_can_be_kept_for_later(tmp_path: Path) -> None:
    made = make.make(tmp_path)
    (tmp_path / "again").mkdir()
    shutil.copy(made, tmp_path / "again" / "library.sqlite")
    with Library.open(tmp_path / "again", FakeEncoder(dimension=8)) as library:
        assert library.articles() == [make.BRIDGE, make.SNOW]
        assert library.check().problems == []
    assert str(tmp_path).encode() not in made.read_bytes()
