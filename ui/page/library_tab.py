"""The library tab: adding by file and address, the table, removing with undo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.errors import DatelineError
from ui.page.collection import Collection
from ui.page.kit import QUIET, gr, html, said, session, shown
from ui.page.page import Page
from ui.page.rendering import library as render_library


@dataclass(frozen=True, slots=True)
class LibraryTab:
    files: gr.File
    addresses: gr.Textbox
    outlet: gr.Textbox
    add: gr.Button
    outcome: gr.HTML
    removed: gr.HTML
    find: gr.Textbox
    table: gr.HTML


def build() -> LibraryTab:
    with gr.Column(elem_id="library"):
        html(
            "<h2>Add articles</h2><p class='label'>Text, Markdown, HTML, PDF, Word and JSON lines; "
            "a zip for a folder: dropped anywhere on the page, files are added at once. Web "
            "addresses can be pages or feeds, and are fetched once, now.</p>"
        )
        with gr.Row(elem_id="incoming"):
            files = gr.File(file_count="multiple", label="Files", elem_id="drop")
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
        add = gr.Button("Add these addresses", variant="primary", elem_id="add")
        outcome = html(elem_id="outcome")
        html("<h2>In the library</h2>")
        removed = html(elem_id="removed")
        find = gr.Textbox(
            label="Search titles and outlets",
            show_label=False,
            container=False,
            placeholder="Search titles, outlets, dates",
            elem_id="find",
        )
        table = html(elem_id="table")
    return LibraryTab(files, addresses, outlet, add, outcome, removed, find, table)


def wire(
    page: Page,
    collection: Collection,
    tab: LibraryTab,
    outlets: gr.Dropdown,
    bus: gr.HTML,
    opened: Sequence[Any],
) -> None:
    """`outlets` is the chat's choice of outlets; `opened` are the events that show the tab."""

    def drawn(window: str) -> tuple[str, Any]:
        """The table and the outlets, as they are now."""
        view = replace(collection.views[window], drawn=page.backend.generation())
        collection.views[window] = view
        return render_library.table(page.heads(), view), gr.update(choices=page.outlets())

    def added(steps: Iterator[str], window: str) -> Iterator[tuple[Any, ...]]:
        try:
            for progress in steps:
                yield progress, gr.skip(), gr.skip()
        except DatelineError as error:
            raise shown(error) from None
        yield gr.skip(), *drawn(window)

    def files(
        files: Sequence[str] | None, outlet: str | None, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        uploads = [Path(f) for f in files or ()]
        taken: Any = None  # the list of files is emptied once they are
        for step in added(collection.add(uploads, "", outlet or ""), session(request)):
            yield *step, taken
            taken = gr.skip()

    def addresses(
        addresses: str | None, outlet: str | None, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        steps = added(collection.add((), addresses or "", outlet or ""), session(request))
        for progress, table, choices in steps:
            over = not isinstance(progress, str)
            yield progress, table, choices, "" if over else gr.skip()

    adding: dict[str, Any] = {**QUIET, "concurrency_limit": 1, "concurrency_id": "add"}
    changes = [tab.outcome, tab.table, outlets]
    # (what is dropped while files are being added is added after them)
    tab.files.upload(
        files, [tab.files, tab.outlet], [*changes, tab.files], trigger_mode="multiple", **adding
    )
    tab.add.click(addresses, [tab.addresses, tab.outlet], [*changes, tab.addresses], **adding)

    # What changes the table runs one after the other: each sees what the one before made of it.
    in_turn: dict[str, Any] = {**QUIET, "concurrency_id": "view", "concurrency_limit": 1}

    def fresh(request: gr.Request) -> tuple[Any, ...]:
        window = session(request)
        if collection.views[window].drawn == page.backend.generation():
            return gr.skip(), gr.skip()
        return drawn(window)

    for event in opened:
        event(fresh, None, [tab.table, outlets], **in_turn)

    def look(find: str | None, request: gr.Request) -> str:
        window = session(request)
        collection.views[window] = replace(collection.views[window], find=find or "", page=0)
        return drawn(window)[0]

    def table(event: gr.EventData, request: gr.Request) -> str:
        window, wanted = session(request), said(event)
        view = collection.views[window]
        if wanted.get("column") in ("title", "source", "published"):
            collection.views[window] = view.by(wanted["column"])
        elif "page" in wanted:
            collection.views[window] = replace(view, page=int(wanted["page"]))
        return drawn(window)[0]

    tab.find.change(look, tab.find, tab.table, trigger_mode="always_last", **in_turn)
    bus.table(table, None, tab.table, trigger_mode="multiple", **in_turn)

    def remove(event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        window = session(request)
        try:
            done = collection.remove(window, str(said(event).get("article")))
        except DatelineError as error:
            raise shown(error) from None
        return done, *drawn(window)

    def undo(request: gr.Request) -> tuple[Any, ...]:
        window = session(request)
        try:
            done = collection.undo(window)
        except DatelineError as error:
            raise shown(error) from None
        return done, *drawn(window)

    changed = [tab.removed, tab.table, outlets]
    bus.remove(remove, None, changed, trigger_mode="multiple", **in_turn)
    bus.undo(undo, None, changed, trigger_mode="multiple", **in_turn)
