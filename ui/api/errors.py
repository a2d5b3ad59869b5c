"""What goes wrong, in OpenAI's form and with a status; every error is mapped here.

status  what
400     a call that makes no sense            401  no token, or a wrong one
404     a library, article or route that isn't there     409  the library is empty
413     a body that is too large              429  as many wait as may (Retry-After)
500     anything else                         502  a writer elsewhere that doesn't answer
503     closing, busy, or a model that isn't there
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.errors import (
    DatelineError,
    EncoderMismatch,
    LibraryBusy,
    LibraryEmpty,
    LibraryMissing,
    Refused,
    UsageError,
)
from rag.errors import ModelError, WriterUnavailable
from rag.service import Closed, QueueFull

log = logging.getLogger(__name__)

RETRY_S = 5  # about the time of an answer

# The first that fits: the more special ones stand first.
_KINDS: tuple[tuple[type[Exception], int, str], ...] = (
    (QueueFull, 429, "queue_full"),
    (Closed, 503, "closing"),
    (WriterUnavailable, 502, "writer_unavailable"),
    (ModelError, 503, "model_unavailable"),
    (LibraryMissing, 404, "model_not_found"),
    (LibraryEmpty, 409, "library_empty"),
    (LibraryBusy, 503, "library_busy"),
    (EncoderMismatch, 503, "encoder_mismatch"),
    (UsageError, 400, "invalid_value"),
    (Refused, 400, "refused"),
    (DatelineError, 500, "failed"),
)


class ApiError(Exception):
    """Something wrong with a request: its status, one sentence, which field, a code."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code


def told(error: BaseException) -> ApiError:
    """Any error as what a client is told of it."""
    if isinstance(error, ApiError):
        return error
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            return ApiError(status, sentence(str(error)), code=code)
    log.error("a request failed", exc_info=error)
    name = type(error).__name__
    return ApiError(500, f"Dateline itself failed ({name}); its log says more.", code="internal")


def body(error: ApiError) -> dict[str, Any]:
    return {
        "error": {
            "message": str(error),
            "type": _type(error.status),
            "param": error.param,
            "code": error.code,
        }
    }


def response(error: ApiError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    more = dict(headers or {})
    if error.status == 429 or error.code == "library_busy":
        more.setdefault("Retry-After", str(RETRY_S))
    return JSONResponse(body(error), error.status, more)


def handle(app: FastAPI) -> None:
    """Every error of the application's routes leaves in this form."""

    @app.exception_handler(ApiError)
    @app.exception_handler(DatelineError)
    @app.exception_handler(Exception)
    async def known(request: Request, error: Exception) -> JSONResponse:
        return response(told(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
        # (a choice among forms of a field adds its own names to the place)
        param = ".".join(part for part in place if "[" not in part) or None
        said = str(first["msg"]).rstrip(".")
        where = f"'{param}': " if param else "The body: "
        return response(ApiError(400, f"{where}{said}.", param=param, code="invalid_value"))

    @app.exception_handler(HTTPException)
    async def by_route(request: Request, error: HTTPException) -> JSONResponse:
        texts = {404: f"There is nothing at '{request.url.path}'.", 405: "Not by that method."}
        said = texts.get(error.status_code, sentence(str(error.detail)))
        return response(ApiError(error.status_code, said, code="not_found"), error.headers)


def sentence(text: str) -> str:
    """Begins large and ends with a full stop, on one line."""
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _type(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
