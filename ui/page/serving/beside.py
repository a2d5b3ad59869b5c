"""Two applications at one address: some paths are the other one's, the rest is the page's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ui.page.serving.asgi import Asgi, Message, Receive, Scope, Send


class Beside:
    """`paths` says which whole paths `other` answers. Both begin and end with the server."""

    def __init__(self, page: Asgi, other: Asgi, paths: re.Pattern[str]) -> None:
        self._page = page
        self._other = other
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._paths.fullmatch(scope["path"]):
            await self._other(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                for app in (self._page, self._other):
                    await stack.enter_async_context(_alive(app, scope))
            except RuntimeError as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def _alive(app: Asgi, scope: Scope) -> AsyncIterator[None]:
    """Between an application's startup and its shutdown. Raises RuntimeError where it can't
    start; one that knows no lifespan just serves."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    says: asyncio.Queue[Message] = asyncio.Queue()
    task = asyncio.ensure_future(app(dict(scope), told.get, says.put))
    await told.put({"type": "lifespan.startup"})
    said = asyncio.ensure_future(says.get())
    await asyncio.wait({task, said}, return_when=asyncio.FIRST_COMPLETED)
    if said.done() and said.result()["type"] == "lifespan.startup.failed":
        raise RuntimeError(said.result().get("message") or "it didn't start")
    said.cancel()
    try:
        yield
    finally:
        await told.put({"type": "lifespan.shutdown"})
        await asyncio.wait({task})
        task.exception()
