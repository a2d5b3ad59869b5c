"""The Reader: files and addresses are read in a process of its own, with limits.

What comes from anyone is read by large libraries, and some input makes each of them take all
memory or no end. So one warm process reads; it ends by itself when an item takes too long, it
can't take more memory than it may, and where it ends, that item is refused and another process
reads the next one. (It is started as a program, neither forked nor through multiprocessing: that
would run the caller's script again.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from index.article import Article
from index.cleaning.metadata import Metadata
from index.reading.feeds import Entry
from index.reading.items import Asking, Feed, Fetched, Item, Refusal

SECONDS = 60  # for an item, from the one before it; as much again to fetch it
MEMORY = 2_000_000_000  # bytes of address space, where the system can limit it
_START = "from index.reading.worker import main; main()"
_ROOT = str(Path(__file__).resolve().parents[2])


class Reader:
    """`with Reader() as reader:` one process, started when it is first needed."""

    def __init__(self, *, seconds: int = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False
        self.ended = False

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def file(self, path: Path, source: str | None) -> Iterator[Article | Refusal]:
        """The articles of a file."""
        for item in self._ask(str(path), {"do": "file", "path": str(path), "source": source}):
            assert not isinstance(item, Feed | Fetched)
            yield item

    def address(
        self,
        url: str,
        source: str | None,
        public: bool | None,
        known: Metadata | None = None,
        asking: Asking | None = None,
    ) -> Iterator[Item]:
        """The articles of a page, or the feed that it is, if it isn't an entry (with `known`).

        With `asking`, what the server said comes first.
        """
        request = {"do": "address", "url": url, "source": source, "public": public}
        how = {"known": known and fields(known), "asking": asking and asdict(asking)}
        yield from self._ask(url, request | how)

    def end(self) -> None:
        """From any thread: what is being read ends, and whatever else is asked for is refused."""
        self.ended = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            process.wait()

    def _ask(self, origin: str, request: dict[str, Any]) -> Iterator[Item]:
        if self._asked:
            raise RuntimeError("the reader's last answer wasn't read to its end")
        if self.ended:
            yield Refusal(origin, "reading was stopped")
            return
        process = self._sent(json.dumps(request).encode() + b"\n")
        assert process.stdout is not None
        self._asked, done = True, False
        try:
            while line := process.stdout.readline():
                answer = json.loads(line)
                if answer["is"] == "end":
                    done = not answer["last"]
                    return
                yield unpacked(answer)
            done = True  # it is over
            code = process.wait()
            self.close()
            if code == -2:  # Ctrl-C goes to both
                raise KeyboardInterrupt
            yield Refusal(origin, self._why(code))
        finally:
            self._asked = False
            if not done:  # stopped in the middle: what it still says answers no later request
                self.close()

    def _sent(self, request: bytes) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            try:
                return self._send(self._process, request)
            except OSError:  # it ended since
                pass
        self.close()
        self._process = self._started()
        if self.ended:  # since it was asked
            self._process.kill()
        return self._send(self._process, request)

    def _send(self, process: subprocess.Popen[bytes], request: bytes) -> subprocess.Popen[bytes]:
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        return process

    def _started(self) -> subprocess.Popen[bytes]:
        paths = [_ROOT, os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        limits = {"seconds": self._seconds, "memory": self._memory}
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return self._send(process, json.dumps(limits).encode() + b"\n")

    def _why(self, code: int) -> str:
        if code == 1:  # as faulthandler ends it
            return f"reading it took more than {self._seconds} seconds"
        return (
            f"reading it took more than {self._memory / 1e9:g} GB of memory, or broke what reads it"
        )


# --- items as JSON ------------------------------------------------------------------------------


def packed(item: Item) -> dict[str, Any]:
    """An item as the process writes it."""
    if isinstance(item, Refusal):
        return {
            "is": "refusal",
            "origin": item.origin,
            "reason": item.reason,
            "unreachable": item.unreachable,
            "status": item.status,
            "wait": item.wait,
        }
    if isinstance(item, Fetched):
        return {"is": "fetched", **asdict(item)}
    if isinstance(item, Feed):
        entries = [[entry.url, fields(entry.metadata), entry.stamp] for entry in item.entries]
        feed = {"url": item.url, "entries": entries, "cut": item.cut, "inside": item.inside}
        return {"is": "feed", **feed, "inner": item.inner}
    return {
        "is": "article",
        "id": item.id,
        "text": item.text,
        "path": item.path,
        "fields": fields(Metadata(item.title, item.source, item.published, item.authors, item.url)),
    }


def unpacked(said: dict[str, Any]) -> Item:
    """`packed`, back."""
    if said["is"] == "refusal":
        return Refusal(
            said["origin"], said["reason"], said["unreachable"], said["status"], said["wait"]
        )
    if said["is"] == "fetched":
        return Fetched(**{name: value for name, value in said.items() if name != "is"})
    if said["is"] == "feed":
        entries = tuple(Entry(url, metadata(of), stamp) for url, of, stamp in said["entries"])
        return Feed(said["url"], entries, said["cut"], said["inside"], tuple(said["inner"]))
    known = metadata(said["fields"])
    return Article(
        id=said["id"],
        title=known.title or "",
        text=said["text"],
        source=known.source,
        published=known.published,
        authors=known.authors,
        url=known.url,
        path=said["path"],
    )


def fields(known: Metadata) -> dict[str, Any]:
    """Metadata as JSON holds it."""
    return {
        "title": known.title,
        "source": known.source,
        "published": known.published.isoformat() if known.published else None,
        "authors": known.authors,
        "url": known.url,
    }


def metadata(said: dict[str, Any]) -> Metadata:
    """`fields`, back."""
    published = said["published"]
    return Metadata(
        said["title"],
        said["source"],
        date.fromisoformat(published) if published else None,
        tuple(said["authors"]),
        said["url"],
    )
