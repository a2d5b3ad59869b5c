"""Who may talk to the page, and what may be asked of it. An ASGI wrapper around everything.

- Only the framework's routes that the page needs exist; its file, proxy and API routes don't.
- On this machine only: names other than this machine's are refused (a web site can point its
  own name here). For other machines: a user and password, or a token, compared in constant time.
- Wrong passwords are slowed down (see `ui.page.serving.tries`).
- Events may name only files that were uploaded here.
- A page elsewhere can't post here (Origin), and this page can't send anything elsewhere (CSP).
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import ClientDisconnect

from index.errors import UsageError
from ui.page.serving.asgi import (
    Asgi,
    Message,
    Receive,
    Scope,
    Send,
    again,
    reply,
    whole,
    with_headers,
)
from ui.page.serving.listeners import Listeners
from ui.page.serving.tries import Tries
from ui.page.serving.unread import Unread

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ROUTES = re.compile(
    r"/(assets/.*|static/.*|svelte/.*|theme\.css|favicon\.ico|manifest\.json|config)?"
    r"|/gradio_api/(queue/(join|data)|cancel|reset|upload|upload_progress|component_server"
    r"|startup-events|app_id|login_check|theme\.css)/?"
)
_EVENTS = ("/gradio_api/queue/join", "/gradio_api/component_server")
_MESSAGES = "/gradio_api/queue/data"
_UPLOAD = "/gradio_api/upload"
_EVENT_BYTES = 2_000_000
_COOKIE = "dateline"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in. `user` and `password`, or `token`; neither: this machine only."""

    user: str = ""
    password: str = ""
    token: str = ""

    @property
    def open(self) -> bool:
        return not (self.password or self.token)


def access(host: str, auth: str | None, token: str | None) -> Access:
    """What was asked for on the command line. Raises UsageError in one sentence."""
    user = password = ""
    if auth is not None:
        user, colon, password = auth.partition(":")
        if not colon or not user or not password:
            raise UsageError("--auth takes user:password, both of them not empty.")
    if token is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{8,200}", token):
        raise UsageError("--token takes 8 or more letters, digits and . _ ~ - signs.")
    if host not in LOOPBACK and not (password or token):
        raise UsageError(
            f"The host '{host}' can be reached from other machines, so say who may come in: "
            "add --auth user:password or --token TOKEN."
        )
    return Access(user, password, token or "")


