"""Turns: work that is done one piece after another, first come, first served, for many who ask.

Each piece of work yields events. It is done in the one thread that belongs to the Turns, whatever
becomes of whoever asked: an asker who is slow, gone, or asks again before it has read everything
holds up nobody, and no lock is held while an asker's or a worker's code runs. What isn't read yet
is kept small by `joined`, which makes one of two events where it can.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from index.errors import DatelineError, UsageError
from rag.generating.generator import Stop, Stopped

T = TypeVar("T")
WAITING = 20  # askers before whom a further one is sent away


class QueueFull(DatelineError):
    """As many wait as may; ask again later."""


class Closed(DatelineError):
    """It was closed, or belongs to another process."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`place` pieces of work are before this one; 0 means that it is under way."""

    place: int


class Turns(Generic[T]):
    """Thread-safe. `joined(one, next)` is an event that says what both do, or None.

    The thread starts with the first work and ends with `close()`.
    """

    def __init__(
        self, *, waiting: int = WAITING, joined: Callable[[T, T], T | None] = lambda a, b: None
    ) -> None:
        self._waiting = waiting
        self._joined = joined
        self._change = threading.Condition()
        self._works: deque[_Work[T]] = deque()  # the first is under way
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._closed = False

    def run(
        self,
        start: Callable[[Stop], Iterator[T]],
        *,
        pulse: float | None = None,
        aside: bool = False,
    ) -> Events[T]:
        """The events of `start(stop)`, when its turn has come.

        Raises QueueFull, Closed, UsageError. With `pulse`, its place is said again after so
        many seconds without another event, so that who reads can look whether it's still wanted.
        What nobody waits for is done `aside`: it ends as soon as there is any other work.
        """
        self._check_process()
        work = _Work(start, aside)
        with self._change:
            if self._closed:
                raise Closed("Dateline was closed; open it again to ask.")
            if threading.current_thread() is self._thread:
                raise UsageError("A question can't be asked from within an answer; ask it after.")
            wait = sum(not each.stop.is_set() for each in self._works) - 1
            if wait >= self._waiting:
                raise QueueFull(f"{wait} questions wait already; ask again in a while.")
            if not aside:
                for each in self._works:
                    if each.aside:
                        each.stop.set()
            self._works.append(work)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="dateline-answers", daemon=True
                )
                self._thread.start()
            self._change.notify_all()
        return Events(self, work, pulse)

    def stop(self) -> None:
        """Everything that is under way or waits ends; new work is taken."""
        self._check_process()
        with self._change:
            for work in self._works:
                work.stop.set()
            self._change.notify_all()

    def close(self) -> None:
        """Everything ends (whoever waits for it gets Closed), and no work is taken any more.
        Returns when nothing is under way."""
        self._check_process()
        with self._change:
            self._closed = True
            for work in self._works:
                work.failed = work.failed or Closed("Dateline was closed before it had answered.")
                work.stop.set()
            self._change.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _check_process(self) -> None:
        """After a fork the thread is in the other process, and a lock may be held for ever."""
        if os.getpid() != self._process:
            raise Closed(
                "This was opened in another process, of which this one is a copy (fork); open it "
                "here again."
            )

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._works or self._closed)
                if not self._works:
                    return
                work = self._works[0]
            failed: BaseException | None = None
            try:
                self._do(work)
            except Stopped:
                pass
            except BaseException as error:
                failed = error
            with self._change:
                work.failed = work.failed or failed
                work.over = True
                self._works.remove(work)
                self._change.notify_all()
            del work, failed  # nothing of an answer is kept until the next one

    def _do(self, work: _Work[T]) -> None:
        if work.stop.is_set():
            return
        with contextlib.ExitStack() as ends:
            events = work.start(work.stop)
            if close := getattr(events, "close", None):
                ends.callback(close)
            for event in events:
                if work.stop.is_set():
                    return
                with self._change:
                    last = work.unread[-1] if work.unread else None
                    both = None if last is None else self._joined(last, event)
                    if both is not None:
                        work.unread[-1] = both
                    else:
                        work.unread.append(event)
                    self._change.notify_all()


class _Work(Generic[T]):
    def __init__(self, start: Callable[[Stop], Iterator[T]], aside: bool = False) -> None:
        self.start = start
        self.aside = aside
        self.stop = Stop()
        self.unread: deque[T] = deque()
        self.over = False
        self.failed: BaseException | None = None


class Events(Generic[T]):
    """What one piece of work yields, and Waiting whenever its place changes; raises what the work
    raises. For one thread at a time.

    `stop()` from any thread ends it; so do leaving a `with`, `close()`, and forgetting it.
    """

    def __init__(self, turns: Turns[T], work: _Work[T], pulse: float | None) -> None:
        self._turns = turns
        self._work = work
        self._pulse = pulse
        self._told = 0

    def __iter__(self) -> Events[T]:
        return self

    def __next__(self) -> T | Waiting:
        turns, work = self._turns, self._work
        turns._check_process()
        with turns._change:
            turns._change.wait_for(self._ready, self._pulse)
            if work.unread and not work.stop.is_set():
                return work.unread.popleft()
            if work.failed is not None:
                error, work.failed = work.failed, None
                work.stop.set()
                raise error
            if work.stop.is_set() or work.over:
                raise StopIteration
            self._told = self._place()
            return Waiting(self._told)

    def _ready(self) -> bool:
        work = self._work
        return bool(work.unread) or work.over or work.stop.is_set() or self._place() != self._told

    def _place(self) -> int:
        """Of those before it, the ones that somebody still waits for; the first counts while it
        takes leave."""
        place = 0
        for at, each in enumerate(self._turns._works):
            if each is self._work:
                return place
            place += at == 0 or not each.stop.is_set()
        return 0

    def stop(self) -> None:
        """Iteration ends at once, the work within a token; work that waits is never begun."""
        self._work.stop.set()
        self._turns._check_process()
        with self._turns._change:
            self._turns._change.notify_all()

    close = stop

    def __enter__(self) -> Events[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __del__(self) -> None:
        # No lock here: this may run anywhere, in the middle of anything.
        with contextlib.suppress(AttributeError):
            self._work.stop.set()
