"""The application put together: who may come in, the routes, what is watched.

`create_app` takes finished parts; `ui.api.serving` opens them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI, Response

from index.errors import DatelineError
from rag.service import Service
from ui.api import articles, errors, reading
from ui.api.asking import PULSE_S, Asker
from ui.api.doors import SLOW_S, Doors, Limits
from ui.api.errors import ApiError
from ui.api.openai import chat, responses
from ui.api.shelves import Shelves
from ui.api.tokens import Tokens
from ui.api.watching import CONTENT_TYPE, Watch
from ui.page.serving.staging import Limits as StagingLimits

# Beside the chat page, these paths are the API's.
PATHS = re.compile(r"/(v1|articles|mcp)(/.*)?|/(health|metrics|openapi\.json)")
Within = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    service: Service,
    *,
    also: Mapping[str, Service] | None = None,
    tokens: Tokens | None = None,
    public: bool = False,
    base_url: str = "",
    watch: Watch | None = None,
    limits: Limits | None = None,
    pulse_s: float = PULSE_S,
    slow_s: float = SLOW_S,
    within: Sequence[Within] = (),
) -> FastAPI:
    """One application over `service`, and over further libraries by name (`also`).

    `tokens` are asked for (None: only this machine may come in); `public`: others come in, and may
    not reach this computer's own network through what they add. `base_url` is where links point
    to (else where a request came to). `within` is entered before the first request and left after
    the last one (the session manager of MCP). `app.state.shelves` are the libraries,
    `app.state.asker` asks. Doesn't close the service.
    """
    limits = limits or Limits()
    asker = Asker(watch or Watch(), pulse_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(asker.close)
            for enter in within:
                await stack.enter_async_context(enter(app))
            yield

    app = FastAPI(
        title="Dateline",
        summary="Questions over a library of news articles, every sentence cited and checked.",
        version=_version(),
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
    )
    app.state.shelves = Shelves(service, also)
    app.state.asker = asker
    app.state.public = public
    app.state.base_url = base_url
    app.state.staging_limits = StagingLimits(request_bytes=limits.upload_bytes)
    errors.handle(app)
    for part in (chat, responses, articles, reading):
        app.include_router(part.router)
    _watched(app)
    app.add_middleware(Doors, tokens, limits=limits, slow_s=slow_s)
    return app


def _watched(app: FastAPI) -> None:
    @app.get("/health", tags=["Watching"])
    def health() -> dict[str, str]:
        """200 where questions can be answered, else 503."""
        shelves: Shelves = app.state.shelves
        for shelf in shelves:
            try:
                len(shelf.library)
            except (DatelineError, OSError) as error:
                said = f"The library '{shelf.name}' can't be read ({type(error).__name__})."
                raise ApiError(503, said, code="unhealthy") from None
        return {"status": "ok"}

    @app.get("/metrics", tags=["Watching"])
    def metrics() -> Response:
        """For Prometheus."""
        asker: Asker = app.state.asker
        return Response(asker.watch.page(), media_type=CONTENT_TYPE)


def _version() -> str:
    try:
        return version("dateline")
    except PackageNotFoundError:
        return "0"
