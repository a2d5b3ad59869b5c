"""A refresh is killed at a moment that is told: it goes on, and nothing is lost or there twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from index.following.following import follow, followed
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.following.newsroom import Newsroom
from tests.index.following.test_refresh import Hands, look, said

# Each article is written as soon as it is read: every look at the clock is ten seconds later.
REFRESH = """
import itertools, sys
from index.following.manners import Manners
from index.following.clock import Clock
from index.following.refresh import refresh
from index.library import Library
from tests.fakes import FakeEncoder
count = itertools.count(0.0, 10.0)
clock = Clock(running=lambda: next(count), sleep=lambda s: None)
with Library.open(sys.argv[1], FakeEncoder()) as library:
    for outcome in refresh(library, manners=Manners(delay=0.0), clock=clock):
        print(outcome.status, outcome.origin, flush=True)
"""
PAGES = 5


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
@pytest.mark.parametrize("killed_at", ["/feed", "/1", "/3", "/5"])
def test_a_refresh_that_is_killed_goes_on(tmp_path: Path, killed_at: str) -> None:
    room = Newsroom()
    for n in range(1, PAGES + 1):  # no two of them alike
        room.article(
            f"/{n}",
            f"Piece {n}",
            *(
                f"In town{n}x{k} the clerk{n}x{k} read file{n}x{k} to guest{n}x{k} of hall{n}x{k}, "
                f"and then mayor{n}x{k} sold barn{n}x{k} for coins{n}x{k} to uncle{n}x{k}."
                for k in range(4)
            ),
        )
    room.feed("/feed", [(f"/{n}", f"Piece {n}") for n in range(1, PAGES + 1)])
    folder = tmp_path / "library"
    with Library.open(folder, FakeEncoder(), create=True) as library:
        follow(library, f"{room.url}/feed")
    process = subprocess.Popen(
        [sys.executable, "-c", REFRESH, str(folder)], stdout=subprocess.PIPE, text=True
    )
    room.before[killed_at] = process.kill
    try:
        out, _ = process.communicate()
        assert process.returncode < 0
        reported = [line.split()[1] for line in out.splitlines()]
        room.before.clear()
        with Library.open(folder, FakeEncoder()) as library:
            assert library.check().problems == []
            there = {head.url for head in library.heads()}
            assert set(reported) <= there
            waiting = followed(library)[0].waiting
            assert waiting == 0 if killed_at == "/feed" else waiting >= PAGES - len(there)
            room.requests()
            outcomes = look(library, Hands())
            assert set(said(outcomes)) <= {"added", "unchanged"}
            assert said(outcomes)["added"] == PAGES - len(there)
            asked = Counter(room.requests())
            assert max(asked.values()) == 1
            heads = library.heads()
            assert sorted(head.title for head in heads) == [f"Piece {n}" for n in range(1, 6)]
            assert [len(library.versions(head.id)) for head in heads] == [0] * PAGES
            assert library.check().problems == []
            assert followed(library)[0].waiting == 0
    finally:
        process.kill()
        room.close()
