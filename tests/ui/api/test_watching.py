"""Figures, log lines and spans: what is counted, and that no words leave unless asked for."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.ui.api.conftest import ASKED, BRIDGE, UNKNOWN, Api
from tests.ui.conftest import until
from ui.api.watching import Format, Watch


def ask(api: Api, question: str, **more: object) -> httpx.Response:
    body = {"model": "harbour", "messages": [{"role": "user", "content": question}], **more}
    return httpx.post(api.v1 + "/chat/completions", json=body, timeout=60)


def figures(api: Api) -> dict[str, float]:
    page = httpx.get(api.url + "metrics")
    assert page.headers["content-type"].startswith("text/plain")
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def test_questions_are_counted_by_what_became_of_them(serve: Callable[..., Api]) -> None:
    api = serve()
    made = [ask(api, ASKED).json(), ask(api, ASKED, stream=True), ask(api, UNKNOWN).json()]
    assert made[1].text.endswith("data: [DONE]\n\n")
    found = figures(api)
    assert found["dateline_questions_total harbour answered"] == 2
    assert found["dateline_questions_total harbour abstained"] == 1
    assert found["dateline_sentences_total stated"] == 2
    assert found["dateline_seconds_count total"] == 3
    assert found["dateline_seconds_count search"] == 3
    assert found["dateline_seconds_count queue"] == 3
    assert found["dateline_asking"] == 0
    usage = made[0]["usage"]
    assert found["dateline_tokens_total reused"] >= usage["prompt_tokens_details"]["cached_tokens"]
    assert found["dateline_tokens_total written"] > 0


def test_a_hang_up_and_the_queue_are_counted(serve: Callable[..., Api]) -> None:
    api = serve(waiting=0)
    api.generator.go.clear()
    body = {"model": "harbour", "messages": [{"role": "user", "content": ASKED}], "stream": True}
    with httpx.stream("POST", api.v1 + "/chat/completions", json=body):
        until(api.generator.writing.is_set)
        assert figures(api)["dateline_asking"] == 1
        assert ask(api, ASKED).status_code == 429
    until(lambda: figures(api)["dateline_asking"] == 0)
    found = figures(api)
    assert found["dateline_questions_total harbour stopped"] == 1
    assert found["dateline_questions_total harbour refused"] == 1


@pytest.mark.parametrize("texts", [False, True])
@pytest.mark.parametrize("format", ["json", "text"])
def test_a_question_is_a_line(serve: Callable[..., Api], format: Format, texts: bool) -> None:
    log = io.StringIO()
    api = serve(watch=Watch(format, texts=texts, stream=log))
    ask(api, ASKED)
    [line] = log.getvalue().splitlines()
    assert (ASKED in line) == texts
    assert "harbour answered" in line or format == "json"
    if format == "json":
        said = json.loads(line)
        assert said["outcome"] == "answered"
        assert said["route"] == "/v1/chat/completions"
        assert said["verdicts"] == {"stated": 1}
        assert set(said["stages"]) == {"queue", "search", "checks", "total", "first_token"}
        assert said["tokens"]["generated"] > 0
        assert re.match(r"\d{4}-\d\d-\d\dT", said["time"])
        assert (said.get("answer") == f"{BRIDGE} [1]") == texts


def test_none_says_nothing(serve: Callable[..., Api]) -> None:
    log = io.StringIO()
    api = serve(watch=Watch("none", texts=True, stream=log))
    ask(api, ASKED)
    assert log.getvalue() == ""


def test_a_log_that_is_full_costs_no_answer(serve: Callable[..., Api]) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    api = serve(watch=Watch("json", stream=Full()))
    assert ask(api, ASKED).status_code == 200
