"""The writer's lock of a library: one process at a time, any of its threads, counted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import LibraryBusy
from index.storing import faults


class CountedLock:
    """Thread-safe. Whoever takes it first acquires what excludes other processes, and the last to
    leave releases it: `_acquire` and `_release` say how."""

    def __init__(self) -> None:
        self._holders = 0
        self._holding = threading.Lock()

    @contextmanager
    def held(self, *, wait: float = 0, last: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Holds it; `last` runs before the last holder lets go.

        Raises LibraryBusy if another process has it for longer than `wait` seconds, DatelineError
        where nothing can be written.
        """
        with self._holding:
            if not self._holders:
                self._acquire(wait)
            self._holders += 1
        try:
            yield
        finally:
            with self._holding:
                self._holders -= 1
                if not self._holders:
                    try:
                        last()
                    finally:
                        self._release()

    def _acquire(self, wait: float) -> None:
        raise NotImplementedError

    def _release(self) -> None:
        raise NotImplementedError


class WriterLock(CountedLock):
    """Of a folder. The lock goes with the process that dies."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._lock = FileLock(folder / "writer.lock", thread_local=False)

    def _acquire(self, wait: float) -> None:
        pid = self._folder / "writer.pid"
        try:
            if not faults.writable(self._folder):
                raise faults.read_only(self._folder)
            self._lock.acquire(timeout=wait)
        except Timeout:
            try:
                who = f"process {int(pid.read_text())}"
            except (OSError, ValueError):
                who = "another process"
            raise LibraryBusy(
                f"{who} is writing to the library '{self._folder}'; try again when it is done"
            ) from None
        except OSError as error:
            raise faults.from_system(error, self._folder) from error
        with suppress(OSError):  # it only serves a message
            pid.write_text(str(os.getpid()))

    def _release(self) -> None:
        self._lock.release()
