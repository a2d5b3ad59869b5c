"""OpenAI's chat protocol in what its servers have in common: requests, streams, errors. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rag.errors import WriterRefused, WriterUnavailable
from rag.generating.remote.address import KEY, Address

LATER = frozenset({429, 502, 503, 504})
"""Statuses after which the same may work."""

_MOST = 4 << 20  # bytes of a whole answer
_DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a prompt, those of them that the server had read before, tokens written."""

    prompt: int
    cached: int
    written: int


class Malformed(Exception):
    """What a server did, after its name in a sentence."""


def body(
    model: str, messages: Sequence[Mapping[str, str]], max_tokens: int, without: set[str]
) -> dict[str, Any]:
    """A request for the likeliest words, streamed. `without`: fields that the server doesn't take;
    newer models have another name for the limit."""
    limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    fields: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in messages],
        limit: max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return {name: value for name, value in fields.items() if name not in without}


def unknown_field(status: int, said: str, body: Mapping[str, Any]) -> str | None:
    """Which field of the request a server complains about that it can do without."""
    if status not in (400, 422):
        return None
    can = ("stream_options", "max_tokens", "max_completion_tokens", "temperature")
    return next((n for n in can if n in body and re.search(rf"\b{n}\b", said)), None)


def is_stream(headers: Mapping[str, str]) -> bool:
    """Some servers answer in one piece though they were asked to stream."""
    return not headers.get("content-type", "").startswith("application/json")


class Parts:
    """Bytes of an answer to what they say. `over` once nothing more is to come."""

    def __init__(self, *, streamed: bool = True) -> None:
        self.over = False
        self._streamed = streamed
        self._ended = False  # the model has ended its turn
        self._read = 0
        self._buffer = b""

    def take(self, data: bytes) -> Iterator[str | Usage]:
        """Raises Malformed."""
        self._read += len(data)
        if self._read > _MOST:
            raise Malformed("says more than an answer")
        self._buffer += data
        if not self._streamed:
            return
        *lines, self._buffer = re.split(rb"\r\n|\n", self._buffer)
        for line in lines:
            if not self.over:
                yield from self._line(line)

    def end(self) -> Iterator[str | Usage]:
        """Raises Malformed where the answer wasn't over."""
        if self._streamed:
            if not self.over:
                yield from self._line(self._buffer)
            if not (self.over or self._ended):
                raise Malformed("broke off in the middle of its answer")
        else:
            yield from self._whole(_json(self._buffer))

    def _line(self, line: bytes) -> Iterator[str | Usage]:
        name, _, value = line.strip().partition(b":")
        value = value.strip()
        if name != b"data" or not value:
            return  # a comment, a name, the end of an event
        if value == _DONE.encode():
            self.over = True
            return
        yield from self._whole(_json(value))

    def _whole(self, said: dict[str, Any]) -> Iterator[str | Usage]:
        if said.get("error"):
            raise Malformed(f"broke off: {_message(said)}")
        choice = _first(said.get("choices"))
        part = choice.get("delta") or choice.get("message")
        text = part.get("content") if isinstance(part, dict) else None
        if isinstance(text, str) and text:
            yield text
        self._ended = self._ended or bool(choice.get("finish_reason"))
        usage = said.get("usage")
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else 0
            yield Usage(
                _count(usage.get("prompt_tokens")),
                _count(cached),
                _count(usage.get("completion_tokens")),
            )


def names(data: bytes) -> list[str]:
    """Of the models in an answer to `GET /models`. Raises Malformed."""
    found = _json(data).get("data")
    if not isinstance(found, list):
        raise Malformed("doesn't say which models it has; name one with --writer-model")
    ids = [each.get("id") for each in found if isinstance(each, dict)]
    return [id for id in ids if isinstance(id, str) and id.isprintable()]


def said(data: bytes) -> str:
    """An error's own words, in whichever form they came."""
    try:
        return _message(_json(data))
    except Malformed:
        return data.decode("utf-8", "replace")


def unavailable(address: Address, what: str) -> WriterUnavailable:
    return WriterUnavailable(
        f"The writer at {address.host} {what}: see that it runs and start it where it doesn't, or "
        "leave --writer-url away to let the local model write."
    )


def problem(status: int, said: str, address: Address) -> WriterUnavailable:
    """A status that ends it, in a sentence. Of a refusal the server's words aren't told: they may
    hold the key."""
    if status in (401, 403):
        return WriterRefused(
            f"The writer at {address.host} refuses the key, or that there is none ({status}): put "
            f"the right one into {KEY}, or leave --writer-url away to let the local model write."
        )
    if status in (301, 302, 303, 307, 308):
        return unavailable(address, f"has moved ({status}), and its new address isn't followed")
    if status == 429:
        return unavailable(address, "takes no more questions for now (429)")
    words = f": {said}" if said else ""
    return unavailable(address, f"answers {status}{words}".rstrip(".:"))


def retry_after(value: str | None) -> float | None:
    """Seconds, from seconds or a date."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value.strip()):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Malformed("says something that isn't OpenAI's protocol")
    return value


def _message(said: Mapping[str, Any]) -> str:
    error = said.get("error") or said.get("detail") or said.get("message") or ""
    if isinstance(error, dict):
        error = error.get("message") or json.dumps(error)
    return error if isinstance(error, str) else json.dumps(error)


def _first(choices: object) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
