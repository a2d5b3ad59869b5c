"""A question on the command line: the draft is shown dim as it is written, then makes way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from index.storing.places import Place
from rag.answer import Answer
from rag.asking import Asking
from rag.assistant import Assistant
from rag.events import ClaimChecked, Done, Event, Passages, Progress, Token
from rag.generating.generator import Stopped
from rag.service import Loading, Service, Waiting
from rag.settings import Settings
from rag.stale import stale
from ui import wording
from ui.cli import config
from ui.cli.command import say
from ui.cli.plain import plain
from ui.cli.progress import standard_error
from ui.cli.terminal import about

if TYPE_CHECKING:
    from index.library import Library


def opened(
    library: Place,
    model: str | None,
    changed: Mapping[str, str] | None = None,
    *,
    writer_url: str | None = None,
    writer_model: str | None = None,
) -> Service:
    """With the model named, else the configuration's; with its settings, but for those that are
    `changed`; written by the server named, if any. Raises UsageError and what `Assistant.open`
    does."""
    chosen = config.read()
    settings = Settings().with_values({**chosen.settings, **(changed or {})})
    return Service(
        Assistant.open(
            library,
            model=model or chosen.model,
            settings=settings,
            writer_url=writer_url,
            writer_model=writer_model,
        )
    )


def ask(service: Service, question: str, **given: Unpack[Asking]) -> Answer:
    """The answer. Leaving early (Ctrl-C) stops the model."""
    console = standard_error()
    seen = _Seen()
    with service.stream(question, **given) as events:
        if not console.is_terminal:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
        with Live(console=console, transient=True, vertical_overflow="crop") as live:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
                live.update(seen.after(event))
    raise Stopped


def say_stale(bases: Sequence[Mapping[str, Any]], library: Library) -> list[Mapping[str, Any]]:
    """Says of each earlier answer what has changed under it, and gives those that still stand: a
    conversation says it once."""
    standing: list[Mapping[str, Any]] = []
    for kept in bases:
        found = stale(kept, library.article)
        for one in found:
            what = f"[{one.n}] “{plain(one.title) or one.article_id}” {wording.STALE[one.change]}"
            how = (
                f" (`dateline show {one.article_id} --diff`)"
                if one.change in ("reworded", "edited")
                else ""
            )
            say(f"In the answer to “{plain(str(kept['question']))}”: {what}{how}.")
        if any(one.change in ("removed", "reworded") for one in found):
            say("Ask it again for an answer from what the articles say now.")
        if not found:
            standing.append(kept)
    return standing


class _Seen:
    """What is shown while an answer is under way: what was written, and what is being done."""

    def __init__(self) -> None:
        self._draft = Text(style="dim")
        self._doing = Text("Searching …", style="dim")

    def after(self, event: Event | Loading | Waiting) -> RenderableType:
        if isinstance(event, Loading):
            self._doing = Text(f"Loading {plain(event.model)} …", style="dim")
        elif isinstance(event, Progress):
            self._doing = Text(f"Reading {event.read} of {event.of} passages …", style="dim")
        elif isinstance(event, Passages):
            titles = dict.fromkeys(about(hit.article) for hit in event.hits[:3])
            self._doing = Text("Reading " + "; ".join(titles) + " …", style="dim")
        elif isinstance(event, Token):
            self._draft.append(plain(event.text, lines=True))
            self._doing = Text()
        elif isinstance(event, ClaimChecked):
            self._doing = Text("Checking each sentence …", style="cyan")
        parts = [part for part in (self._draft, self._doing) if part.plain.strip()]
        return Group(*parts)
