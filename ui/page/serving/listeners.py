"""Which windows listen: what is made for one that doesn't is kept for nobody."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WINDOWS = 10_000  # that are remembered


class Listeners:
    """Thread-safe. `away` says for how many seconds a window hasn't listened."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()  # streams of messages
        self._left: OrderedDict[str, float] = OrderedDict()

    def came(self, session: str) -> None:
        """A window sends something: it is about to listen, where it doesn't."""
        with self._lock:
            if session not in self._open:
                self._away_since_now(session)

    @contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """While a stream of messages is open."""
        with self._lock:
            self._open[session] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]
                    self._away_since_now(session)

    def _away_since_now(self, session: str) -> None:
        self._left[session] = self._clock()
        self._left.move_to_end(session)
        if len(self._left) > WINDOWS:
            self._left.popitem(last=False)

    def away(self, session: str) -> float:
        """For ever, where nothing is known of it; 0 while it listens."""
        with self._lock:
            if session in self._open:
                return 0.0
            left = self._left.get(session)
        return float("inf") if left is None else self._clock() - left
