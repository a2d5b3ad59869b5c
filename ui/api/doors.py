"""Who may come in, and with how much. An ASGI wrapper around the application.

- On this machine only (no tokens asked for): a name other than this machine's is refused (a web
  site can point its own name here), and so is another site's page that sends something.
- For others: a bearer token, or, for a browser that only looks, the token as a password. Wrong
  ones are slowed down (`ui.page.serving.tries`); a right one is never kept waiting by them.
- A body that is too large ends at the limit, whatever it says of its size.
"""

from __future__ import annotations

import asyncio
import base64
import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from index.errors import DatelineError, UsageError
from ui.api.errors import ApiError, response, told
from ui.api.tokens import Tokens
from ui.page.serving.asgi import Asgi, Message, Receive, Scope, Send
from ui.page.serving.guard import LOOPBACK
from ui.page.serving.tries import Tries

OPEN = frozenset({"/health"})  # says nothing of what is in here
SLOW_S = 0.5  # before a wrong token is told so
_ANY_SIZE = 1 << 62
_CSP = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a question's body, and of one that brings articles."""

    body_bytes: int = 1_000_000
    upload_bytes: int = 200_000_000


def doors_for(host: str, tokens: Tokens, *, require: bool = False) -> Tokens | None:
    """The tokens that are asked for; None where only this machine can come in.

    Raises UsageError where others could, and there is none.
    """
    if host in LOOPBACK and not require:
        return None
    if not len(tokens):
        raise UsageError(
            f"The host '{host}' can be reached from other machines, so say who may come in: make a "
            "token with `dateline tokens add NAME`."
            if host not in LOOPBACK
            else "There is no token to ask for; make one with `dateline tokens add NAME`."
        )
    return tokens


class Doors:
    """`tokens` None: this machine only. `scope["state"]["who"]` is the token's name."""

    def __init__(
        self,
        app: Asgi,
        tokens: Tokens | None,
        *,
        limits: Limits | None = None,
        tries: Tries | None = None,
        slow_s: float = SLOW_S,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._limits = limits or Limits()
        self._tries = tries or Tries()
        self._slow_s = slow_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing here uses websockets
        send = _guarded(send)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            limit = self._limit(scope)
            self._check_site(scope, headers)
            who = await self._who(scope, headers)
            if _said(headers.get("content-length")) > limit:
                raise _too_large(limit)
        except (ApiError, DatelineError) as error:
            more: dict[str, str] = {}
            if isinstance(error, _Later):
                more["Retry-After"] = str(error.wait)
            if getattr(error, "status", 0) == 401:
                more["WWW-Authenticate"] = 'Bearer realm="Dateline"'
                if scope["path"].startswith("/articles"):  # a browser may ask its user
                    more["WWW-Authenticate"] = 'Basic realm="Dateline: a token as the password"'
            await response(told(error), more)(scope, receive, send)
            return
        scope.setdefault("state", {})["who"] = who
        await self._bounded(scope, receive, send, limit)

    def _limit(self, scope: Scope) -> int:
        adds = scope["path"].rstrip("/") == "/v1/articles" and scope["method"] == "POST"
        return self._limits.upload_bytes if adds else self._limits.body_bytes

    def _check_site(self, scope: Scope, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        if self._tokens is None and (urlsplit("//" + host).hostname or "") not in LOOPBACK:
            raise ApiError(403, "This server answers to this computer's own names only.")
        origin = headers.get("origin")
        if (
            self._tokens is None
            and origin
            and scope["method"] not in ("GET", "HEAD")
            and urlsplit(origin).netloc.lower() != host.lower()
        ):
            raise ApiError(403, "Another site's page may not send anything here.")

    async def _who(self, scope: Scope, headers: dict[str, str]) -> str:
        if self._tokens is None or scope["path"] in OPEN:
            return ""
        given = _given(headers, looks=scope["method"] in ("GET", "HEAD"))
        address = (scope.get("client") or ("unknown",))[0]
        if given:
            name = self._tokens.whose(given)
            if name is not None:
                self._tries.right(address)
                return name
            wait = math.ceil(self._tries.wait(address))
            if wait:
                raise _Later(wait)
            self._tries.wrong(address, given.encode())
            await asyncio.sleep(self._slow_s)
            raise ApiError(401, "That token isn't known here, or was revoked.", code="wrong_token")
        raise ApiError(
            401,
            "Send a token: Authorization: Bearer TOKEN. `dateline tokens add NAME` makes one.",
            code="no_token",
        )

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """A body that says nothing of its size, or lies, ends at the limit."""
        read, over, begun = 0, False, False

        async def bounded() -> Message:
            nonlocal read, over
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                over = True
                return {"type": "http.disconnect"}
            return message

        async def sending(message: Message) -> None:
            nonlocal begun
            if over and not begun:
                return  # what the application makes of half a body
            begun = True
            await send(message)

        try:
            await self._app(scope, bounded, sending)
        except Exception:
            if not over:
                raise
        if over and not begun:
            await response(_too_large(limit), {"Connection": "close"})(scope, receive, send)


class _Later(ApiError):
    def __init__(self, wait: int) -> None:
        super().__init__(429, f"Too many wrong tokens; try again in {wait} s.", code="wrong_token")
        self.wait = wait


def _too_large(limit: int) -> ApiError:
    return ApiError(
        413, f"That is more than {limit / 1_000_000:g} MB; send less at once.", code="too_large"
    )


def _said(length: str | None) -> int:
    """Bytes, as a request says; what is no number is more than any limit."""
    if not length:
        return 0
    return int(length) if length.isascii() and length.isdigit() else _ANY_SIZE


def _given(headers: dict[str, str], *, looks: bool) -> str:
    """The token. A browser sends a password along with whatever another site makes it send, so
    one is only good for looking."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    if kind.lower() == "basic" and looks:
        try:
            said = base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace")
        except ValueError:
            return ""
        return said.partition(":")[2]
    return ""


def _guarded(send: Send) -> Send:
    """With the headers of every reply; a strict policy where the reply has none of its own."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: list[Any] = list(message.get("headers", ()))
            own += _HEADERS
            if not any(name.lower() == b"content-security-policy" for name, _ in own):
                own.append((b"content-security-policy", _CSP))
            message["headers"] = own
        await send(message)

    return sending
