"""A model hub on the loopback address that can be told to misbehave."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    path: str
    start: int | None  # of the Range header


@dataclass
class Hub:
    """Serves `files` by their last path component; `plan` holds what the next requests meet.

    A plan's entry is "ok", "ignore range" (all of the file with 200), "status N",
    ("break", n): the connection ends after n bytes of the body, or
    ("hold", n, event): n bytes, then nothing until the event is set.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    plan: list[str | tuple[object, ...]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    holding: threading.Event = field(default_factory=threading.Event)
    server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Hub:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        assert self.server
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def starts(self) -> list[int | None]:
        return [request.start for request in self.requests]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else None
        self.requests.append(Request(handler.path, start))
        step = self.plan.pop(0) if self.plan else "ok"
        data = self.files.get(handler.path.rsplit("/", 1)[-1])
        if isinstance(step, str) and step.startswith("status "):
            return _nothing(handler, int(step.split()[1]))
        if data is None:
            return _nothing(handler, 404)
        if start is not None and step != "ignore range":
            if start >= len(data):
                return _nothing(handler, 416)
            body = data[start:]
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            body = data
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with contextlib.suppress(OSError):  # the client went away
            self._send(handler.wfile.write, handler.wfile.flush, body, step)
        handler.close_connection = True

    def _send(
        self,
        write: Callable[[bytes], object],
        flush: Callable[[], object],
        body: bytes,
        step: str | tuple[object, ...],
    ) -> None:
        if isinstance(step, str):
            write(body)
            return
        count = step[1]
        assert isinstance(count, int)
        write(body[:count])
        flush()
        if step[0] == "hold":
            event = step[2]
            assert isinstance(event, threading.Event)
            self.holding.set()
            event.wait(60)
            write(body[count:])


def _nothing(handler: BaseHTTPRequestHandler, status: int) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", "0")
    handler.end_headers()
