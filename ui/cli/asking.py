"""A question on the command line: the draft is shown dim as it is written, then makes way."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from index.search import Filter
from rag.answer import Answer
from rag.assistant import Assistant
from rag.events import ClaimChecked, Done, Event, Passages, Token
from ui.cli.plain import plain
from ui.cli.progress import standard_error
from ui.cli.terminal import about


def opened(library: Path, model: str | None) -> Assistant:
    return Assistant.open(library, model=model)


def ask(
    assistant: Assistant, question: str, wanted: Filter | None, *, read_filters: bool = True
) -> Answer:
    """The answer. Leaving early (Ctrl-C) closes the stream, which stops the model."""
    console = standard_error()
    draft = Text(style="dim")
    stream = assistant.stream(question, filter=wanted, read_filters=read_filters)
    with closing(stream) as events:  # type: ignore[type-var]
        if not console.is_terminal:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
        with Live(console=console, transient=True, vertical_overflow="crop") as live:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
                live.update(_seen(event, draft))
    raise AssertionError("a stream ends with Done")


def _seen(event: Event, draft: Text) -> RenderableType:
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
