"""The page's components and what happens when they are touched. The only importer of gradio.

Nothing is decided here: ui.page does the work, ui.render and its neighbours make the HTML.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

# Before gradio is imported: it reads these once. Nothing of its own leaves this machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ["GRADIO_SHARE"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

import gradio as gr

from index.errors import DatelineError
from ui import render
from ui.page import Frame, Page, make_filter, without
from ui.seam import Choices

_PANE = """
<aside id="pane" tabindex="-1" aria-label="Article">
  <div class="bar">
    <button type="button" class="back" data-act="back" aria-label="Back">‹</button>
    <button type="button" class="forward" data-act="forward" aria-label="Forward">›</button>
    <button type="button" class="close" data-act="shut" aria-label="Close the article">×</button>
  </div>
  <div class="content"></div>
</aside>"""
_MASTHEAD = '<p class="brand"><b>Dateline</b><span>Your articles, on this computer</span></p>'


def _asset(name: str) -> str:
    return files("ui").joinpath(name).read_text(encoding="utf-8")


def theme() -> gr.themes.Base:
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"]
    return gr.themes.Base(
        primary_hue="blue", neutral_hue="stone", font=sans, font_mono=["ui-monospace", "monospace"]
    )


def _say(frame: Frame) -> tuple[Any, Any, Any]:
    """A Frame for the three components that it changes."""
    return tuple(  # type: ignore[return-value]
        gr.skip() if part is None else part for part in (frame.transcript, frame.live, frame.chats)
    )


def _told(work: Callable[..., Any]) -> Callable[..., Any]:
    """A user's error becomes the page's own message, and nothing else of it is shown."""

    def run(*args: Any) -> Any:
        try:
            return work(*args)
        except DatelineError as error:
            raise gr.Error(str(error), duration=8, print_exception=False) from None

    run.__name__ = work.__name__
    return run


def _html(value: str = "", **rest: Any) -> gr.HTML:
    """Our own HTML, in our own style."""
    return gr.HTML(value, apply_default_css=False, **rest)


def build(page: Page) -> gr.Blocks:
    with gr.Blocks(title="Dateline", fill_width=True, analytics_enabled=False) as blocks:
        _html(_MASTHEAD, elem_id="masthead")
        chat_id = gr.Textbox(visible="hidden", elem_classes="keep")
        editing = gr.Textbox(visible="hidden", elem_classes="keep")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Chat"):
                chat = _chat_tab(page)
            with gr.Tab("Library"):
                gr.Markdown("to come")
            with gr.Tab("Settings"):
                gr.Markdown("to come")

        def article(what: dict[str, Any]) -> str:
            turn, n = int(what.get("turn") or 0), int(what.get("n") or 0)
            return page.article(
                str(what.get("article", "")), str(what.get("spans", "")), turn or None, n or None
            )

        bus = gr.HTML("", elem_id="bus", js_on_load=_asset("page.js"), server_functions=[article])
        _wire_chat(page, chat, bus, chat_id, editing)

        def closed(request: gr.Request) -> None:
            page.forget(str(request.session_hash))

        blocks.unload(closed)
    blocks.queue(default_concurrency_limit=20)
    return blocks


class _Chat:
    """The chat tab's components."""

    transcript: gr.HTML
    live: gr.HTML
    chats: gr.HTML
    find: gr.Textbox
    chosen: gr.HTML
    question: gr.Textbox
    since: gr.DateTime
    until: gr.DateTime
    outlets: gr.Dropdown
    ask: gr.Button
    stop: gr.Button


def _chat_tab(page: Page) -> _Chat:
    c = _Chat()
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="shelf"):
            new = gr.Button("New conversation", size="lg")
            c.find = gr.Textbox(
                placeholder="Search conversations",
                show_label=False,
                label="Search conversations",
                container=False,
            )
            c.chats = _html("")
        with gr.Column(elem_id="talk"):
            shelf = gr.Button("Conversations", size="sm", elem_id="shelf-toggle")
            c.transcript = _html("", elem_id="transcript")
            c.live = _html("", elem_id="live")
            with gr.Column(elem_id="dock"):
                c.chosen = _html("", elem_id="chosen")
                _html('<div id="editing" role="status"></div>')
                with gr.Row(elem_id="composer"):
                    c.question = gr.Textbox(
                        elem_id="question",
                        show_label=False,
                        label="Your question",
                        lines=1,
                        max_lines=6,
                        placeholder="Ask your articles…",
                        container=False,
                        submit_btn=False,
                        autofocus=True,
                    )
                    c.ask = gr.Button("Ask", elem_id="ask", variant="primary")
                    c.stop = gr.Button("Stop", elem_id="stop")
                with (
                    gr.Accordion("Limit to dates or outlets", open=False, elem_id="narrow"),
                    gr.Row(),
                ):
                    c.since = gr.DateTime(include_time=False, type="string", label="From")
                    c.until = gr.DateTime(include_time=False, type="string", label="Until")
                    c.outlets = gr.Dropdown(
                        page.outlets(), multiselect=True, label="Outlets", min_width=240
                    )
        gr.HTML(_PANE, elem_id="pane-host", apply_default_css=False)
    new.click(None, js="() => window.dateline.fresh()")
    shelf.click(None, js="() => window.dateline.shelf()")
    return c


