"""`dateline serve` and `dateline tokens`: what is refused before a model loads, several libraries,
how it ends, and the routes beside the chat page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from index.article import Article
from index.errors import LibraryMissing, UsageError
from index.library import Library
from tests.fakes import FakeEncoder
from tests.ui.api.conftest import ASKED, BRIDGE, Api, running, served
from tests.ui.conftest import until
from tests.ui.fake_assistant import FakeBackend
from ui.api.app import PATHS, create_app
from ui.api.serving import beside
from ui.api.shelves import named_libraries
from ui.cli.app import app
from ui.page.chat import application
from ui.page.collection import Collection
from ui.page.conversations import Conversations
from ui.page.page import Page
from ui.page.serving.beside import Beside
from ui.page.serving.guard import Access
from ui.page.serving.staging import Staging

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATELINE_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("DATELINE_API_TOKEN", raising=False)
    return tmp_path / "config"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_tokens_are_made_listed_and_removed(config: Path) -> None:
    made = run("tokens", "add", "laptop")
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert token.startswith("dl-")
    listed = run("tokens")
    assert listed.stdout.split("\t")[0] == "laptop"
    assert token not in listed.stdout
    assert run("tokens", "add", "laptop").exit_code == 2
    assert run("tokens", "remove", "laptop").stdout == "removed laptop\n"
    assert run("tokens", "list").stdout == ""
    assert run("tokens", "remove", "laptop").exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "dateline tokens add"),
        (["--require-token"], "dateline tokens add"),
        (["--token", "short"], "at least 24"),
        (["--also", "other"], "NAME=DIR"),
        (["--also", "=x"], "NAME=DIR"),
        (["--base-url", "news.example"], "https://host/"),
    ],
)
def test_what_is_wrong_is_said_before_a_model_loads(
    config: Path, options: list[str], said: str
) -> None:
    result = run("serve", *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_libraries_by_name(tmp_path: Path) -> None:
    assert named_libraries(["a=x", "b=y=z"]) == {"a": Path("x"), "b": Path("y=z")}
    with pytest.raises(UsageError, match="twice"):
        named_libraries(["a=x", "a=y"])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Api]:
    """A second library, of which the same models answer."""
    with Library.open(tmp_path / "b", FakeEncoder(), create=True) as other:
        other.put(Article("tram", "The tram", "The night tram runs every nine minutes."))
    with served(tmp_path) as api, ExitStack() as stack:
        also = beside(api.service, {"trams": tmp_path / "b"}, stack)
        with running(create_app(api.service, also=also)) as url:
            yield Api(url, api.app, api.service, api.generator, api.library)


def test_each_library_is_a_model(two: Api) -> None:
    models = httpx.get(two.v1 + "/models").json()["data"]
    assert [model["id"] for model in models] == ["harbour", "trams"]

    def ask(model: str, question: str) -> Any:
        body = {"model": model, "messages": [{"role": "user", "content": question}]}
        return httpx.post(two.v1 + "/chat/completions", json=body).json()

    night = "How often runs the night tram every minutes?"
    made = ask("trams", night)["choices"][0]["message"]
    assert made["content"] == "The night tram runs every nine minutes. [1]"
    address = made["annotations"][0]["url_citation"]["url"]
    assert address == f"{two.url}articles/tram?library=trams#0-39"
    assert "night tram" in httpx.get(address).text
    assert httpx.get(two.url + "articles/tram").status_code == 404
    assert ask("harbour", ASKED)["choices"][0]["message"]["content"] == f"{BRIDGE} [1]"
    assert ask("harbour", night)["dateline"]["abstained"] is True
    missing = ask("x", night)["error"]["message"]
    assert "'harbour', 'trams'" in missing
    page = httpx.get(two.v1 + "/articles", params={"library": "trams"}).json()
    assert [article["id"] for article in page["data"]] == ["tram"]


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with served(tmp_path) as api, ExitStack() as stack:
        with pytest.raises(LibraryMissing):
            beside(api.service, {"x": tmp_path / "nothing"}, stack)
        with pytest.raises(UsageError, match="both be called 'harbour'"):
            beside(api.service, {"harbour": tmp_path / "nothing"}, stack)


SERVER = """
    import sys, threading
    from pathlib import Path
    from tests.ui.api.conftest import served
    from ui.api.serving import run
    from ui.page.serving.server import listen

    with served(Path(sys.argv[1])) as api:
        api.generator.go.clear()
        def tell():
            api.generator.writing.wait()
            print("writing", flush=True)
            sys.stdin.readline()
            api.generator.go.set()
        threading.Thread(target=tell, daemon=True).start()
        listening = listen("127.0.0.1", 0)
        run(api.app, listening, "127.0.0.1", grace_s=int(sys.argv[2]))
