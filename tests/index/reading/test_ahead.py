"""A turn is read while the one before it is used; stopping stops what is being read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from index.reading import load as loading
from index.reading.ahead import ahead
from index.reading.load import load, load_in_turns
from index.reading.reader import Reader
from tests.index.reading.test_load import PAGE

SOON = 60  # seconds until a test is given up: nothing here takes one


@given(st.lists(st.lists(st.integers(), min_size=1)))
def test_the_same_turns_in_the_same_order(turns: list[list[int]]) -> None:
    ended: list[bool] = []
    assert list(ahead(iter(turns), lambda: ended.append(True))) == turns
    assert ended == [True]


def test_the_next_turn_is_read_while_this_one_is_used() -> None:
    read = threading.Event()

    def turns() -> Iterator[int]:
        yield 1
        read.set()
        yield 2

    coming = ahead(turns(), lambda: None)
    assert next(coming) == 1
    assert read.wait(SOON)  # nobody has asked for it
    assert list(coming) == [2]


def test_not_more_than_one_turn_ahead() -> None:
    begun: list[int] = []

    def turns() -> Iterator[int]:
        for n in range(5):
            begun.append(n)
            yield n

    for n in ahead(turns(), lambda: None):
        assert begun[-1] <= n + 1


def test_what_reading_raises_comes_in_its_place() -> None:
    def turns() -> Iterator[int]:
        yield 1
        raise OSError("the disk went away")

    ended: list[bool] = []
    coming = ahead(turns(), lambda: ended.append(True))
    assert next(coming) == 1
    with pytest.raises(OSError, match="went away"):
        next(coming)
    assert ended == [True]


def test_stopping_waits_for_no_server_that_never_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith("robots.txt"):
                asked.set()
                answer.wait(SOON)

        def log_message(self, *args: object) -> None:
            pass

    monkeypatch.setattr(loading, "_TURN", 1)  # an item a turn
    (tmp_path / "first.html").write_text(PAGE)
    (tmp_path / "last.html").write_text(PAGE)
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        slow = f"http://127.0.0.1:{server.server_address[1]}/story.html"
        coming = load_in_turns([str(tmp_path / "first.html"), slow, str(tmp_path / "last.html")])
        [first] = next(coming)
        assert isinstance(first, Article)
        assert asked.wait(SOON)  # it is being fetched
        closing = threading.Thread(target=coming.close, daemon=True)  # type: ignore[attr-defined]
        closing.start()
        closing.join(SOON / 2)
        stopped = not closing.is_alive()
        answer.set()
        server.shutdown()
    assert stopped


def test_a_reader_that_has_ended_refuses_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    with Reader() as reader:
        assert [type(item) for item in load(str(tmp_path), reader=reader)] == [Article]
        reader.end()
        (refused,) = load(str(tmp_path), reader=reader)
        assert "stopped" in getattr(refused, "reason", "")
    with Reader() as unused:
        unused.end()
        (refused,) = load(str(tmp_path), reader=unused)
        assert "stopped" in getattr(refused, "reason", "")
