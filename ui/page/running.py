"""Answers under way: whose turn it is, and stopping.

One answer is worked on at a time, first come, first served; the others know their place. Each
runs in a thread of its own, so that whoever waits for it can leave at once, whatever the model
is doing: the work itself ends within a token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType

from rag.events import Event
from rag.generating.generator import Stop, Stopped
from ui.page.seam import Loading

TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Waiting:
    """`place` people are before this one; 0 means that the work is under way."""

    place: int


class Line:
    """First come, first served."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: list[object] = []

    def join(self) -> object:
        ticket = object()
        with self._changed:
            self._tickets.append(ticket)
        return ticket

    def leave(self, ticket: object) -> None:
        with self._changed:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def place(self, ticket: object) -> int:
        with self._changed:
            return self._tickets.index(ticket) if ticket in self._tickets else 0

    def wait(self, ticket: object) -> bool:
        """Until the ticket is first (True) or has left (False)."""
        with self._changed:
            self._changed.wait_for(
                lambda: ticket not in self._tickets or self._tickets[0] is ticket
            )
            return ticket in self._tickets


class Run:
    """One answer: iterate to get its events, and a Waiting every quarter of a second without.

    Raises what the work raised. Use it in a `with`: leaving it stops the work.
    """

    def __init__(self, line: Line, start: Callable[[Stop], Iterator[Event | Loading]]) -> None:
        self._line = line
        self._start = start
        self._ticket = line.join()
        self._events: SimpleQueue[Event | Loading | BaseException | None] = SimpleQueue()
        self._stop = Stop()
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._work, name="answer", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            if not self._line.wait(self._ticket) or self._stopped.is_set():
                return
            events = self._start(self._stop)
            try:
                for event in events:
                    if self._stopped.is_set():
                        return
                    self._events.put(event)
            finally:
                close = getattr(events, "close", None)
                if close is not None:
                    close()
        except Stopped:
            pass
        except BaseException as error:
            self._events.put(error)
        finally:
            self._line.leave(self._ticket)
            self._events.put(None)

    def stop(self) -> None:
        """Iteration ends at once; the work as soon as the model looks up, within a token."""
        self._stopped.set()
        self._stop.set()
        if self._line.place(self._ticket) > 0:
            self._line.leave(self._ticket)
        self._events.put(None)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def __iter__(self) -> Iterator[Event | Loading | Waiting]:
        place = self._line.place(self._ticket)
        if place:
            yield Waiting(place)
        while not self._stopped.is_set():
            try:
                event = self._events.get(timeout=TICK_S)
            except Empty:
                yield Waiting(self._line.place(self._ticket))
                continue
            if event is None:
                return
            if isinstance(event, BaseException):
                raise event
            yield event

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
