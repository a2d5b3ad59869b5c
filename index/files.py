"""Files that are whole or not there: the one way in which this project writes one.

Does not lock: who writes the same file twice at once is the caller's matter.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

TEMPORARY = ".tmp"  # what the names of unfinished files end with; they begin with a dot


@contextmanager
def writing(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A file to write to that takes `path`'s place when the block ends, and never half of it.

    It lies in the same folder (which is made), is flushed to the disk before it is renamed, and is
    gone when the block raises. A `private` one is for its owner alone. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.", suffix=TEMPORARY)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not private:
            _usual_mode(name)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    sync_folder(path.parent)


def write(path: Path, data: bytes | str, *, private: bool = False) -> None:
    """`writing`, for what is at hand already; text as UTF-8."""
    with writing(path, private=private) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def remove_left(folder: Path) -> None:
    """Removes what writers that were killed left in a folder. Call it while nobody else writes."""
    for left in folder.glob(f".*{TEMPORARY}"):
        with suppress(OSError):
            left.unlink()


def _usual_mode(name: str) -> None:
    """The permissions that any new file gets; a temporary one is for its owner alone."""
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)


def sync_folder(folder: Path) -> None:
    """So that the new name outlives a power cut, where the system can promise that."""
    if os.name != "posix":
        return
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
