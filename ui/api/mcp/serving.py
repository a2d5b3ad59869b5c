"""The two transports: standard input and output for a program on this machine, HTTP for others."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

from fastapi import FastAPI
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.service import Service
from ui.api.mcp.tools import server
from ui.api.watching import Watch

Within = Callable[[FastAPI], AbstractAsyncContextManager[None]]

log = logging.getLogger(__name__)

PATH = "/mcp"
SESSIONS = (
    1_000  # of clients that are open at once; each is let go half an hour after its last word
)


def serve_stdio(opener: Callable[[], Service], *, allow_writes: bool = False) -> None:
    """Serves until standard input ends. The Service opens meanwhile; it is closed at the end.

    Standard output carries the protocol alone: the package leads all else to standard error.
    """
    opening = _Opening(opener)
    signal.signal(signal.SIGINT, lambda *_: _leave(opening))
    try:
        server(opening.wait, allow_writes=allow_writes, version=_version()).run("stdio")
    finally:
        opening.close()


def _leave(opening: _Opening) -> None:
    """Ctrl-C: what is under way ends, and so does the process, though a thread of the package
    still waits for a line of standard input. A second one doesn't wait for the first."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def leave() -> None:
        try:
            opening.close()
        finally:
            os._exit(130)

    threading.Thread(target=leave, daemon=True).start()


class McpApp:
    """Streamable HTTP as an ASGI application for one path, over a Service that is open.

    Who may come in, and from which pages, is decided before it (`ui.api.doors`). `lifespan` has to
    be entered meanwhile. `base` is the address under which articles have pages, where it isn't
    the host that a client asks; `watch` counts what is asked.
    """

    def __init__(
        self,
        service: Service,
        *,
        allow_writes: bool = False,
        base: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        made: MCPServer[Any] = server(
            lambda: service, allow_writes=allow_writes, base=base, watch=watch, version=_version()
        )
        made.streamable_http_app(
            max_sessions=SESSIONS,
            # Doors has looked at Host and Origin already; its limit of a body is the smaller one.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._manager = made.session_manager
        self._app: ASGIApp = StreamableHTTPASGIApp(self._manager)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            # The stream for what a server says unasked. This one says nothing unasked, and an open
            # connection would keep it from ending.
            none = Response("Nothing is said unasked here.", 405, {"Allow": "POST, DELETE"})
            await none(scope, receive, send)
            return
        # A session is its token's alone: who only knows its number has no part in it.
        who = scope.get("state", {}).get("who", "")
        owner = AuthenticatedUser(AccessToken(token="", client_id=who, scopes=[]))
        await self._app({**scope, "user": owner}, receive, send)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Sessions live in it; what they do ends with it."""
        async with self._manager.run():
            yield


def mounted(
    *, allow_writes: bool = False
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """For `create_app(within=…)`: /mcp over its usual library, for as long as it runs."""

    @asynccontextmanager
    async def within(app: FastAPI) -> AsyncIterator[None]:
        mcp = McpApp(
            app.state.shelves.usual.service,
            allow_writes=allow_writes,
            base=app.state.base_url or None,
            watch=app.state.asker.watch,
        )
        app.router.routes.append(Route(PATH, endpoint=mcp))
        async with mcp.lifespan():
            yield

    return within


class _Opening:
    """A Service that opens beside whoever waits for it."""

    def __init__(self, opener: Callable[[], Service]) -> None:
        self._made: Future[Service] = Future()
        self._thread = threading.Thread(
            target=self._open, args=[opener], name="dateline-opening", daemon=True
        )
        self._thread.start()

    def _open(self, opener: Callable[[], Service]) -> None:
        try:
            self._made.set_result(opener())
        except BaseException as error:
            log.error("%s", error)  # each tool says it too
            self._made.set_exception(error)

    def wait(self) -> Service:
        return self._made.result()

    def close(self) -> None:
        self._thread.join()
        if self._made.exception() is None:
            self._made.result().close()


def _version() -> str:
    try:
        return version_of("dateline")
    except PackageNotFoundError:
        return ""
