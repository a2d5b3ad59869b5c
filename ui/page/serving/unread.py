"""What was made for windows that don't fetch it. The framework keeps it for 2,000 windows, as much
as it may be, until they come; here it goes when they don't."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from ui.page.serving.listeners import Listeners

AWAY_S = 30.0  # without listening, after which a window isn't expected back
WINDOWS = 64  # that may have something to fetch without listening; the longest away make room
MESSAGES = 2_000  # for one window, however it listens: a minute of an answer is about 700
_EVERY_S = 10.0


class Queue(Protocol):
    """The part of the framework's queue that holds messages, by window."""

    @property
    def pending_messages_per_session(self) -> MutableMapping[str, Any]: ...  # of asyncio.Queue

    @property
    def pending_event_ids_session(self) -> MutableMapping[str, Any]: ...

    async def clean_events(self, *, session_hash: str) -> None: ...


class Unread:
    """For one event loop: not thread-safe."""

    def __init__(self, queue: Queue, listeners: Listeners) -> None:
        self._queue = queue
        self._listeners = listeners
        self._looking: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """To be called with every event that comes in; goes on by itself while anything is left."""
        await self.clear()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_again())

    async def _look_again(self) -> None:
        while self._queue.pending_messages_per_session:
            await asyncio.sleep(_EVERY_S)
            await self.clear()

    async def clear(self) -> None:
        """Work for windows that are gone ends, and what was made for them goes."""
        held = {
            session: messages.qsize()
            for session, messages in self._queue.pending_messages_per_session.items()
        }
        away = {session: self._listeners.away(session) for session in held}
        for session in given_up(held, away):
            await self._queue.clean_events(session_hash=session)
            self._queue.pending_messages_per_session.pop(session, None)
            self._queue.pending_event_ids_session.pop(session, None)


def given_up(held: Mapping[str, int], away: Mapping[str, float]) -> list[str]:
    """Of windows with the number of their messages and the seconds that they haven't listened (0:
    they do), those that lose theirs."""
    gone = [s for s, count in held.items() if count > MESSAGES or away[s] > AWAY_S]
    silent = sorted((s for s in held if away[s] > 0 and s not in gone), key=lambda s: away[s])
    return gone + silent[WINDOWS:]
