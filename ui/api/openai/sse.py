"""Server-sent events: a stream's pieces, with comments while there is nothing to say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

DONE = "data: [DONE]\n\n"


def data(value: Any, event: str | None = None) -> str:
    """One event. JSON holds no line break, so nothing in it can end it."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(value, ensure_ascii=False)}\n\n"


def comment(text: str) -> str:
    """What clients pass over, and proxies take for life."""
    return f": {text}\n\n"


def stream(pieces: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(
        pieces,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
