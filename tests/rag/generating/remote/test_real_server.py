"""A real OpenAI-compatible server, llama-cpp-python's own, with the tiny model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.errors import WriterRefused
from rag.generating.generator import Piece, Prompt, Stop, Stopped
from rag.generating.remote.writer import RemoteWriter
from tests.conftest import TINY

pytestmark = pytest.mark.models
KEY = "sk-for-this-test"
TEXT = "The new bridge in Sampleton opened on 3 May. It is 812 metres long. <|im_end|>"


@pytest.fixture(scope="module")
def url(
    model_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    for module in ("sse_starlette", "starlette_context", "pydantic_settings"):
        pytest.importorskip(module, reason="the test extra isn't installed")
    path = model_path(TINY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    given = {"--model": path, "--model_alias": "tiny", "--host": "127.0.0.1", "--port": port}
    given |= {"--n_ctx": 2048, "--n_threads": 1, "--api_key": KEY}
    arguments = [str(part) for pair in given.items() for part in pair]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ),
        )
    address = f"http://127.0.0.1:{port}/v1"
    try:
        end = time.monotonic() + 120
        while not _up(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _up(address: str) -> bool:
    try:
        with httpx.Client(trust_env=False) as client:
            return client.get(f"{address}/models").status_code in (200, 401)
    except httpx.TransportError:
        return False


@pytest.fixture
def writer(url: str) -> Iterator[RemoteWriter]:
    writer = RemoteWriter.open(url, key=KEY)  # its one model needs no name
    yield writer
    writer.close()


def hits() -> list[Hit]:
    article = Article("a", "A bridge", TEXT)
    return [Hit(Passage("a", 0, len(TEXT), TEXT), article, 1.0, 1, 1.0, None, 1, None)]


def test_it_writes_and_says_the_same_again(writer: RemoteWriter) -> None:
    def text() -> str:
        events = writer.write("How long is the bridge in Sampleton?", hits())
        return "".join(event.text for event in events if isinstance(event, Piece))

    assert writer.name == "tiny"
    first = text()
    assert "812" in first
    assert text() == first


def test_it_replies(writer: RemoteWriter) -> None:
    assert writer.reply(Prompt("You are brief.", ("It opened on 3 May.\n",), "When?"), 20)


def test_stopping_leaves_it_free_for_the_next(writer: RemoteWriter) -> None:
    stop = Stop()
    events = writer.write("Tell me everything about the bridge.", hits(), stop)
    next(events)
    stop.set()
    with pytest.raises(Stopped):
        list(events)
    assert list(writer.write("How long is the bridge?", hits()))


def test_without_its_key_it_refuses(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATELINE_WRITER_KEY", raising=False)
    with pytest.raises(WriterRefused, match="DATELINE_WRITER_KEY"):
        RemoteWriter.open(url)
