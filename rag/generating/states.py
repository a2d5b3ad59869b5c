"""The passage cache: saved key-value states by key, in memory and on disk, both bounded.

Knows nothing of models. A state that can't be read back whole is a miss, never an error: the
passage is then read again. Least recently used states go first, on both levels. Several processes
may share the folder and its bound: each looks again at what lies there after every twentieth of it
that it has written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"dateline-state-1\n"
_DIGEST = 32
_SHARE = 20  # parts of the disk bound that are written between two looks at the folder
_LEFT_BEHIND_S = 600.0  # a file that is being written for so long has lost its writer


def state_key(*parts: str | bytes) -> str:
    """A file-name-safe key for what a state depends on, each part kept apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """Sizes in bytes; hits and misses since the cache was opened."""

    memory_states: int
    memory_bytes: int
    memory_bound: int
    disk_states: int
    disk_bytes: int
    disk_bound: int
    hits: int
    misses: int


class StateCache:
    """Bounded by bytes on each level; `folder=None` keeps nothing on disk. Thread-safe."""

    def __init__(self, folder: Path | None, *, memory_bound: int, disk_bound: int) -> None:
        self._folder = folder
        self._memory_bound = memory_bound
        self._disk_bound = disk_bound if folder else 0
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_bytes = 0
        self._hits = self._misses = 0
        self._lock = threading.Lock()
        self._unseen = 0  # bytes written since the last look at the folder
        if folder:
            self._clean()
            self._keep_bound()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            state = self._memory.get(key)
            if state is not None:
                self._memory.move_to_end(key)
                self._hits += 1
                return state
        state = self._read(key)
        with self._lock:
            if state is None:
                self._misses += 1
                return None
            self._hits += 1
            self._keep(key, state)
        return state

    def put(self, key: str, state: bytes) -> None:
        with self._lock:
            self._keep(key, state)
        self._write(key, state)

    def __contains__(self, key: str) -> bool:
        with self._lock:
            if key in self._memory:
                return True
        return self._folder is not None and self._file(key).exists()

    def clear(self) -> None:
        with self._lock:
            self._memory.clear()
            self._memory_bytes = 0
            for file in self._files():
                with contextlib.suppress(OSError):
                    file.unlink()
            self._clean()

    def status(self) -> CacheStatus:
        files = self._files()
        with self._lock:
            return CacheStatus(
                memory_states=len(self._memory),
                memory_bytes=self._memory_bytes,
                memory_bound=self._memory_bound,
                disk_states=len(files),
                disk_bytes=self._measure(),
                disk_bound=self._disk_bound,
                hits=self._hits,
                misses=self._misses,
            )

    def _keep(self, key: str, state: bytes) -> None:
        if len(state) > self._memory_bound:
            return
        old = self._memory.pop(key, None)
        self._memory_bytes += len(state) - (len(old) if old else 0)
        self._memory[key] = state
        while self._memory_bytes > self._memory_bound:
            _, dropped = self._memory.popitem(last=False)
            self._memory_bytes -= len(dropped)

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}.state"

    def _files(self) -> list[Path]:
        return list(self._folder.glob("*.state")) if self._folder else []

    def _measure(self) -> int:
        total = 0
        for file in self._files():
            with contextlib.suppress(OSError):
                total += file.stat().st_size
        return total

    def _read(self, key: str) -> bytes | None:
        if self._folder is None:
            return None
        file = self._file(key)
        try:
            data = file.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + _DIGEST
        state = data[head:]
        digest = hashlib.sha256(key.encode() + state).digest()
        if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : head] != digest:
            with contextlib.suppress(OSError):
                file.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(file)  # the order of last use, by which files are dropped
        return state

    def _write(self, key: str, state: bytes) -> None:
        """Whole or not at all; a disk that is full or read-only only costs the time to re-read."""
        if self._folder is None or len(state) > self._disk_bound:
            return
        digest = hashlib.sha256(key.encode() + state).digest()
        temporary = ""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "wb") as out:
                out.write(_MAGIC + digest)
                out.write(state)
            os.replace(temporary, self._file(key))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            return
        with self._lock:
            self._unseen += len(_MAGIC) + _DIGEST + len(state)
            if self._unseen > self._disk_bound / _SHARE:
                self._keep_bound()

    def _clean(self) -> None:
        """What a process that was killed left half-written."""
        for file in self._folder.glob("*.part") if self._folder else ():
            with contextlib.suppress(OSError):
                if time.time() - file.stat().st_mtime > _LEFT_BEHIND_S:
                    file.unlink()

    def _keep_bound(self) -> None:
        """Where more lies there than may, whoever wrote it: the oldest go, down to nine tenths."""
        self._unseen = 0
        aged: list[tuple[float, int, Path]] = []
        for file in self._files():
            with contextlib.suppress(OSError):
                stat = file.stat()
                aged.append((stat.st_mtime, stat.st_size, file))
        total = sum(size for _, size, _ in aged)
        if total <= self._disk_bound * (1 - 1 / _SHARE):
            return  # what is written until the next look fits
        for _, size, file in sorted(aged, key=lambda entry: entry[0]):
            if total <= self._disk_bound * 0.9:
                break
            with contextlib.suppress(OSError):
                file.unlink()
                total -= size
