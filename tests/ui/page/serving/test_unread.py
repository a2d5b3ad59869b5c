"""What was made for windows that never fetch it is not kept for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.ui.conftest import Served, serve
from tests.ui.fake_assistant import FakeBackend
from ui.page.serving import unread
from ui.page.serving.listeners import Listeners
from ui.page.serving.unread import AWAY_S, MESSAGES, WINDOWS, Unread, given_up


def test_a_window_that_is_away_for_long_loses_its_messages() -> None:
    held = {"listens": 5, "reloads": 5, "gone": 0, "unknown": 1}
    away = {"listens": 0.0, "reloads": AWAY_S, "gone": AWAY_S + 1, "unknown": float("inf")}
    assert given_up(held, away) == ["gone", "unknown"]


def test_of_many_that_come_and_never_listen_the_latest_keep_theirs() -> None:
    """However fast they come: 300 questions that nobody fetched held 210 MB."""
    names = [f"w{n}" for n in range(WINDOWS + 3)]
    away = {name: float(age) / 10 for age, name in enumerate(reversed(names), 1)}
    held = dict.fromkeys(names, 1) | {f"l{n}": 1 for n in range(100)}
    assert sorted(given_up(held, away | {f"l{n}": 0.0 for n in range(100)})) == ["w0", "w1", "w2"]


def test_a_window_that_listens_and_does_not_read_loses_its_messages_too() -> None:
    assert given_up({"slow": MESSAGES, "stuck": MESSAGES + 1}, {"slow": 0, "stuck": 0}) == ["stuck"]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """A framework's queue."""

    def __init__(self) -> None:
        self.pending_messages_per_session: dict[str, Any] = {}
        self.pending_event_ids_session: dict[str, Any] = {}
        self.ended: list[str] = []

    async def clean_events(self, *, session_hash: str) -> None:
        self.ended.append(session_hash)

    def push(self, session: str) -> None:
        self.pending_messages_per_session.setdefault(session, asyncio.Queue()).put_nowait("a frame")
        self.pending_event_ids_session[session] = {"1"}


def test_it_goes_without_anything_else_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "_EVERY_S", 0.0)
    clock, kept = Clock(), Kept()
    listeners = Listeners(clock)
    watch = Unread(kept, listeners)

    async def go() -> None:
        listeners.came("w")
        kept.push("w")
        await watch.look()
        for _ in range(5):
            await asyncio.sleep(0)
        assert kept.ended == []
        clock.now += AWAY_S + 1
        assert watch._looking is not None
        await asyncio.wait_for(watch._looking, 30)

    asyncio.run(go())
    assert kept.ended == ["w"]
    assert not kept.pending_messages_per_session
    assert not kept.pending_event_ids_session


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(FakeBackend(), tmp_path_factory.mktemp("page")) as page:
        yield page


def test_the_application_gives_up_what_nobody_fetched(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = httpx.get(f"{served.url}config", timeout=30).json()["dependencies"]
    [ask] = [e["id"] for e in events if "window.dateline.asked" in str(e.get("js"))]

    def join(window: str) -> None:
        chosen: list[Any] = [None, None, [], None, 5, 10, False]
        data = [window.ljust(16, "0"), "", "How long has the ferry run?", *chosen]
        sent = {"data": data, "fn_index": ask, "session_hash": window, "trigger_id": None}
        httpx.post(f"{served.url}gradio_api/queue/join", json=sent, timeout=30).raise_for_status()

    def fetched(window: str) -> str:
        address = f"{served.url}gradio_api/queue/data?session_hash={window}"
        with httpx.stream("GET", address, timeout=30) as stream:
            return next(stream.iter_lines())

    join("a1")
    assert "session_not_found" not in fetched("a1")
    join("b1")
    monkeypatch.setattr(unread, "AWAY_S", 0.0)
    join("c1")
    assert '"session_not_found":true' in fetched("b1")
    join("b1")  # the same window, come back
    assert '"session_not_found":true' not in fetched("b1")
