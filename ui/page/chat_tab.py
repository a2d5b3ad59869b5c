"""The chat tab: conversations on the left, the talk, the article that is open beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from index.errors import DatelineError
from index.search import Filter
from rag.understanding.kinds import Kind
from ui.filters import make_filter
from ui.page.kit import HERE, QUIET, gr, html, said, session, shown
from ui.page.page import Again, Frame, Page
from ui.page.seam import Choices
from ui.page.settings_tab import SettingsTab

_PANE = """
<aside id="pane" tabindex="-1" aria-label="Article">
  <div class="bar">
    <button type="button" class="back" data-act="back" aria-label="Back">‹</button>
    <button type="button" class="forward" data-act="forward" aria-label="Forward">›</button>
    <button type="button" class="summarise" data-act="summarise">Summarise</button>
    <button type="button" class="close" data-act="shut" aria-label="Close the article">×</button>
  </div>
  <div class="content"></div>
</aside>"""
_EXPORT = (
    '<button type="button" data-act="export" title="As Markdown, with its footnotes">'
    "Save this conversation</button>"
)


@dataclass(frozen=True, slots=True)
class ChatTab:
    chat: gr.Textbox
    editing: gr.Textbox
    beside: gr.Textbox
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


def build(page: Page) -> ChatTab:
    # What the page's script knows and the events need: filled in as an event leaves.
    chat, editing, beside = (gr.Textbox(visible="hidden") for _ in range(3))
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="shelf"):
            new = gr.Button("New conversation", size="lg", elem_id="new")
            find = gr.Textbox(
                placeholder="Search conversations",
                label="Search conversations",
                show_label=False,
                container=False,
            )
            chats = html(elem_id="chats")
            html(_EXPORT, elem_id="export")
        with gr.Column(elem_id="talk"):
            shelf = gr.Button("Conversations", size="sm", elem_id="shelf-toggle")
            html('<div id="news"></div>', elem_id="news-host")
            transcript, live = html(elem_id="transcript"), html(elem_id="live")
            with gr.Column(elem_id="dock"):
                chosen = html(elem_id="chosen")
                html('<div id="editing" role="status"></div>')
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
                    since, until = (
                        gr.DateTime(include_time=False, type="string", label=name, min_width=190)
                        for name in ("From", "Until")
                    )
                    outlets = gr.Dropdown(page.outlets(), multiselect=True, label="Outlets")
        html(_PANE, elem_id="pane-host")
    new.click(None, js="() => window.dateline.fresh()")
    shelf.click(None, js="() => window.dateline.shelf()")
    return ChatTab(
        chat=chat,
        editing=editing,
        beside=beside,
        find=find,
        chats=chats,
        transcript=transcript,
        live=live,
        chosen=chosen,
        question=question,
        ask=ask,
        stop=stop,
        since=since,
        until=until,
        outlets=outlets,
    )


def wire(page: Page, c: ChatTab, settings: SettingsTab, bus: gr.HTML) -> None:
    _wire_asking(page, c, settings, bus)
    _wire_conversations(page, c, bus)
    _wire_filters(page, c, bus)


def _wire_asking(page: Page, c: ChatTab, settings: SettingsTab, bus: gr.HTML) -> None:
    narrowing = [c.since, c.until, c.outlets]

    def frames(made: Callable[[], Iterator[Frame]]) -> Iterator[tuple[Any, ...]]:
        """The last output is the question's box: emptied once the question is taken."""
        first = True
        try:
            for frame in made():
                yield (*_parts(frame), "" if first else gr.skip())
                first = False
        except DatelineError as error:
            raise shown(error) from None

    def ask(
        chat: str,
        editing: str,
        beside: str | None,
        question: str | None,
        since: Any,
        until: Any,
        outlets: Any,
        model: Any,
        passages: Any,
        budget: Any,
        show_withheld: Any,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        yield from frames(
            lambda: page.ask(
                session(request),
                chat,
                question or "",
                _filter(since, until, outlets),
                Choices(model, passages, budget, bool(show_withheld), article=beside or None),
                int(editing or 0) or None,
            )
        )

    def again(
        since: Any,
        until: Any,
        outlets: Any,
        model: Any,
        passages: Any,
        budget: Any,
        show_withheld: Any,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        """A question from a button: a suggestion, or a turn's own, perhaps with one chip less, as
        another kind, as it was typed, or after the passages that it was looked for in."""
        asked = said(event)
        chat, turn = str(asked.get("chat")), int(asked.get("turn") or 0)
        chip = str(asked.get("kind") or ""), str(asked.get("value"))

        def made() -> Iterator[Frame]:
            new = page.again(chat, turn, chip, further=bool(asked.get("further")))
            new = new or Again(str(asked.get("question") or ""))
            yield from page.ask(
                session(request),
                chat,
                new.question,
                _filter(since, until, outlets) if new.filter is None else new.filter,
                Choices(
                    model,
                    passages,
                    budget,
                    bool(show_withheld),
                    read_filters=new.filter is None,  # or the chip would be back
                    kind=_kind(asked.get("ask")) or new.kind,
                    article=new.article or str(asked.get("article") or "") or None,
                    skip=new.skip,
                    correct=not asked.get("typed"),
                ),
                new.instead_of,
            )

        yield from frames(made)

    # Several at once: a window may go to another conversation and ask there meanwhile.
    asking: dict[str, Any] = {
        **QUIET,
        "outputs": [c.transcript, c.live, c.chats, c.question],
        "concurrency_limit": 20,
        "trigger_mode": "multiple",
    }
    gr.on(
        [c.question.submit, c.ask.click],
        ask,
        [c.chat, c.editing, c.beside, c.question, *narrowing, *settings.choosing],
        js="(...inputs) => window.dateline.asked(...inputs)",
        **asking,
    )
    bus.again(again, [*narrowing, *settings.choosing], **asking)

    def stop(chat: str, request: gr.Request) -> None:
        page.stop(session(request), chat)

    c.stop.click(stop, c.chat, None, js=HERE, trigger_mode="multiple", **QUIET)


def _wire_conversations(page: Page, c: ChatTab, bus: gr.HTML) -> None:
    def show(chat: str, find: str | None, request: gr.Request) -> tuple[Any, ...]:
        return _parts(page.show(session(request), chat, find or ""))

    def search(chat: str, find: str | None) -> str:
        return page.chats(chat, find or "")

    # By default an event that comes while one is pending is dropped, and its change never shown.
    last: dict[str, Any] = {**QUIET, "js": HERE, "trigger_mode": "always_last"}
    here = [c.chat, c.find]
    bus.show(show, here, [c.transcript, c.live, c.chats], **last)
    c.find.change(search, here, c.chats, **last)
    # Opens the stream of messages where one was closed too early: see stream.js.
    bus.wake(lambda: None, None, None, trigger_mode="multiple", **QUIET)


def _wire_filters(page: Page, c: ChatTab, bus: gr.HTML) -> None:
    narrowing = [c.since, c.until, c.outlets]

    def chosen(since: Any, until: Any, outlets: Any) -> str:
        return page.chosen((since or "")[:10], (until or "")[:10], outlets or [])

    def unchip(since: Any, until: Any, outlets: Any, event: gr.EventData) -> tuple[Any, ...]:
        kind, value = said(event).get("kind"), said(event).get("value")
        kept = [o for o in outlets or [] if not (kind == "source" and o == value)]
        return None if kind == "since" else since, None if kind == "until" else until, kept

    gr.on(
        [each.change for each in narrowing],
        chosen,
        narrowing,
        c.chosen,
        trigger_mode="always_last",
        **QUIET,
    )
    bus.unchip(unchip, narrowing, narrowing, **QUIET)


def _parts(frame: Frame) -> tuple[Any, ...]:
    """A Frame for the three components that it changes."""
    parts = (frame.transcript, frame.live, frame.chats)
    return tuple(gr.skip() if part is None else part for part in parts)


def _filter(since: Any, until: Any, outlets: Any) -> Filter | None:
    """The framework's days have a time of day after them."""
    return make_filter((since or "")[:10], (until or "")[:10], outlets or [])


def _kind(name: Any) -> Kind | None:
    return next((kind for kind in get_args(Kind) if kind == name), None)
