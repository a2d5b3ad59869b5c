"""The page put together: its tabs, what its script calls, and the server around it.

Nothing is decided here or in the tabs: ui.page.page and ui.page.collection do the work,
ui.page.rendering makes the HTML. `serve` is where the real parts are put together.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from fastapi import FastAPI

from index.storing.places import Place
from ui import wording
from ui.api.app import PATHS, create_app
from ui.api.tokens import Tokens
from ui.page import chat_tab, library_tab, settings_tab
from ui.page.collection import Collection
from ui.page.conversations import Conversations
from ui.page.kit import asset, gr, html
from ui.page.page import Page
from ui.page.places import place
from ui.page.rendering.bundle import bundle
from ui.page.rendering.markup import esc
from ui.page.serving import guard
from ui.page.serving import server as serving
from ui.page.serving.background import Background
from ui.page.serving.beside import Beside
from ui.page.serving.listeners import Listeners
from ui.page.serving.staging import Staging
from ui.page.serving.unread import Unread
from ui.page.suggesting.trying import Suggestions
from ui.page.theme import theme

_HERE = "Your articles, on this computer"

_WINDOWS = 100  # for which the framework keeps its own notes, 350 KB each

_SCRIPTS = ("widgets.js", "reader.js", "follow.js", "news.js", "drop.js", "page.js")
_STYLES = ("page.css", "answers.css", "panels.css", "changes.css", "narrow.css")


def build(page: Page, collection: Collection, motto: str = "") -> gr.Blocks:
    masthead = f'<p class="brand"><b>Dateline</b><span>{esc(motto or _HERE)}</span></p>'
    with gr.Blocks(title="Dateline", fill_width=True, analytics_enabled=False) as blocks:
        html(masthead, elem_id="masthead")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Chat"):
                chat = chat_tab.build(page)
            with gr.Tab("Library") as shelves:
                library = library_tab.build()
            with gr.Tab("Settings") as switches:
                settings = settings_tab.build(page)
        bus = gr.HTML(
            "",
            elem_id="bus",
            js_on_load="".join(map(asset, _SCRIPTS)),
            server_functions=_server(page, collection),
        )
        chat_tab.wire(page, chat, settings, bus)
        library_tab.wire(
            page, collection, library, chat.outlets, bus, [blocks.load, shelves.select]
        )
        settings_tab.wire(page, settings, bus, switches.select)
    # No event for a window's end: for that the framework would hold a connection open for each
    # window, and a browser has six. Work in a window that is gone ends with its stream.
    blocks.queue(default_concurrency_limit=20)
    return blocks


def _server(page: Page, collection: Collection) -> list[Callable[..., Any]]:
    """What page.js calls and waits for; each takes one object."""

    def article(said: dict[str, Any]) -> str:
        turn, n = int(said.get("turn") or 0), int(said.get("n") or 0)
        return page.article(
            str(said.get("article", "")), str(said.get("spans", "")), turn or None, n or None
        )

    def rename(said: dict[str, Any]) -> None:
        page.conversations.rename(str(said["chat"]), str(said["title"]))

    def discard(said: dict[str, Any]) -> None:
        page.discard(str(said["chat"]))

    def copy(said: dict[str, Any]) -> str:
        return page.copied(int(said["turn"]))

    def exported(said: dict[str, Any]) -> str:
        return page.exported(str(said["chat"]))

    def vote(said: dict[str, Any]) -> None:
        page.vote(int(said["turn"]), int(said["vote"]), str(said["remark"]), str(said["expected"]))

    def amend(said: dict[str, Any]) -> str:
        """What is wrong with it, or nothing."""
        return collection.amend(
            str(said["article"]), str(said["title"]), str(said["source"]), str(said["published"])
        )

    def news(said: dict[str, Any]) -> dict[str, str]:
        return asdict(page.changes.notice(str(said.get("mark") or "")))

    def listed(said: dict[str, Any]) -> str:
        return page.changes.listed(str(said.get("mark") or ""))

    def changes(said: dict[str, Any]) -> str:
        version = str(said.get("version") or "")
        number = int(version) if version.isdecimal() else None
        return page.changes.difference(str(said.get("article", "")), number)

    def questions(said: dict[str, Any]) -> dict[str, Any]:
        made, left = bundle(page.conversations.voted(), page.backend.articles())
        return {"zip": base64.b64encode(made).decode(), "left": left}

    return [article, rename, discard, copy, exported, vote, amend, news, listed, changes, questions]


def application(
    page: Page, collection: Collection, access: guard.Access, motto: str = ""
) -> guard.Guard:
    """The whole page as an ASGI app, guarded. `motto` stands beside its name, where not all stays
    on this computer."""
    limits = collection.staging.limits
    collection.staging.prepare()
    listeners = Listeners()
    page.away = listeners.away
    collection.mine = page.changes.mine
    os.environ["GRADIO_TEMP_DIR"] = str(collection.staging.incoming)
    blocks = build(page, collection, motto)
    blocks.state_session_capacity = _WINDOWS
    framework = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        path="/",
        show_error=False,
        allowed_paths=[],
        max_file_size=limits.request_bytes,  # one file that is too large is refused by its name
        favicon_path=str(files("ui.page").joinpath("static", "favicon.svg")),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        theme=theme(),
        css="".join(map(asset, _STYLES)),
        head=f"<script>{asset('stream.js')}</script>",
    )
    blocks.has_launched = True  # mounting forgets to, and unlaunched it takes files from anywhere
    return guard.Guard(
        framework,
        access,
        collection.staging.incoming,
        body_bytes=limits.request_bytes,
        has_room=collection.staging.has_room,
        listeners=listeners,
        unread=Unread(blocks._queue, listeners),
    )


def serve(
    library_path: Place,
    *,
    host: str,
    port: int,
    auth: str | None,
    token: str | None,
    model: str | None,
    writer_url: str | None = None,
    writer_model: str | None = None,
    open_browser: bool,
    refresh_every: float | None = None,
) -> None:
    """Serves the page until it is interrupted; looks at what is followed every so many seconds.
    Raises UsageError, LibraryDamaged, ModelError."""
    access = guard.access(host, auth, token)
    listening = serving.listen(host, port)
    from ui.api.mcp.serving import mounted
    from ui.page.local import LocalBackend

    backend = LocalBackend.open(library_path, model, writer_url, writer_model)
    conversations = Conversations(place(backend.folder, backend.library_id))
    staging = Staging(backend.folder / "uploads")
    suggestions: Suggestions | None = None
    background = Background(backend.service, refresh_every) if refresh_every else None
    try:
        collection = Collection(backend, staging, public=host not in guard.LOOPBACK)
        api = create_app(
            backend.service,
            tokens=None if access.open else Tokens.open(),
            public=host not in guard.LOOPBACK,
            within=(mounted(),),
        )
        motto = wording.leaving(backend.writer_host)
        page = Page(backend, conversations)
        suggestions = page.suggestions
        app = Beside(application(page, collection, access, motto), api, PATHS)
        suggestions.start()
        if background is not None:
            background.start()
        serving.run(app, listening, host, token=token, open_browser=open_browser, stop=backend.stop)
    finally:
        if background is not None:
            background.close()
        backend.close()
        if suggestions is not None:
            suggestions.close()
        conversations.close()
        staging.clear()