"""


def _told(server: subprocess.Popen[str], words: str) -> str:
    """The line of standard error that has these words."""
    assert server.stderr
    said: list[str] = []
    for line in server.stderr:
        if words in line:
            return line
        said.append(line)
    raise AssertionError(f"it ended: {said}")


@pytest.mark.parametrize("twice", [False, True])
def test_a_signal_lets_answers_end_and_a_second_one_does_not(tmp_path: Path, twice: bool) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(tmp_path), "60"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert server.stdout
    assert server.stdin
    url = _told(server, "serves at").split()[3] + "/chat/completions"
    body = {"model": "harbour", "messages": [{"role": "user", "content": ASKED}]}
    answers: list[httpx.Response] = []

    def ask() -> None:
        with suppress(httpx.HTTPError):
            answers.append(httpx.post(url, json=body, timeout=60))

    asking = threading.Thread(target=ask)
    asking.start()
    assert server.stdout.readline() == "writing\n"
    server.send_signal(signal.SIGTERM)
    _told(server, "Answers may end")
    if twice:
        server.send_signal(signal.SIGTERM)
    else:
        server.stdin.write("go\n")
        server.stdin.flush()
    asking.join(60)
    server.communicate(timeout=60)
    if twice:
        assert answers == [] or answers[0].status_code != 200
    else:
        assert answers[0].json()["choices"][0]["message"]["content"] == f"{BRIDGE} [1]"


def test_the_same_routes_beside_the_page(tmp_path: Path) -> None:
    entered: list[str] = []

    @asynccontextmanager
    async def within(app: FastAPI) -> AsyncIterator[None]:
        entered.append("in")
        yield
        entered.append("out")

    backend = FakeBackend()
    conversations = Conversations(tmp_path / "conversations.sqlite")
    collection = Collection(backend, Staging(tmp_path / "uploads"))
    with served(tmp_path) as api:
        page = application(Page(backend, conversations), collection, Access())
        other = create_app(api.service, within=[within])
        with running(Beside(page, other, PATHS)) as url:
            assert entered == ["in"]
            assert "Dateline" in httpx.get(url).text
            assert httpx.get(url + "v1/models").json()["data"][0]["id"] == "harbour"
            assert httpx.get(url + "articles/bridge").status_code == 200
            assert httpx.get(url + "health").json() == {"status": "ok"}
            assert httpx.get(url + "articlesx").text == "There is nothing here."
            body = {"model": "harbour", "input": ASKED}
            made = httpx.post(url + "v1/responses", json=body).json()
            assert made["output"][0]["content"][0]["text"] == f"{BRIDGE} [1]"
    until(lambda: entered == ["in", "out"])
    conversations.close()


def test_an_application_that_cannot_start_stops_the_server() -> None:
    import asyncio

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("knows no lifespan")

    def replies(*apps: Any) -> list[Any]:
        sent: list[Any] = []
        waiting = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(waiting)

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(Beside(*apps, PATHS)({"type": "lifespan"}, receive, send))
        return [(message["type"], message.get("message")) for message in sent]

    assert replies(plain, fails) == [("lifespan.startup.failed", "no disk")]
    assert replies(plain, plain) == [
        ("lifespan.startup.complete", None),
        ("lifespan.shutdown.complete", None),
    ]
