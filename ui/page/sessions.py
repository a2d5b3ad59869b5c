"""What is kept for each open window. Windows don't say goodbye, so the oldest make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
WINDOWS = 500


class Sessions(Generic[T]):
    """A value a window, `new()` at first; the `limit` most recently used are kept. Thread-safe."""

    def __init__(self, new: Callable[[], T], limit: int = WINDOWS) -> None:
        self._new = new
        self._limit = limit
        self._values: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def __getitem__(self, session: str) -> T:
        with self._lock:
            if session not in self._values:
                self._values[session] = self._new()
                if len(self._values) > self._limit:
                    self._values.popitem(last=False)
            self._values.move_to_end(session)
            return self._values[session]

    def __setitem__(self, session: str, value: T) -> None:
        with self._lock:
            self._values[session] = value
            self._values.move_to_end(session)
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
