"""`POST /v1/chat/completions`, streamed and not; `GET /v1/models`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rag.answer import Answer
from rag.events import Event
from rag.service import Loading
from rag.turns import Events
from ui.api.openai import sse
from ui.api.openai.common import (
    EVENTS_HEADER,
    Asking,
    Place,
    Sent,
    error_object,
    placed,
    sending,
)
from ui.api.openai.forms import (
    claim_dict,
    content_text,
    dateline,
    nested,
    new_id,
    source_event,
    usage,
)
from ui.api.openai.wire import Delta, whole

GONE = 499  # whoever asked is; nobody reads this

router = APIRouter(tags=["OpenAI"])


class Message(BaseModel):
    """Of the roles, `user` and `assistant` are looked at: there are no instructions to give."""

    model_config = ConfigDict(extra="ignore")

    role: str
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatRequest(Asking):
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    n: Literal[1] | None = None
    stream_options: StreamOptions | None = None


@router.get("/v1/models")
def models(request: Request) -> dict[str, Any]:
    """One model a library."""
    return {"object": "list", "data": [_model(name) for name in request.app.state.shelves.names]}


@router.get("/v1/models/{name}")
def model(request: Request, name: str) -> dict[str, Any]:
    return _model(request.app.state.shelves.named(name).name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "dateline"}


@router.post("/v1/chat/completions")
async def complete(request: Request, asking: ChatRequest) -> Response:
    """Answers the last user's message from the articles. Every sentence was checked before it is
    sent; `annotations` say which it rests on, `dateline` holds the quoted words and the verdicts.
    """
    said = [(each.role, content_text(each.content)) for each in asking.messages]
    place = placed(request, asking, said)
    id, made = new_id("chatcmpl"), int(time.time())
    head = {"id": id, "created": made, "model": asking.model}
    if asking.stream:
        events = place.asker.place(place.question)
        shape = _Shape(
            head,
            place,
            counted=bool(asking.stream_options and asking.stream_options.include_usage),
            own_events=request.headers.get(EVENTS_HEADER, "").lower() == "open-webui",
        )
        return sse.stream(_chunks(shape, events))
    answer = await place.asker.answer(place.question, request.receive)
    if answer is None:
        return Response(status_code=GONE)
    return JSONResponse(_completion(head, answer, place))


def _completion(head: dict[str, Any], answer: Answer, place: Place) -> dict[str, Any]:
    sent = whole(answer)
    message = {
        "role": "assistant",
        "content": sent.text,
        "refusal": None,
        "annotations": [nested(cited, place.addresses) for cited in sent.cited],
    }
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage(answer.tokens),
        "dateline": dateline(answer, place.addresses),
    }


class _Shape:
    """The chunks of one stream. `own_events`: Open WebUI's, in place of annotations, which it
    would show a second time, without the quoted words."""

    def __init__(
        self, head: dict[str, Any], place: Place, *, counted: bool, own_events: bool
    ) -> None:
        self.place = place
        self.counted = counted
        self._head = {**head, "object": "chat.completion.chunk"}
        self._own_events = own_events

    def first(self) -> str:
        return self._chunk({"role": "assistant", "content": ""})

    def pieces(self, sent: Sent) -> list[str]:
        if sent.delta is None:
            return [sse.comment(sent.alive)]
        found = self._sources(sent.delta) if self._own_events else []
        more: dict[str, Any] = {}
        if sent.delta.claim is not None:
            more = {"dateline": {"claims": [claim_dict(sent.delta.claim, self.place.addresses)]}}
        if sent.delta.text:
            delta: dict[str, Any] = {"content": sent.delta.text}
            if sent.delta.cited and not self._own_events:
                delta["annotations"] = [nested(c, self.place.addresses) for c in sent.delta.cited]
            found.append(self._chunk(delta, **more))
        if sent.answer is not None:
            last = {"dateline": dateline(sent.answer, self.place.addresses)}
            found.append(self._chunk({}, finish="stop", **last))
            if self.counted:
                found.append(
                    sse.data({**self._head, "choices": [], "usage": usage(sent.answer.tokens)})
                )
        return found

    def _sources(self, delta: Delta) -> list[str]:
        return [
            sse.data(
                {
                    **self._head,
                    "choices": [],
                    "event": source_event(cited.citation, self.place.addresses),
                }
            )
            for cited in delta.cited
        ]

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        counted = {"usage": None} if self.counted else {}
        return sse.data({**self._head, "choices": [choice], **counted, **more})


async def _chunks(shape: _Shape, events: Events[Event | Loading]) -> AsyncIterator[str]:
    yield shape.first()
    try:
        async with aclosing(sending(shape.place, events)) as all_sent:
            async for sent in all_sent:
                for piece in shape.pieces(sent):
                    yield piece
    except Exception as error:
        yield sse.data(error_object(error))
        return
    yield sse.DONE
