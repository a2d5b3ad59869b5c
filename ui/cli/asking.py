"""A question on the command line: the draft is shown dim as it is written, then makes way."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from index.search import Filter
from rag.answer import Answer
from rag.assistant import Assistant
from rag.events import ClaimChecked, Done, Event, Passages, Token
from rag.generating.generator import Stopped
from rag.service import Loading, Service, Waiting
from ui.cli.plain import plain
from ui.cli.progress import standard_error
from ui.cli.terminal import about


def opened(
    library: Path,
    model: str | None,
    writer_url: str | None = None,
    writer_model: str | None = None,
) -> Service:
    assistant = Assistant.open(
        library, model=model, writer_url=writer_url, writer_model=writer_model
    )
    return Service(assistant)


def ask(
    service: Service, question: str, wanted: Filter | None, *, read_filters: bool = True
) -> Answer:
    """The answer. Leaving early (Ctrl-C) stops the model."""
    console = standard_error()
    draft = Text(style="dim")
    with service.stream(question, filter=wanted, read_filters=read_filters) as events:
        if not console.is_terminal:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
        with Live(console=console, transient=True, vertical_overflow="crop") as live:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
                live.update(_seen(event, draft))
    raise Stopped


def _seen(event: Event | Loading | Waiting, draft: Text) -> RenderableType:
    """What is shown while this is the last event; `draft` gathers what is written."""
    if isinstance(event, Passages):
        titles = dict.fromkeys(about(hit.article) for hit in event.hits[:3])
        return Text("Reading " + "; ".join(titles) + " …", style="dim")
    if isinstance(event, Token):
        draft.append(plain(event.text, lines=True))
        return draft
    if isinstance(event, ClaimChecked):
        return Group(draft, Text("Checking each sentence …", style="cyan"))
    return Text("Searching …", style="dim")
