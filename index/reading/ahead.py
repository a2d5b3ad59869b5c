"""The next turn is read while this one is written: reading waits for other processes and servers,
writing for the encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(turns: Iterator[T], end: Callable[[], None]) -> Iterator[T]:
    """The same turns, in order, the next of them read in another thread; what reading one raises is
    raised where it would have come. `end` is called when nobody wants more, and must have the turn
    that is being read end soon: it is waited for."""
    with ThreadPoolExecutor(1, "ahead") as beside:
        try:
            coming = beside.submit(next, turns, None)
            while (turn := coming.result()) is not None:
                coming = beside.submit(next, turns, None)
                yield turn
        finally:
            end()
