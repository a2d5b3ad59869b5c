"""The two transports: standard input and output for a program on this machine, HTTP for others."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.service import Service
from ui.api.mcp.tools import server

log = logging.getLogger(__name__)

PATH = "/mcp"
SESSIONS = (
    1_000  # of clients that are open at once; each is let go half an hour after its last word
)
BODY_BYTES = 4 << 20
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Known = Callable[[str], bool]
"""Whether a bearer token may come in."""


def serve_stdio(opener: Callable[[], Service], *, allow_writes: bool = False) -> None:
    """Serves until standard input ends. The Service opens meanwhile; it is closed at the end.

    Standard output carries the protocol alone: the package leads all else to standard error.
    """
    opening = _Opening(opener)
    try:
        server(opening.wait, allow_writes=allow_writes, version=_version()).run("stdio")
    finally:
        opening.close()


class McpApp:
    """Streamable HTTP as an ASGI application for one path. `lifespan` has to be entered meanwhile.

    `hosts`: the names it answers to (None: this computer's own, so that no page elsewhere can
    reach it by a name that it points here; empty: any, which is for where a token is asked for).
    `known` says which bearer tokens come in; None leaves that to what stands before it. `base` is
    the address of articles' pages, where it isn't the host that a client asks.
    """

    def __init__(
        self,
        service: Service,
        *,
        allow_writes: bool = False,
        hosts: Sequence[str] | None = None,
        known: Known | None = None,
        base: str | None = None,
    ) -> None:
        made: MCPServer[Any] = server(
            lambda: service, allow_writes=allow_writes, base=base, version=_version()
        )
        made.streamable_http_app(
            streamable_http_path=PATH,
            max_request_body_size=BODY_BYTES,
            max_sessions=SESSIONS,
            transport_security=_security(hosts),
        )
        self._manager = made.session_manager
        self._app: ASGIApp = StreamableHTTPASGIApp(self._manager)
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._known is not None:
            kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not self._known(token.strip()):
                refused = JSONResponse(
                    {"error": "Say who you are: send a token as 'Authorization: Bearer TOKEN'."},
                    status_code=401,
                    headers={"WWW-Authenticate": 'Bearer realm="Dateline"'},
                )
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Sessions live in it; what they do ends with it."""
        async with self._manager.run():
            yield

    @asynccontextmanager
    async def within(self, app: Starlette) -> AsyncIterator[None]:
        """Puts it at /mcp of another application, for as long as that runs."""
        app.router.routes.append(Route(PATH, endpoint=self))
        async with self.lifespan():
            yield


def mcp_app(service: Service, **options: Any) -> McpApp:
    """`McpApp(service, …)`, for whoever puts an application together."""
    return McpApp(service, **options)


def one_token(token: str) -> Known:
    """Whether it is this token, in a time that says nothing of it."""
    return lambda said: hmac.compare_digest(said.encode(), token.encode())


def _security(hosts: Sequence[str] | None) -> TransportSecuritySettings:
    named = LOOPBACK if hosts is None else tuple(hosts)
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=bool(named),
        allowed_hosts=[form for name in named for form in (name, f"{name}:*")],
        allowed_origins=[
            f"{scheme}://{form}"
            for name in named
            for scheme in ("http", "https")
            for form in (name, f"{name}:*")
        ],
    )


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
