"""The process that `index.reading.reader` starts: one request a line in, one item a line out."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from index.reading import items, web
from index.reading.reader import metadata, packed

_LONG = 300  # requests after which a new process takes over: libraries keep what they have seen


def main() -> None:
    """Until the other side is gone, or memory was short."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    limits = json.loads(requests.readline())
    _limit(limits["memory"])
    for number, line in enumerate(requests, 1):
        last = number == _LONG
        if not _answer(json.loads(line), limits["seconds"], answers, last) or last:
            break


def _answer(request: dict[str, Any], seconds: int, answers: IO[bytes], last: bool) -> bool:
    """Writes what the request asks for; False where the process had better end."""
    address = request["do"] == "address"
    origin = request["url"] if address else request["path"]
    whole = True
    _watch(seconds + (2 * web.SECONDS if address else 0))  # a page, and its site's robots.txt
    try:
        for item in _items(request):
            _write(answers, packed(item))
            _watch(seconds)
    except MemoryError:
        whole = False
        _write(answers, packed(items.Refusal(origin, "reading it takes too much memory")))
    except BrokenPipeError:
        return False
    finally:
        faulthandler.cancel_dump_traceback_later()
    _write(answers, {"is": "end", "last": last or not whole})
    return whole


def _items(request: dict[str, Any]) -> Iterator[items.Item]:
    if request["do"] == "file":
        return items.of_file(Path(request["path"]), request["source"])
    known, asking = request["known"], request["asking"]
    return items.of_address(
        request["url"],
        request["source"],
        request["public"],
        known and metadata(known),
        None if asking is None else items.Asking(**asking),
    )


def _write(answers: IO[bytes], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _watch(seconds: float) -> None:
    """Ends this process then, with 1, whatever it does: also within a library's C code."""
    faulthandler.dump_traceback_later(seconds, exit=True)


def _limit(memory: int) -> None:
    """Where the system can: Linux does, macOS takes it and doesn't keep it, Windows has none."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
