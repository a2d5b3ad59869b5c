"""The page's components and what happens when they are touched. The only importer of gradio.

Nothing is decided here: ui.page and ui.collection do the work, ui.render and its neighbours make
the HTML. `serve` is where the real parts are put together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

# Before gradio is imported: it reads these once. Nothing of its own leaves this machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ["GRADIO_SHARE"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

import gradio as gr
from fastapi import FastAPI

from index.errors import DatelineError
from index.search import Filter
from ui import footnotes, guard, render, render_library, serving
from ui.collection import Collection
from ui.conversations import Conversations
from ui.markup import esc
from ui.page import Frame, Page, make_filter, without
from ui.render_library import View
from ui.seam import Choices
from ui.staging import Staging

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
_KEYS = (
    "<p><b>Keys.</b> <kbd>/</kbd> to the question · <kbd>Enter</kbd> asks, <kbd>Shift+Enter</kbd> "
    "a new line · <kbd>Esc</kbd> closes the article, else stops the answer · <kbd>Tab</kbd> goes "
    "from citation to citation, <kbd>Enter</kbd> opens it.</p>"
)
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def _asset(name: str) -> str:
    return files("ui").joinpath(name).read_text(encoding="utf-8")


def _html(value: str = "", **rest: Any) -> gr.HTML:
    """Our own HTML, in our own style."""
    return gr.HTML(value, apply_default_css=False, **rest)


def _shown(error: DatelineError) -> gr.Error:
    """A user's error becomes the page's own message, as text."""
    return gr.Error(esc(error), duration=8, print_exception=False)


def _say(frame: Frame) -> tuple[Any, ...]:
    """A Frame for the three components that it changes."""
    parts = (frame.transcript, frame.live, frame.chats)
    return tuple(gr.skip() if part is None else part for part in parts)


def build(page: Page, collection: Collection) -> gr.Blocks:
    with gr.Blocks(title="Dateline", fill_width=True, analytics_enabled=False) as blocks:
        _html(_MASTHEAD, elem_id="masthead")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Chat"):
                chat = _chat_tab(page)
            with gr.Tab("Library") as shelves:
                library = _library_tab()
            with gr.Tab("Settings"):
                settings = _settings_tab(page)
        bus = gr.HTML(
            "", elem_id="bus", js_on_load=_asset("page.js"), server_functions=_server(page)
        )
        _wire_chat(page, chat, settings, bus)
        _wire_settings(settings, blocks)
        _wire_library(page, collection, library, chat, bus, [blocks.load, shelves.select])

        def closed(request: gr.Request) -> None:
            page.forget(str(request.session_hash))
            collection.forget(str(request.session_hash))

        blocks.unload(closed)
    blocks.queue(default_concurrency_limit=20)
    return blocks


def _server(page: Page) -> list[Callable[..., Any]]:
    """What page.js calls and waits for; each takes one object."""

    def article(said: dict[str, Any]) -> str:
        turn, n = int(said.get("turn") or 0), int(said.get("n") or 0)
        return page.article(
            str(said.get("article", "")), str(said.get("spans", "")), turn or None, n or None
        )

    def copy(said: dict[str, Any]) -> str:
        return page.copied(int(said["turn"]))

    def exported(said: dict[str, Any]) -> str:
        return page.exported(str(said["chat"]))

    def vote(said: dict[str, Any]) -> None:
        page.vote(int(said["turn"]), int(said["vote"]), str(said["remark"]), str(said["expected"]))

    def questions(said: dict[str, Any]) -> dict[str, Any]:
        text, left = footnotes.questions(page.conversations.voted())
        return {"text": text, "left": left}

    return [article, copy, exported, vote, questions]


# ---- chat ----


@dataclass(frozen=True, slots=True)
class _Chat:
    chat: gr.Textbox
    editing: gr.Textbox
    find: gr.Textbox
    chats: gr.HTML
    transcript: gr.HTML
    live: gr.HTML
    chosen: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    since: gr.DateTime
    until: gr.DateTime
    outlets: gr.Dropdown


def _chat_tab(page: Page) -> _Chat:
    chat, editing = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="shelf"):
            new = gr.Button("New conversation", size="lg")
            find = gr.Textbox(
                placeholder="Search conversations",
                label="Search conversations",
                show_label=False,
                container=False,
            )
            chats = _html(elem_id="chats")
            _html(
                '<button type="button" data-act="export">Save this one as Markdown</button>',
                elem_id="export",
            )
        with gr.Column(elem_id="talk"):
            shelf = gr.Button("Conversations", size="sm", elem_id="shelf-toggle")
            transcript, live = _html(elem_id="transcript"), _html(elem_id="live")
            with gr.Column(elem_id="dock"):
                chosen = _html(elem_id="chosen")
                _html('<div id="editing" role="status"></div>')
                with gr.Row(elem_id="composer"):
                    question = gr.Textbox(
                        elem_id="question",
                        label="Your question",
                        show_label=False,
                        placeholder="Ask your articles…",
                        lines=1,
                        max_lines=6,
                        container=False,
                    )
                    ask = gr.Button("Ask", elem_id="ask", variant="primary")
                    stop = gr.Button("Stop", elem_id="stop")
                with (
                    gr.Accordion("Limit to dates or outlets", open=False, elem_id="narrow"),
                    gr.Row(),
                ):
                    since = gr.DateTime(
                        include_time=False, type="string", label="From", min_width=190
                    )
                    until = gr.DateTime(
                        include_time=False, type="string", label="Until", min_width=190
                    )
                    outlets = gr.Dropdown(page.outlets(), multiselect=True, label="Outlets")
        _html(_PANE, elem_id="pane-host")
    new.click(None, js="() => window.dateline.fresh()")
    shelf.click(None, js="() => window.dateline.shelf()")
    return _Chat(
        chat,
        editing,
        find,
        chats,
        transcript,
        live,
        chosen,
        question,
        ask,
        stop,
        since,
        until,
        outlets,
    )


def _wire_chat(page: Page, c: _Chat, s: _Settings, bus: gr.HTML) -> None:
    shown = [c.transcript, c.live, c.chats]
    narrowing = [c.since, c.until, c.outlets]
    choosing = [s.model, s.passages, s.strictness]

    def frames(made: Callable[[], Iterator[Frame]]) -> Iterator[tuple[Any, ...]]:
        """The last output is the question's box: emptied once the question is taken."""
        first = True
        try:
            for frame in made():
                yield (*_say(frame), "" if first else gr.skip())
                first = False
        except DatelineError as error:
            raise _shown(error) from None

    def ask(
        chat: str,
        editing: str,
        question: str | None,
        since: Any,
        until: Any,
        outlets: Any,
        model: Any,
        passages: Any,
        strictness: Any,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        yield from frames(
            lambda: page.ask(
                str(request.session_hash),
                chat,
                question or "",
                _filter(since, until, outlets),
                Choices(model, passages, strictness),
                int(editing or 0) or None,
            )
        )

    def again(
        since: Any,
        until: Any,
        outlets: Any,
        model: Any,
        passages: Any,
        strictness: Any,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        """A question from a button: a suggestion, or a turn's own, perhaps with one chip less."""
        said = event._data or {}
        question, turn = str(said.get("question") or ""), None

        def made() -> Iterator[Frame]:
            nonlocal question, turn
            chosen, read = _filter(since, until, outlets), True
            stored = page.conversations.turn(int(said.get("turn") or 0))
            if stored is not None and stored.chat == said.get("chat"):
                question, turn = stored.question, stored.id
                if said.get("kind") and stored.answer:
                    chosen = without(stored.answer["filter"], said["kind"], str(said.get("value")))
                    read = False  # or the chip would be back
            yield from page.ask(
                str(request.session_hash),
                str(said.get("chat")),
                question,
                chosen,
                Choices(model, passages, strictness, read),
                turn,
            )

        yield from frames(made)

    asking: dict[str, Any] = {
        **_QUIET,
        "outputs": [*shown, c.question],
        "concurrency_limit": 20,
    }
    gr.on(
        [c.question.submit, c.ask.click],
        ask,
        [c.chat, c.editing, c.question, *narrowing, *choosing],
        js="(...inputs) => window.dateline.asked(...inputs)",
        **asking,
    )
    bus.again(again, [*narrowing, *choosing], **asking)

    def stop(request: gr.Request) -> None:
        page.stop(str(request.session_hash))

    c.stop.click(stop, None, None, **_QUIET)

    def show(find: str | None, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        chat = str((event._data or {}).get("chat", ""))
        return _say(page.show(str(request.session_hash), chat, find or ""))

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

    # By default an event that comes while one is pending is dropped, and its change never shown.
    bus.show(show, c.find, shown, trigger_mode="always_last", **_QUIET)
    here = "(...inputs) => window.dateline.here(...inputs)"
    c.find.change(search, [c.chat, c.find], c.chats, js=here, trigger_mode="always_last", **_QUIET)
    bus.rename(rename, c.find, c.chats, trigger_mode="multiple", **_QUIET)
    bus.discard(discard, c.find, c.chats, trigger_mode="multiple", **_QUIET)

    def chips(since: Any, until: Any, outlets: Any) -> str:
        value = {"since": (since or "")[:10], "until": (until or "")[:10], "sources": outlets}
        inside = render.filter_chips(value, "unchip")
        return f'<p class="chips"><span>Only articles</span> {inside}</p>' if inside else ""

    def unchip(since: Any, until: Any, outlets: Any, event: gr.EventData) -> tuple[Any, ...]:
        said = event._data or {}
        kind = said.get("kind")
        kept = [o for o in outlets or [] if not (kind == "source" and o == said.get("value"))]
        return None if kind == "since" else since, None if kind == "until" else until, kept

    gr.on([each.change for each in narrowing], chips, narrowing, c.chosen, **_QUIET)
    bus.unchip(unchip, narrowing, narrowing, **_QUIET)


def _filter(since: Any, until: Any, outlets: Any) -> Filter | None:
    return make_filter(since or "", until or "", outlets or [])


# ---- library ----


@dataclass(frozen=True, slots=True)
class _Library:
    files: gr.File
    addresses: gr.Textbox
    outlet: gr.Textbox
    add: gr.Button
    outcome: gr.HTML
    removed: gr.HTML
    find: gr.Textbox
    table: gr.HTML
    view: gr.State


def _library_tab() -> _Library:
    with gr.Column(elem_id="library"):
        _html(
            "<h2>Add articles</h2><p class='label'>Text, Markdown, HTML, PDF, Word and JSON lines; "
            "a zip for a folder. Web addresses can be pages or feeds, and are fetched once, "
            "now.</p>"
        )
        with gr.Row(elem_id="incoming"):
            files = gr.File(file_count="multiple", label="Files", height=150, elem_id="drop")
            with gr.Column():
                addresses = gr.Textbox(
                    label="Web addresses, one a line",
                    lines=2,
                    max_lines=6,
                    placeholder="https://",
                    elem_id="addresses",
                )
                outlet = gr.Textbox(
                    label="Outlet (where the article doesn’t say)", elem_id="outlet"
                )
        add = gr.Button("Add to the library", variant="primary", elem_id="add")
        outcome = _html(elem_id="outcome")
        _html("<h2>In the library</h2>")
        removed = _html(elem_id="removed")
        find = gr.Textbox(
            label="Search titles and outlets",
            show_label=False,
            container=False,
            placeholder="Search titles, outlets, dates",
            elem_id="find",
        )
        table = _html(elem_id="table")
    return _Library(files, addresses, outlet, add, outcome, removed, find, table, gr.State(View()))


def _wire_library(
    page: Page,
    collection: Collection,
    lib: _Library,
    c: _Chat,
    bus: gr.HTML,
    opened: Sequence[Any],
) -> None:
    def drawn(view: View) -> str:
        return render_library.table(page.articles(), view)

    def now(view: View) -> View:
        return replace(view, drawn=page.backend.generation())

    def add(
        files: Sequence[str] | None, addresses: str | None, outlet: str | None, view: View
    ) -> Iterator[tuple[Any, ...]]:
        uploads = [Path(f) for f in files or ()]
        try:
            for html in collection.add(uploads, addresses or "", outlet or ""):
                yield html, gr.skip(), gr.skip(), gr.skip(), gr.skip()
        except DatelineError as error:
            raise _shown(error) from None
        yield gr.skip(), drawn(view), None, "", gr.update(choices=page.outlets())

    lib.add.click(
        add,
        [lib.files, lib.addresses, lib.outlet, lib.view],
        [lib.outcome, lib.table, lib.files, lib.addresses, c.outlets],
        concurrency_limit=1,
        concurrency_id="add",
        **_QUIET,
    )

    def fresh(view: View) -> tuple[Any, ...]:
        if view.drawn == page.backend.generation():
            return gr.skip(), gr.skip(), gr.skip()
        return now(view), drawn(view), gr.update(choices=page.outlets())

    # What changes the view runs one after the other: each sees what the one before made of it.
    in_turn: dict[str, Any] = {**_QUIET, "concurrency_id": "view", "concurrency_limit": 1}
    for event in opened:
        event(fresh, lib.view, [lib.view, lib.table, c.outlets], **in_turn)

    def look(view: View, find: str | None) -> tuple[View, str]:
        view = replace(view, find=find or "", page=0)
        return view, drawn(view)

    def table(view: View, event: gr.EventData) -> tuple[View, str]:
        said = event._data or {}
        if said.get("column") in ("title", "source", "published"):
            view = view.by(said["column"])
        elif "page" in said:
            view = replace(view, page=int(said["page"]))
        return view, drawn(view)

    lib.find.change(
        look, [lib.view, lib.find], [lib.view, lib.table], trigger_mode="always_last", **in_turn
    )
    bus.table(table, lib.view, [lib.view, lib.table], trigger_mode="multiple", **in_turn)

    def remove(view: View, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        try:
            article = str((event._data or {}).get("article"))
            said = collection.remove(str(request.session_hash), article)
        except DatelineError as error:
            raise _shown(error) from None
        return said, drawn(view), gr.update(choices=page.outlets())

    def undo(view: View, request: gr.Request) -> tuple[Any, ...]:
        try:
            said = collection.undo(str(request.session_hash))
        except DatelineError as error:
            raise _shown(error) from None
        return said, drawn(view), gr.update(choices=page.outlets())

    changed = [lib.removed, lib.table, c.outlets]
    bus.remove(remove, lib.view, changed, trigger_mode="multiple", **in_turn)
    bus.undo(undo, lib.view, changed, trigger_mode="multiple", **in_turn)


# ---- settings ----


@dataclass(frozen=True, slots=True)
class _Settings:
    model: gr.Dropdown
    passages: gr.Slider
    strictness: gr.Slider
    look: gr.Radio


def _settings_tab(page: Page) -> _Settings:
    models = list(page.backend.models())
    with gr.Column(elem_id="settings"):
        _html("<h2>Answers</h2>")
        model = gr.Dropdown(
            models,
            value=models[0] if models else None,
            label="Model",
            info="Another one takes a few seconds to load; a larger one writes more slowly.",
        )
        passages = gr.Slider(
            1,
            8,
            value=3,
            step=1,
            label="Passages read",
            info="Each one more is read in about a second the first time, at once afterwards.",
        )
        strictness = gr.Slider(
            0.05,
            0.95,
            value=0.5,
            step=0.05,
            label="Strictness",
            info="How sure it must be to answer. Costs no time. Lower answers more, higher says "
            "more often that the library doesn’t hold the answer.",
        )
        _html("<h2>This page</h2>")
        look = gr.Radio(
            [("As the system", "system"), ("Light", "light"), ("Dark", "dark")],
            value="system",
            label="Colours",
            elem_id="theme",
        )
        _html(
            '<button type="button" class="primary" data-act="questions">Save marked answers as a '
            'question file</button> <span id="said" role="status"></span>'
            "<p class='label'>For <code>dateline eval answers</code>: the answers that you marked "
            "good, and those that you said what they should say.</p>"
        )
        _html(_KEYS)
    look.input(None, look, None, js="(value) => { window.dateline.theme(value); }")
    return _Settings(model, passages, strictness, look)


def _wire_settings(s: _Settings, blocks: gr.Blocks) -> None:
    """What was chosen is kept in the browser, and taken up again where it still makes sense."""
    settings = [s.model, s.passages, s.strictness]
    keep = "(...values) => { localStorage.setItem('dateline-settings', JSON.stringify(values)); }"
    for each in settings:
        each.input(None, settings, None, js=keep)
    blocks.load(
        None,
        settings,
        [*settings, s.look],
        js="""(...values) => {
            let kept = [];
            try { kept = JSON.parse(localStorage.getItem("dateline-settings")) || []; } catch {}
            const like = (value, i) => typeof value === "number" && Number.isFinite(kept[i]);
            const theme = localStorage.getItem("dateline-theme") || "system";
            return [...values.map((value, i) => like(value, i) ? kept[i] : value), theme];
        }""",
    )


# ---- all of it ----


def theme() -> gr.themes.Base:
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"]
    base = gr.themes.Base(font=sans, font_mono=["ui-monospace", "monospace"])
    ours = {
        "color_accent": "var(--accent)",
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)",
        "block_label_text_color": "var(--soft)",
        "block_info_text_color": "var(--soft)",
        "block_title_text_color": "var(--ink)",
        "block_border_color": "var(--line)",
        "border_color_primary": "var(--line)",
        "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--paper)",
        "input_background_fill": "var(--card)",
        "input_border_color": "var(--line)",
        "input_placeholder_color": "var(--soft)",
        "slider_color": "var(--accent)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--card)",
        "button_secondary_background_fill": "var(--card)",
        "button_secondary_text_color": "var(--ink)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_text_color": "var(--card)",
    }
    dark = {f"{name}_dark": value for name, value in ours.items() if name != "color_accent"}
    return base.set(**ours, **dark, input_border_width="1px", input_border_width_dark="1px")


def application(page: Page, collection: Collection, access: guard.Access) -> guard.Guard:
    """The whole page as an ASGI app, guarded."""
    collection.staging.prepare()
    os.environ["GRADIO_TEMP_DIR"] = str(collection.staging.incoming)
    blocks = build(page, collection)
    framework = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        path="/",
        show_error=False,
        allowed_paths=[],
        max_file_size=collection.staging.limits.file_bytes,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        theme=theme(),
        css=_asset("page.css"),
    )
    blocks.has_launched = True  # mounting forgets to, and unlaunched it takes files from anywhere
    return guard.Guard(framework, access, collection.staging.incoming)


def serve(
    library_path: Path,
    *,
    host: str,
    port: int,
    auth: str | None,
    token: str | None,
    model: str | None,
    open_browser: bool,
) -> None:
    """Serves the page until it is interrupted. Raises UsageError, LibraryDamaged, ModelError."""
    access = guard.access(host, auth, token)
    listening = serving.listen(host, port)
    from ui.local import LocalBackend

    backend = LocalBackend.open(library_path, model)
    conversations = Conversations(library_path / "conversations.sqlite")
    staging = Staging(library_path / "uploads")
    try:
        allowed = serving.public_only if host not in guard.LOOPBACK else serving.any_address
        app = application(
            Page(backend, conversations), Collection(backend, staging, allowed), access
        )
        serving.run(app, listening, host, token=token, open_browser=open_browser)
    finally:
        conversations.close()
        staging.clear()
        backend.close()
