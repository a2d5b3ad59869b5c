"""Queues, hang-ups and stops, against a real server that is held while it writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.ui.api.conftest import ASKED, BRIDGE, FERRY, Api, served
from tests.ui.conftest import until
from ui.api.asking import turns
from ui.api.errors import ApiError

ASK = {"model": "harbour", "messages": [{"role": "user", "content": ASKED}]}
FERRY_ASK = {
    "model": "harbour",
    "messages": [{"role": "user", "content": "What did the solar ferry carry in March?"}],
}


def ask(api: Api, body: dict[str, Any] = ASK) -> httpx.Response:
    return httpx.post(api.v1 + "/chat/completions", json=body, timeout=60)


def test_a_queue_that_is_full_says_when_to_come_again(serve: Callable[..., Api]) -> None:
    api = serve(waiting=1)
    api.generator.go.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, api)
        until(api.generator.writing.is_set)
        second = pool.submit(ask, api)
        until(lambda: len(api.service._turns._works) == 2)
        third = ask(api)
        assert third.status_code == 429
        assert third.json()["error"]["code"] == "queue_full"
        assert int(third.headers["retry-after"]) > 0
        streamed = ask(api, {**ASK, "stream": True})
        assert streamed.status_code == 429
        api.generator.go.set()
        assert first.result().status_code == second.result().status_code == 200


def test_many_who_ask_at_once_get_their_own_answers(serve: Callable[..., Api]) -> None:
    api = serve(waiting=50)
    with ThreadPoolExecutor(8) as pool:
        asked = [ASK, FERRY_ASK] * 12
        made = list(pool.map(lambda body: ask(api, body).json(), asked))
    said = [each["choices"][0]["message"]["content"] for each in made]
    assert said == [f"{BRIDGE} [1]", f"{FERRY} [1]"] * 12


@pytest.mark.parametrize("stream", [True, False])
def test_who_hangs_up_stops_the_work(serve: Callable[..., Api], stream: bool) -> None:
    api = serve(pulse_s=60)  # nothing but the hang-up itself can be what is noticed
    api.generator.go.clear()
    with httpx.Client() as client:
        url = api.v1 + "/chat/completions"
        if stream:
            client.send(
                client.build_request("POST", url, json={**ASK, "stream": True}), stream=True
            )
            until(api.generator.writing.is_set)
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post(url, json=ASK, timeout=httpx.Timeout(30, read=2))
    until(lambda: not api.service._turns._works)
    assert api.generator.stopped == 1
    api.generator.go.set()
    assert ask(api).json()["choices"][0]["message"]["content"] == f"{BRIDGE} [1]"


def test_a_stream_shows_that_it_is_alive(serve: Callable[..., Api]) -> None:
    api = serve(pulse_s=0.05)
    api.generator.go.clear()
    body = {**ASK, "stream": True}
    with httpx.stream("POST", api.v1 + "/chat/completions", json=body, timeout=60) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = reply.iter_lines()
        first = next(lines)
        assert json.loads(first.removeprefix("data: "))["choices"][0]["delta"]["role"] == (
            "assistant"
        )
        comments = [next(line for line in lines if line.startswith(":")) for _ in range(3)]
        assert comments == [": at work"] * 3
        api.generator.go.set()
        assert list(lines)[-2:] == ["data: [DONE]", ""]


def test_who_waits_is_told_its_place(serve: Callable[..., Api]) -> None:
    api = serve(pulse_s=0.05)
    api.generator.go.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, api)
        until(api.generator.writing.is_set)
        body = {**FERRY_ASK, "stream": True}
        with httpx.stream("POST", api.v1 + "/chat/completions", json=body, timeout=60) as reply:
            lines = reply.iter_lines()
            assert next(line for line in lines if line.startswith(":")) == ": 1 before"
            api.generator.go.set()
            assert FERRY in "".join(lines)
        assert first.result().status_code == 200


def test_a_server_that_ends_lets_answers_end(tmp_path: Any) -> None:
    from tests.ui.api import conftest

    with served(tmp_path) as api, conftest.running(api.app, grace_s=30) as url:
        other = Api(url, api.app, api.service, api.generator, api.library)
        api.generator.go.clear()
        pool = ThreadPoolExecutor()
        asked = pool.submit(ask, other)
        until(api.generator.writing.is_set)
        threading.Timer(0.2, api.generator.go.set).start()
        # (leaving the block asks the server to end while the answer is under way)
    assert asked.result().json()["choices"][0]["message"]["content"] == f"{BRIDGE} [1]"
    pool.shutdown()


def test_a_service_that_is_closed_says_so(serve: Callable[..., Api]) -> None:
    api = serve()
    api.service.close()
    made = ask(api)
    assert made.status_code == 503
    assert made.json()["error"]["code"] == "closing"
    assert httpx.get(api.url + "health").status_code == 503


def test_a_conversation_becomes_turns() -> None:
    said = [
        ("system", "Be rude."),
        ("assistant", "Hello, what would you like to know?"),
        ("user", "First?"),
        ("assistant", "It did. [1] [2]"),
        ("tool", "42"),
        ("user", "Second?"),
        ("user", "Third?"),
        ("assistant", "  "),
    ]
    assert turns(said) == ("Third?", (("First?", "It did."), ("Second?", "")))
    with pytest.raises(ApiError, match="no user's message"):
        turns([("system", "Be rude."), ("assistant", "No.")])
