"""`POST /v1/responses`, streamed and not. Nothing is stored: each request brings its history."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from rag.answer import Answer, Tokens
from rag.events import Event
from rag.service import Loading
from rag.turns import Events
from ui.api.errors import ApiError
from ui.api.openai import sse
from ui.api.openai.chat import GONE
from ui.api.openai.common import Asking, Place, Sent, error_object, placed, sending
from ui.api.openai.forms import annotation, claim_dict, content_text, dateline, new_id
from ui.api.openai.wire import whole

router = APIRouter(tags=["OpenAI"])


class ResponsesRequest(Asking):
    input: Annotated[
        str | list[dict[str, Any]],
        Field(description="A question, or messages of which the last user's is the question."),
    ]
    previous_response_id: str | None = None


@router.post("/v1/responses")
async def respond(request: Request, asking: ResponsesRequest) -> Response:
    """The same answers as chat completions give, in the form of the Responses API."""
    if asking.previous_response_id:
        raise ApiError(
            400,
            "Nothing is kept here between requests; send the conversation in 'input'.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    place = placed(request, asking, _said(asking.input))
    shape = _Shape(asking.model, place)
    if asking.stream:
        return sse.stream(_events(shape, place.asker.place(place.question)))
    answer = await place.asker.answer(place.question, request.receive)
    if answer is None:
        return Response(status_code=GONE)
    sent = whole(answer)
    annotations = [annotation(cited, place.addresses) for cited in sent.cited]
    return JSONResponse(shape.response("completed", sent.text, annotations, answer))


def _said(input: str | list[dict[str, Any]]) -> list[tuple[str, str]]:
    if isinstance(input, str):
        return [("user", input)]
    return [
        (str(item.get("role")), content_text(item.get("content")))
        for item in input
        if item.get("type", "message") == "message"
    ]


class _Shape:
    """One response, as it grows."""

    def __init__(self, model: str, place: Place) -> None:
        self.place = place
        self._id = new_id("resp")
        self._item = new_id("msg")
        self._head = {
            "id": self._id,
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": False,
            "temperature": None,
            "top_p": None,
            "tool_choice": "none",
            "tools": [],
            "incomplete_details": None,
            "store": False,
        }
        self._number = 0
        self.text = ""
        self.annotations: list[dict[str, Any]] = []

    def response(
        self,
        status: str,
        text: str | None = None,
        annotations: list[dict[str, Any]] | None = None,
        answer: Answer | None = None,
        error: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = {**self._head, "status": status, "error": error, "output": []}
        if text is not None:
            found["output"] = [self._message("completed", text, annotations or [])]
        if answer is not None:
            found["usage"] = _usage(answer.tokens)
            found["dateline"] = dateline(answer, self.place.addresses)
        return found

    def first(self) -> list[str]:
        at = {"item_id": self._item, "output_index": 0, "content_index": 0}
        return [
            self._event("response.created", response=self.response("in_progress")),
            self._event("response.in_progress", response=self.response("in_progress")),
            self._event(
                "response.output_item.added",
                output_index=0,
                item=self._message("in_progress", None, []),
            ),
            self._event("response.content_part.added", **at, part=_part("", [])),
        ]

    def pieces(self, sent: Sent) -> list[str]:
        if sent.delta is None:
            return [sse.comment(sent.alive)]
        at = {"item_id": self._item, "output_index": 0, "content_index": 0}
        found: list[str] = []
        if sent.delta.text:
            self.text += sent.delta.text
            more = {}
            if sent.delta.claim is not None:
                more = {
                    "dateline": {"claims": [claim_dict(sent.delta.claim, self.place.addresses)]}
                }
            found.append(
                self._event(
                    "response.output_text.delta", **at, delta=sent.delta.text, logprobs=[], **more
                )
            )
        for cited in sent.delta.cited:
            made = annotation(cited, self.place.addresses)
            found.append(
                self._event(
                    "response.output_text.annotation.added",
                    **at,
                    annotation_index=len(self.annotations),
                    annotation=made,
                )
            )
            self.annotations.append(made)
        if sent.answer is not None:
            found += self._last(sent.answer, at)
        return found

    def _last(self, answer: Answer, at: dict[str, Any]) -> list[str]:
        item = self._message("completed", self.text, self.annotations)
        whole = self.response("completed", self.text, self.annotations, answer)
        return [
            self._event("response.output_text.done", **at, text=self.text, logprobs=[]),
            self._event(
                "response.content_part.done", **at, part=_part(self.text, self.annotations)
            ),
            self._event("response.output_item.done", output_index=0, item=item),
            self._event("response.completed", response=whole),
        ]

    def failed(self, error: BaseException) -> str:
        said = error_object(error)["error"]
        told = {"code": said["code"] or "server_error", "message": said["message"]}
        return self._event("response.failed", response=self.response("failed", error=told))

    def _message(
        self, status: str, text: str | None, annotations: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            "id": self._item,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [] if text is None else [_part(text, annotations)],
        }

    def _event(self, type: str, **fields: Any) -> str:
        number, self._number = self._number, self._number + 1
        return sse.data({"type": type, "sequence_number": number, **fields}, type)


def _part(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "output_text",
        "text": text,
        "annotations": list(annotations),
        "logprobs": [],
    }


def _usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.reused},
        "output_tokens": tokens.generated,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens.prompt + tokens.generated,
    }


async def _events(shape: _Shape, events: Events[Event | Loading]) -> AsyncIterator[str]:
    for piece in shape.first():
        yield piece
    try:
        async with aclosing(sending(shape.place, events)) as all_sent:
            async for sent in all_sent:
                for piece in shape.pieces(sent):
                    yield piece
    except Exception as error:
        yield shape.failed(error)