class Guard:
    """`uploads` is the only folder that a file named in an event may lie in; `has_room` says
    whether more may be sent there."""

    def __init__(
        self,
        app: Asgi,
        access: Access,
        uploads: Path,
        *,
        body_bytes: int = 200_000_000,
        has_room: Callable[[], bool] = lambda: True,
        tries: Tries | None = None,
        listeners: Listeners | None = None,
        unread: Unread | None = None,
    ) -> None:
        self._app = app
        self._access = access
        self._uploads = uploads.resolve()
        self._body_bytes = body_bytes
        self._has_room = has_room
        self._tries = tries or Tries()
        self._listeners = listeners or Listeners()
        self._unread = unread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the page uses no websockets
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refused(scope, headers)
        if refused:
            await reply(send, *refused)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if self._access.token and "token" in query and scope["method"] == "GET":
            await self._let_in(scope, query, send)
            return
        if scope["path"].rstrip("/") in _EVENTS and scope["method"] == "POST":
            body = await whole(receive, _EVENT_BYTES)
            said = None if body is None else _object(body)
            if body is None or said is None or not self._files_are_ours(said):
                await reply(send, 400, "That isn't an event of this page.", [])
                return
            self._listeners.came(str(said.get("session_hash")))
            if self._unread is not None:
                await self._unread.look()
            receive = again(body, receive)
        if scope["path"].rstrip("/") == _MESSAGES:
            with self._listeners.listening(query.get("session_hash", [""])[0]):
                await self._app(scope, receive, with_headers(send))
            return
        try:
            await self._app(scope, self._bounded(receive), with_headers(send))
        except ClientDisconnect:
            log.info("what came to %s was broken off", scope["path"])

    def _files_are_ours(self, said: object) -> bool:
        """The framework copies or downloads any file that an event names, wherever it lies (when
        it is mounted, it doesn't check); only what was uploaded here goes through."""
        return all(
            isinstance(named, str) and Path(named).resolve().is_relative_to(self._uploads)
            for named in _named_files(said)
        )

    def _refused(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        """Status, one sentence, headers; or None when the request may go on."""
        host = urlsplit("//" + headers.get("host", "")).hostname or ""
        if self._access.open and host not in LOOPBACK:
            return 403, "This page answers to this computer's own names only.", []
        origin = headers.get("origin")
        if origin and scope["method"] not in ("GET", "HEAD"):
            theirs = urlsplit(origin)
            if theirs.netloc.lower() != headers.get("host", "").lower():
                return 403, "Another page may not send anything here.", []
        if refused := self._stranger(scope, headers):
            return refused
        if not _ROUTES.fullmatch(scope["path"]):
            return 404, "There is nothing here.", []
        if int(headers.get("content-length") or 0) > self._body_bytes:
            megabytes = self._body_bytes / 1_000_000
            return 413, f"That is more than {megabytes:g} MB at once; send it in parts.", []
        if scope["path"].rstrip("/") == _UPLOAD and not self._has_room():
            return 413, "Too much is waiting to be added; add it, or close the page.", []
        return None

    def _stranger(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        """Why somebody may not come in yet; None for who may."""
        if self._access.open:
            return None
        given = self._given(scope, headers)
        if given:
            address = (scope.get("client") or ("unknown",))[0]
            wait = math.ceil(self._tries.wait(address))
            if wait:
                later = [(b"retry-after", str(wait).encode())]
                return 429, f"Too many wrong passwords; try again in {wait} s.", later
            # every one is compared, so that the time says nothing
            if any([_same(said, meant) for said, meant in given]):
                self._tries.right(address)
                return None
            self._tries.wrong(address, b"\n".join(said for said, _ in given))
        ask = [(b"www-authenticate", b'Basic realm="Dateline", charset="UTF-8"')]
        return 401, "Say who you are.", ask if self._access.password else []

    def _given(self, scope: Scope, headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
        """What a request says to be let in, each with what it should be."""
        found: list[tuple[bytes, bytes]] = []
        kind, _, given = headers.get("authorization", "").partition(" ")
        if self._access.password and kind.lower() == "basic":
            try:
                said = base64.b64decode(given.strip(), validate=True)
            except ValueError:
                said = b""
            found.append((said, f"{self._access.user}:{self._access.password}".encode()))
        if self._access.token:
            tokens = [_cookie(headers)]
            if kind.lower() == "bearer":
                tokens.append(given)
            elif scope["method"] == "GET":
                tokens += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
            found += [(t.encode(), self._access.token.encode()) for t in tokens if t]
        return found

    async def _let_in(self, scope: Scope, query: dict[str, list[str]], send: Send) -> None:
        """The token moves from the address into a cookie, so that it isn't shared with a link."""
        rest = urlencode([(k, v) for k, vs in query.items() if k != "token" for v in vs])
        where = scope["path"] + (f"?{rest}" if rest else "")
        cookie = f"{_COOKIE}={self._access.token}; HttpOnly; SameSite=Strict; Path=/"
        await reply(
            send, 303, "", [(b"location", where.encode()), (b"set-cookie", cookie.encode())]
        )

    def _bounded(self, receive: Receive) -> Receive:
        """A body that says nothing of its size, or lies, ends at the limit."""
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body_bytes:
                return {"type": "http.disconnect"}
            return message

        return bounded


def _object(body: bytes) -> dict[str, object] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _named_files(said: object) -> Iterator[object]:
    """The path of everything that could be taken for a file."""
    todo = [said]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            if "path" in part:
                yield part["path"]
            todo += part.values()


def _same(said: bytes, meant: bytes) -> bool:
    """In a time that doesn't depend on how much of it is right."""
    return hmac.compare_digest(said, meant)


def _cookie(headers: dict[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
