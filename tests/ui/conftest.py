"""A page served for a module's tests, over invented articles, and a browser to look at it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.ui.fake_assistant import FakeBackend
from ui.page.collection import Collection
from ui.page.conversations import Conversations
from ui.page.page import Page
from ui.page.serving.guard import Access
from ui.page.serving.staging import Limits, Staging

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Served:
    url: str
    backend: Any
    page: Page
    folder: Path

    @property
    def conversations(self) -> Conversations:
        return self.page.conversations


@contextmanager
def serve(backend: Any, folder: Path, access: Access | None = None) -> Iterator[Served]:
    """The real application on a free port, until the block ends."""
    import uvicorn

    from ui.page.chat import application

    conversations = Conversations(folder / "conversations.sqlite")
    page = Page(backend, conversations)
    staging = Staging(
        folder / "uploads",
        Limits(file_bytes=200_000, files=20, request_bytes=1_000_000, waiting_bytes=1_500_000),
    )
    app = application(page, Collection(backend, staging), access or Access())
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/", backend, page, folder)
    finally:
        server.should_exit = True
        thread.join(20)
        conversations.close()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for a condition that another thread makes true; fails when it doesn't."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it didn't come about"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(FakeBackend(), tmp_path_factory.mktemp("page")) as page:
        yield page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Window:
    """One open window and what it did: requests, script errors, dialogs, the console's errors."""

    page: Any
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Asks and waits until the answer is there."""
        before = self.page.locator("#transcript .turn").count()
        self.start(question)
        self.page.locator("#transcript .turn").nth(before).wait_for()
        self.page.wait_for_selector("#live article", state="detached")

    def start(self, question: str) -> None:
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")

    def reload(self) -> None:
        """What was under way is cut off, which the framework's own script reports; nothing else."""
        self.page.reload()
        self.page.wait_for_selector(".welcome, #transcript .turn")
        cut_off = ("AbortError", "Unexpected error", "Could not", "net::ERR")
        self.problems[:] = [p for p in self.problems if not p.startswith(cut_off)]

    def tab(self, name: str) -> None:
        self.page.click(f"#tabs button[role=tab]:has-text('{name}')")

    def text(self, selector: str) -> str:
        return " ".join(self.page.inner_text(selector).split())


@pytest.fixture
def window(chromium: Any, served: Served) -> Iterator[Callable[..., Window]]:
    """Opens windows on the served page; at the end no script may have failed, nor asked outside."""
    contexts: list[Any] = []
    windows: list[Window] = []

    def open_window(url: str = "", **options: Any) -> Window:
        context = chromium.new_context(
            viewport=options.pop("viewport", {"width": 1280, "height": 820}), **options
        )
        contexts.append(context)
        return _watched(context.new_page(), url or served.url, windows)

    yield open_window
    for context in contexts:
        context.close()
    for each in windows:
        assert each.problems == []
        assert [r for r in each.requests if not _own(r, served.url)] == []


@pytest.fixture(scope="module")
def _shared(chromium: Any, served: Served) -> Iterator[Window]:
    context = chromium.new_context(viewport={"width": 1280, "height": 820})
    yield _watched(context.new_page(), served.url, [])
    context.close()


@pytest.fixture
def w(_shared: Window, served: Served) -> Iterator[Window]:
    """The module's window, with a new conversation: much faster than a window of one's own."""
    _shared.tab("Chat")
    _shared.page.evaluate("window.dateline.fresh()")
    _shared.page.wait_for_selector(".welcome")
    yield _shared
    assert _shared.problems == []
    assert [r for r in _shared.requests if not _own(r, served.url)] == []


def _watched(page: Any, url: str, windows: list[Window]) -> Window:
    window = Window(page)
    windows.append(window)
    page.set_default_timeout(60_000)  # a busy machine is no failure
    page.on("request", lambda request: window.requests.append(request.url))
    page.on("pageerror", lambda error: window.problems.append(f"script: {error}"))
    page.on("dialog", lambda dialog: (window.problems.append("a dialog"), dialog.dismiss()))
    page.on(
        "console",
        lambda message: message.type == "error" and window.problems.append(message.text),
    )
    page.goto(url)
    page.wait_for_selector("#transcript article, .welcome, .turn")
    return window


def _own(request: str, url: str) -> bool:
    return request.startswith(url) or bool(re.match(r"(data|blob):", request))