def _wire_chat(
    page: Page, c: _Chat, bus: gr.HTML, chat_id: gr.Textbox, editing: gr.Textbox
) -> None:
    shown = [c.transcript, c.live, c.chats]
    narrowing = [c.since, c.until, c.outlets]

    def ask(
        chat: str,
        editing: str,
        question: str,
        since: str | None,
        until: str | None,
        outlets: list[str] | None,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        chosen = _filter(since, until, outlets)
        frames = page.ask(
            str(request.session_hash), chat, question, chosen, Choices(), int(editing or 0) or None
        )
        yield from _frames(frames)

    def again(
        since: str | None,
        until: str | None,
        outlets: list[str] | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        said = event._data or {}
        question, turn = str(said.get("question") or ""), None
        chosen = _filter(since, until, outlets)
        if said.get("turn"):
            stored = page.conversations.turn(int(said["turn"]))
            if stored is None or stored.chat != said.get("chat"):
                return
            question, turn = stored.question, stored.id
            if said.get("kind") and stored.answer:
                chosen = without(stored.answer["filter"], said["kind"], str(said.get("value")))
        yield from _frames(
            page.ask(
                str(request.session_hash), str(said.get("chat")), question, chosen, Choices(), turn
            )
        )

    def _frames(frames: Iterator[Frame]) -> Iterator[tuple[Any, ...]]:
        first = True
        try:
            for frame in frames:
                yield (*_say(frame), "" if first else gr.skip())
                first = False
        except DatelineError as error:
            raise gr.Error(str(error), duration=8, print_exception=False) from None

    asking: dict[str, Any] = {
        "outputs": [*shown, c.question],
        "show_progress": "hidden",
        "concurrency_limit": 20,
        "api_visibility": "private",
    }
    gr.on(
        [c.question.submit, c.ask.click],
        ask,
        [chat_id, editing, c.question, *narrowing],
        js="(...inputs) => window.dateline.asked(...inputs)",
        **asking,
    )
    bus.again(again, narrowing, **asking)

    def stop(request: gr.Request) -> None:
        page.stop(str(request.session_hash))

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    c.stop.click(stop, None, None, **quiet)

    def show(find: str | None, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        said = event._data or {}
        return _say(page.show(str(request.session_hash), str(said.get("chat", "")), find or ""))

    def search(chat: str, find: str | None) -> str:
        return page.chats(chat, find or "")

    def rename(find: str | None, event: gr.EventData) -> str:
        said = event._data or {}
        page.conversations.rename(str(said.get("chat")), str(said.get("title") or ""))
        return page.chats(str(said.get("current")), find or "")

    def discard(find: str | None, event: gr.EventData) -> str:
        said = event._data or {}
        page.conversations.delete(str(said.get("chat")))
        return page.chats(str(said.get("current")), find or "")

    bus.show(show, c.find, shown, **quiet)
    c.find.input(
        search,
        [chat_id, c.find],
        c.chats,
        js="(...inputs) => window.dateline.here(...inputs)",
        trigger_mode="always_last",
        **quiet,
    )
    bus.rename(rename, c.find, c.chats, **quiet)
    bus.discard(discard, c.find, c.chats, **quiet)

    def chips(since: str | None, until: str | None, outlets: list[str] | None) -> str:
        value = {"since": (since or "")[:10], "until": (until or "")[:10], "sources": outlets}
        inside = render.filter_chips(value, "unchip")
        return f'<p class="chips"><span>Only articles</span> {inside}</p>' if inside else ""

    def unchip(
        since: str | None, until: str | None, outlets: list[str] | None, event: gr.EventData
    ) -> tuple[Any, ...]:
        said = event._data or {}
        kind = said.get("kind")
        kept = [o for o in outlets or [] if not (kind == "source" and o == said.get("value"))]
        return None if kind == "since" else since, None if kind == "until" else until, kept

    gr.on([each.change for each in narrowing], chips, narrowing, c.chosen, **quiet)
    bus.unchip(unchip, narrowing, narrowing, **quiet)


def _filter(since: str | None, until: str | None, outlets: list[str] | None) -> Any:
    try:
        return make_filter(since or "", until or "", outlets or [])
    except DatelineError as error:
        raise gr.Error(str(error), duration=8, print_exception=False) from None


def application(page: Page, *, upload_bytes: int = 50_000_000) -> Any:
    """The whole as an ASGI app, without a guard: ui.guard puts itself around it."""
    from fastapi import FastAPI

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    return gr.mount_gradio_app(
        app,
        build(page),
        path="/",
        show_error=False,
        allowed_paths=[],
        max_file_size=upload_bytes,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        theme=theme(),
        css=_asset("page.css"),
    )
