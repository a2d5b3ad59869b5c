"""A folder that is followed: which of its files are new, changed or gone, and a watch over it."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from index.article import Article
from index.errors import DatelineError
from index.reading.items import Refusal, reason
from index.reading.load import files_of, load_file
from index.reading.reader import Reader

_RESTLESS = 10.0  # seconds of changes without a pause, after which they are looked at all the same


class Absent(DatelineError):
    """The folder isn't there, or is empty all at once: its disk may not be."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The files of a folder by path, each with a stamp that changes when it does; `failed` says
    why which subfolder couldn't be looked into."""

    stamps: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def hidden(self, path: str) -> bool:
        """Whether the file may be there all the same."""
        return any(path.startswith(folder + os.sep) for folder in self.failed)


def look(folder: str, known: Collection[str] = ()) -> Seen:
    """What the folder holds. Raises Absent: then nothing is known of its files, least of all that
    they are gone."""
    if not os.path.isdir(folder):
        raise Absent(f"the folder '{folder}' isn't there; its articles stay as they are")
    failed: list[OSError] = []
    stamps: dict[str, str] = {}
    for path in files_of(Path(folder), failed):
        try:
            found = path.stat()
            real = os.path.realpath(path)
            real.encode()
        except OSError as error:
            failed.append(error)
            continue
        except UnicodeEncodeError:
            continue  # no path that can be kept; `add` says so
        stamps[real] = f"{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_size}:{found.st_ino}"
    if known and not stamps and not failed:
        raise Absent(
            f"the folder '{folder}' is empty all at once; its articles stay as they are: "
            "`dateline unfollow` it, or remove them, if that is right"
        )
    return Seen(stamps, {str(error.filename): reason(error) for error in failed})


def read(path: str, source: str | None, reader: Reader) -> list[Article | Refusal]:
    return list(load_file(Path(path), source, reader))


class Changes:
    """What a thread notes and another waits for.

    The queue is the one meeting place of threads that Ctrl-C can't leave locked: an Event's lock
    stays taken, or is given back twice, where the signal comes between two of its steps.
    """

    def __init__(self) -> None:
        self._noted: queue.SimpleQueue[None] = queue.SimpleQueue()

    def note(self) -> None:
        self._noted.put(None)

    def wait(self, seconds: float) -> bool:
        """So many seconds, less where something changes: then until nothing has for a second (or
        too long for that: something always does), and it says True."""
        if not self._comes(seconds):
            return False
        end = time.monotonic() + _RESTLESS
        while time.monotonic() < end and self._comes(1.0):
            pass
        return True

    def _comes(self, seconds: float) -> bool:
        try:
            self._noted.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


@contextmanager
def watched(paths: Collection[str]) -> Iterator[Callable[[float], bool]]:
    """Gives a function that waits for changes in these folders (`Changes.wait`)."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    changes = Changes()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):  # reading makes these
                changes.note()

    observer = Observer()
    for path in paths:
        if os.path.isdir(path):
            observer.schedule(Handler(), path, recursive=True)
    observer.start()
    try:
        yield changes.wait
    finally:
        observer.stop()
        observer.join()
