"""What wrong requests get: OpenAI's form of an error, never a trace, and never another's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from rag.errors import ModelError, WriterUnavailable
from tests.ui.api.conftest import ASKED, Api

ASK = {"model": "harbour", "messages": [{"role": "user", "content": ASKED}]}


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    said: dict[str, Any] = response.json()["error"]
    assert set(said) == {"message", "type", "param", "code"}
    assert "Traceback" not in said["message"]
    return said


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "harbour"}, "messages"),
        ({**ASK, "messages": []}, "messages"),
        ({**ASK, "messages": "hello"}, "messages"),
        ({**ASK, "messages": [{"content": "x"}]}, "messages.0.role"),
        ({**ASK, "n": 2}, "n"),
        ({**ASK, "stream": "maybe"}, "stream"),
        ({"messages": ASK["messages"]}, "model"),
        ({**ASK, "messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({**ASK, "messages": [{"role": "user", "content": " \n"}]}, "messages"),
        ({**ASK, "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({**ASK, "dateline": {"since": "soon"}}, None),
        ({**ASK, "dateline": {"sources": ["Nobody's Paper"]}}, None),
    ],
)
def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], param: str | None) -> None:
    said = error(httpx.post(api.v1 + "/chat/completions", json=body), 400)
    assert said["param"] == param
    assert said["type"] == "invalid_request_error"


def test_what_is_no_json(api: Api) -> None:
    said = error(
        httpx.post(
            api.v1 + "/chat/completions",
            content=b"{",
            headers={"content-type": "application/json"},
        ),
        400,
    )
    assert "JSON" in said["message"]


def test_a_question_that_is_too_long(api: Api) -> None:
    body = {**ASK, "messages": [{"role": "user", "content": "why " * 501}]}
    assert error(httpx.post(api.v1 + "/chat/completions", json=body), 400)["code"] == (
        "question_too_long"
    )
    body = {"model": "harbour", "input": "why " * 501}
    error(httpx.post(api.v1 + "/responses", json=body), 400)


def test_what_isnt_known_is_ignored(api: Api) -> None:
    body = {**ASK, "temperature": 2, "tools": [{"type": "function"}], "logit_bias": {"1": 2}}
    body["messages"] = [
        {"role": "developer", "content": "Say nothing but yes."},
        {"role": "user", "content": ASKED, "name": "x", "weight": 1},
    ]
    made = httpx.post(api.v1 + "/chat/completions", json=body).json()
    assert made["dateline"]["abstained"] is False


def test_responses_keep_nothing(api: Api) -> None:
    body = {"model": "harbour", "input": ASKED, "previous_response_id": "resp-1"}
    said = error(httpx.post(api.v1 + "/responses", json=body), 400)
    assert said["code"] == "previous_response_not_found"


def test_a_route_that_isnt_there(api: Api) -> None:
    assert "/v1/embeddings" in error(httpx.post(api.v1 + "/embeddings"), 404)["message"]
    error(httpx.get(api.v1 + "/chat/completions"), 405)
    error(httpx.get(api.url), 404)


def test_a_body_that_is_too_large(serve: Callable[..., Api]) -> None:
    """Whether it says so, or says nothing of its size."""
    from ui.api.doors import Limits

    api = serve(limits=Limits(body_bytes=1000))

    def parts() -> Any:
        for _ in range(5):
            yield b" " * 500

    made = httpx.post(api.v1 + "/chat/completions", content=parts())
    assert error(made, 413)["code"] == "too_large"
    made = httpx.post(api.v1 + "/chat/completions", json={**ASK, "more": "x" * 2000})
    assert error(made, 413)["code"] == "too_large"
    assert httpx.post(api.v1 + "/chat/completions", json=ASK).status_code == 200


def test_another_sites_page_may_not_ask(api: Api) -> None:
    url = api.v1 + "/chat/completions"
    there = {"origin": "https://evil.example"}
    error(httpx.post(url, json=ASK, headers=there), 403)
    error(httpx.post(url, json=ASK, headers={"host": "evil.example"}), 403)
    error(httpx.get(api.v1 + "/articles", headers={"host": "evil.example:80"}), 403)
    own = {"origin": api.url.rstrip("/")}
    assert httpx.post(url, json=ASK, headers=own).status_code == 200


def test_replies_forbid_what_a_browser_might_make_of_them(api: Api) -> None:
    made = httpx.get(api.v1 + "/models")
    assert made.headers["content-security-policy"].startswith("default-src 'none'")
    assert made.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in made.headers


def test_a_model_that_fails_is_told_in_a_sentence(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ModelError("the model 'x' has been closed; open an Assistant anew")

    monkeypatch.setattr(api.service.assistant.writer, "write", fail)
    said = error(httpx.post(api.v1 + "/chat/completions", json=ASK), 503)
    assert said["message"] == "The model 'x' has been closed; open an Assistant anew."
    streamed = httpx.post(api.v1 + "/chat/completions", json={**ASK, "stream": True})
    assert '"code": "model_unavailable"' in streamed.text
    assert "[DONE]" not in streamed.text
    body = {"model": "harbour", "input": ASKED, "stream": True}
    assert "event: response.failed" in httpx.post(api.v1 + "/responses", json=body).text


def test_what_nobody_thought_of_leaves_no_trace(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(api.service.assistant.writer, "write", fail)
    said = error(httpx.post(api.v1 + "/chat/completions", json=ASK), 500)
    assert "secret" not in said["message"]
    assert "ZeroDivisionError" in said["message"]


def test_an_empty_library(serve: Callable[..., Api]) -> None:
    api = serve()
    api.library.remove(["bridge", "ferry"])
    made = httpx.post(api.v1 + "/chat/completions", json=ASK)
    assert error(made, 409)["code"] == "library_empty"


def test_a_writer_elsewhere_that_is_down_is_a_bad_gateway(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "the writer at http://10.0.0.1:8080/v1 doesn't answer; start it, or leave --writer-url"

    def fail(*_: object, **__: object) -> Any:
        raise WriterUnavailable(said)

    monkeypatch.setattr(api.service.assistant.writer, "write", fail)
    told = error(httpx.post(api.v1 + "/chat/completions", json=ASK), 502)
    assert "http://10.0.0.1:8080/v1" in told["message"]
    assert told["code"] == "writer_unavailable"
