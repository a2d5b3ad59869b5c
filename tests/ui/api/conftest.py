"""A real server on loopback over a small library, answered by stand-in models."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, Read, Stop, Stopped
from rag.generating.reader import LocalReader
from rag.service import Service
from tests.fakes import FakeEncoder, FakeGenerator
from tests.ui.conftest import until
from ui.api.app import create_app

BRIDGE = "The harbour bridge was opened on Saturday by the mayor."
COST = "The harbour bridge cost 41 million crowns."
FERRY = "The solar ferry carried its millionth passenger in March."
ARTICLES = (
    Article(
        "bridge",
        "The 🌉 bridge <b>opens</b>",
        f"🌉 Varnholm\n\n{BRIDGE}\n\n{COST}",
        "Varnholm Courier",
        date(2025, 4, 12),
        ("A. Writer",),
        "https://courier.example/bridge",
        "/home/somebody/bridge.txt",
    ),
    Article("ferry", "The ferry", FERRY, "Island Post", date(2024, 3, 1)),
)
ASKED = "When was the harbour bridge opened?"
UNKNOWN = "Who invented television?"


class Held(FakeGenerator):
    """Can be held before it writes; `writing` is set while somebody's answer is written, and
    `left` once it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = threading.Event()
        self.left = threading.Event()
        self.stopped = 0
        self.go = threading.Event()
        self.go.set()

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        self.left.clear()
        self.writing.set()
        try:
            while not self.go.wait(0.005):
                if stop is not None and stop.is_set():
                    self.stopped += 1
                    raise Stopped
            yield from super().write(prompt, max_tokens, stop)
        finally:
            self.writing.clear()
            self.left.set()


@dataclass
class Api:
    """`url` ends with a slash; the openai package takes `v1`."""

    url: str
    app: Any
    service: Service
    generator: Held
    library: Library

    @property
    def v1(self) -> str:
        return self.url + "v1"


@contextmanager
def served(folder: Path, *, waiting: int = 20, **options: Any) -> Iterator[Api]:
    encoder = FakeEncoder()
    library = Library.open(folder / "harbour", encoder, create=True)
    for article in ARTICLES:
        library.put(article)
    generator = Held()
    reader = LocalReader(generator, TrainedForm())
    service = Service(Assistant(library, reader, reader, encoder), waiting=waiting)
    options.setdefault("slow_s", 0.0)
    app = create_app(service, **options)
    with service, running(app) as url:
        try:
            yield Api(url, app, service, generator, library)
        finally:
            generator.go.set()


@contextmanager
def running(app: Any, grace_s: int = 1) -> Iterator[str]:
    """A real uvicorn on a free port, until the block ends."""
    import uvicorn

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=grace_s)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with served(tmp_path_factory.mktemp("api")) as one:
        yield one


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Servers with options of their own."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(tmp_path, **options))
