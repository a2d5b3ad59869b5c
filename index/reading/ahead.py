"""The next turn is read while this one is written: reading waits for other processes and servers,
writing for the encoder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def ahead(turns: Iterator[T], end: Callable[[], None]) -> Iterator[T]:
    """The same turns, in order, the next of them read in another thread; what reading one raises is
    raised where it would have come. `end` is called when nobody wants more, and must have the turn
    that is being read end soon: it is waited for."""
    # (not a Future: Ctrl-C, which ends the reading as well, can leave its lock taken)
    wanted: SimpleQueue[bool] = SimpleQueue()
    read: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        while wanted.get():
            try:
                read.put((next(turns, None), None))
            except BaseException as error:  # Ctrl-C too: it goes to the reading process
                read.put((None, error))

    reading = threading.Thread(target=work, name="ahead", daemon=True)
    reading.start()
    try:
        wanted.put(True)
        while True:
            turn, error = read.get()
            if error is not None:
                raise error
            if turn is None:
                return
            wanted.put(True)
            yield turn
    finally:
        end()
        wanted.put(False)
        reading.join()
