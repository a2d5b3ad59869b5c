"""What a request of either route becomes: a Question, and how to tell of its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from index.search import Filter
from rag.answer import Answer
from rag.compose import BULLETS
from rag.events import ClaimChecked, Done, Event, Understood
from rag.service import Loading, Waiting
from rag.turns import Events
from rag.understanding.kinds import Kind
from ui.api.asking import Asker, Question, turns
from ui.api.errors import body, told
from ui.api.openai.forms import Addresses
from ui.api.openai.wire import Delta, Transcript
from ui.api.shelves import Shelves
from ui.filters import make_filter

EVENTS_HEADER = "x-dateline-events"  # "open-webui": its own events instead of annotations


class Narrowed(BaseModel):
    """Dateline's own part of a request: which articles may answer. Days as 2024-05-17, 2024-05
    or 2024."""

    model_config = ConfigDict(extra="ignore")

    since: str | None = None
    until: str | None = None
    sources: list[str] = []
    filters_from_question: bool = True
    kind: Annotated[
        Kind | None, Field(description="What is asked for; else read from the question.")
    ] = None
    article: Annotated[
        str | None, Field(description="The id of the article that 'this' means.")
    ] = None


class Asking(BaseModel):
    """What both routes take, besides the messages; whatever else is sent is ignored."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(description="The name of a library; see /v1/models.")]
    stream: bool | None = False
    dateline: Narrowed | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A question that has its place in the queue."""

    question: Question
    addresses: Addresses
    asker: Asker


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that a stream has to tell: a sentence that stands, the rest with its Answer, or
    that it's alive."""

    delta: Delta | None = None
    answer: Answer | None = None
    alive: str = ""


def placed(request: Request, asking: Asking, said: Sequence[tuple[str, str]]) -> Place:
    """Raises ApiError, LibraryMissing, UsageError."""
    state = request.app.state
    shelves: Shelves = state.shelves
    shelf = shelves.named(asking.model)
    text, history = turns(said)
    narrowed = asking.dateline or Narrowed()
    filter: Filter | None = make_filter(narrowed.since, narrowed.until, narrowed.sources)
    if filter is not None:
        filter = shelf.library.named(filter)
    question = Question(
        text,
        shelf,
        history,
        filter,
        narrowed.filters_from_question,
        narrowed.kind,
        narrowed.article,
        route=request.url.path,
        who=request.scope.get("state", {}).get("who", ""),
    )
    return Place(question, addresses(request, shelf.name), state.asker)


def addresses(request: Request, library: str) -> Addresses:
    """Links go back to where the request came to, unless the server was told its address."""
    state = request.app.state
    base = state.base_url or str(request.base_url)
    usual = state.shelves.usual.name
    return Addresses(base.rstrip("/") + "/", "" if library == usual else library)


async def sending(place: Place, events: Events[Event | Loading]) -> AsyncGenerator[Sent, None]:
    """Sentences as their verdicts stand, the rest with the Answer at the end, signs of life."""
    transcript = Transcript()  # of a plain sentence or more, unless it is said to be a list
    async with aclosing(place.asker.told(place.question, events)) as telling:
        async for event in telling:
            if isinstance(event, Understood):
                transcript = Transcript(bullets=event.kind in BULLETS)
            elif isinstance(event, ClaimChecked):
                if delta := transcript.claim(event.claim):
                    yield Sent(delta)
            elif isinstance(event, Done):
                yield Sent(transcript.done(event.answer), answer=event.answer)
            elif isinstance(event, Waiting):
                yield Sent(alive=f"{event.place} before" if event.place else "at work")


def error_object(error: BaseException) -> dict[str, Any]:
    return body(told(error))
