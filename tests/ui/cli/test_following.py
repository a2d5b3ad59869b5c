"""`dateline refresh` as the process that people run: power cuts, a paper and a folder over days."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.article import article_id
from index.following.following import follow, followed
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.following.newsroom import Newsroom
from tests.index.following.test_refresh import BRIDGE, GRAIN, SNOW

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

# The command itself, with an encoder that needs no model, and no second between two requests.
DATELINE = """
import signal
import index.following.refresh as refreshing
from index.following.manners import Manners
from rag import opening
from tests.fakes import FakeEncoder
refreshing.Manners = lambda: Manners(delay=0.0)
opening.open_encoder = FakeEncoder
from ui.cli.app import main
# (a shell that starts the tests in its background has them ignore Ctrl-C)
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
DEADLINE = 120.0  # of waiting for something that comes at once on an idle machine


def start(library: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DATELINE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DATELINE_LIBRARY": str(library), "PYTHONUNBUFFERED": "1"},
    )


def ran(library: Path, *arguments: str) -> str:
    return start(library, *arguments).communicate(timeout=DEADLINE)[0]


def cut(library: Path, room: Newsroom, path: str) -> None:
    """A refresh, killed at the moment when that path is asked for."""
    process = start(library, "refresh")
    room.before[path] = process.kill
    process.communicate(timeout=DEADLINE)
    assert process.returncode == -signal.SIGKILL
    room.before.clear()


@pytest.fixture
def paper() -> Iterator[Newsroom]:
    room = Newsroom()
    for path, title, text in (
        ("/bridge", "Bridge reopens", BRIDGE),
        ("/snow", "Snow on the pass", SNOW),
        ("/secret", "For programs not", BRIDGE),
    ):
        room.article(path, title, *text)
    room.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nDisallow: /secret\n")
    entries = [("/bridge", "Bridge reopens"), ("/snow", "Snow on the pass")]
    room.feed("/feed", [*entries, ("/secret", "For programs not")])
    yield room
    room.close()


@pytest.fixture
def port() -> Iterator[Newsroom]:
    """Another server, by another name, that runs out of breath."""
    room = Newsroom()
    room.url = room.url.replace("127.0.0.1", "localhost")
    room.article("/grain", "Grain by rail", *GRAIN)
    room.feed("/feed", [("/grain", "Grain by rail")])
    yield room
    room.close()


def test_a_paper_through_power_cuts_a_correction_a_loss_and_a_429(
    tmp_path: Path, paper: Newsroom, port: Newsroom
) -> None:
    folder = tmp_path / "library"
    with Library.open(folder, FakeEncoder(), create=True) as library:
        follow(library, f"{paper.url}/feed")
        follow(library, f"{port.url}/feed")
    port.answers["/feed"] = (429, {"Retry-After": "3600"})

    cut(folder, paper, "/snow")
    told = ran(folder, "refresh")
    assert "the site's robots.txt asks programs not to read it" in told
    assert "HTTP 429" in told
    assert "/secret" not in paper.asked
    assert port.requests() == ["/feed"]
    paper.requests()

    # the next hour: nothing is asked of who wants to be left alone, nothing is sent twice
    def sent() -> Counter[str]:
        return Counter(path for path in paper.sent if path != "/robots.txt")

    before = sent()
    assert "left alone" in ran(folder, "refresh")
    assert port.requests() == []
    assert paper.requests() == ["/feed"]
    assert sent() == before  # the feed was answered with 304

    # the next day, with a power cut in the middle of it
    paper.article("/bridge", "Bridge reopens, with cracks", *BRIDGE[:2], "Nothing was said.")
    del paper.pages["/snow"]
    paper.feed("/feed", [("/bridge", "Bridge reopens, with cracks")])
    cut(folder, paper, "/bridge")
    assert "/feed" in paper.requests()
    told = ran(folder, "refresh")
    assert "updated   Bridge reopens, with cracks · " in told
    assert "1 updated" in told
    assert "1 gone" in told
    assert Counter(paper.requests()) == {"/feed": 1, "/bridge": 1, "/snow": 1}

    with Library.open(folder, FakeEncoder()) as library:
        assert library.check().problems == []
        assert Counter(head.title for head in library.heads()) == {
            "Bridge reopens, with cracks": 1,
            "Snow on the pass": 1,
        }
        bridge, snow = (library.article(article_id(f"{paper.url}/{p}")) for p in ("bridge", "snow"))
        assert bridge is not None
        assert snow is not None
        assert [v.title for v in library.versions(bridge.id)] == ["Bridge reopens"]
        assert library.versions(snow.id) == []
        assert snow.gone is not None
        assert SNOW[0] in snow.text  # marked, and kept
        assert [one.waiting for one in followed(library)] == [0, 0]
        news = library.since(0)
        assert [h.id for h in news.added] == [bridge.id]
        assert [h.id for h in news.gone] == [snow.id]


@contextmanager
def heard(process: subprocess.Popen[str]) -> Iterator[queue.Queue[str]]:
    """What a process says, line by line; it is ended with the block."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(DEADLINE)
        finally:
            process.kill()
            reader.join(DEADLINE)
            if process.stdout is not None:
                process.stdout.close()


def until(lines: queue.Queue[str], words: str) -> list[str]:
    """The lines up to one with these words."""
    end, seen = time.monotonic() + DEADLINE, []
    while True:
        try:
            seen.append(lines.get(timeout=max(0.0, end - time.monotonic())))
        except queue.Empty:
            raise AssertionError(f"{words!r} never came: {seen}") from None
        if words in seen[-1]:
            return seen


def test_a_folder_is_watched_while_refresh_goes_on(tmp_path: Path, paper: Newsroom) -> None:
    folder, papers = tmp_path / "library", tmp_path / "papers"
    papers.mkdir()
    (papers / "bridge.txt").write_text("\n\n".join(BRIDGE))
    with Library.open(folder, FakeEncoder(), create=True) as library:
        follow(library, str(papers))
        follow(library, f"{paper.url}/feed")
    with heard(start(folder, "refresh", "--every", "24h")) as lines:
        until(lines, "added, ")
        asked = len(paper.asked)
        (papers / "grain.txt").write_text("\n\n".join(GRAIN))
        assert any(line.startswith("added") for line in until(lines, "1 added"))
        (papers / "grain.txt").write_text("\n\n".join([*GRAIN[:2], "It was all different."]))
        assert any(line.startswith("updated") for line in until(lines, "1 updated"))
        (papers / "grain.txt").unlink()
        assert any(line.startswith("gone") for line in until(lines, "1 gone"))
        assert len(paper.asked) == asked  # a file is no reason to ask a server
    with Library.open(folder, FakeEncoder()) as library:
        assert library.check().problems == []
        (gone,) = library.gone()
        assert "It was all different." in (library.article(gone.id) or gone.with_text("")).text
        assert len(library.versions(gone.id)) == 1
