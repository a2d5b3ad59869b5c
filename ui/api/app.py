"""The application put together: who may come in, the routes, what is watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from rag.service import Service
from ui.api.shelves import Shelves

Within = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    service: Service,
    *,
    also: Mapping[str, Service] | None = None,
    within: Sequence[Within] = (),
) -> FastAPI:
    """One application over `service` (and others over further libraries, by name).

    `within`: what has to be entered before the first request and left after the last one (a
    session manager of MCP). `app.state.shelves` are the libraries. Doesn't close the service.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for enter in within:
                await stack.enter_async_context(enter(app))
            yield

    app = FastAPI(title="Dateline", lifespan=lifespan)
    app.state.shelves = Shelves(service, also)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
