"""A server on the loopback address that speaks OpenAI's protocol, and can be told to misbehave."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG = 30

Step = Callable[["Talk"], None]
"""What a request meets."""


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Talk:
    """One request, and how it is answered."""

    server: OpenAIServer
    handler: BaseHTTPRequestHandler
    request: Request

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.wfile.flush()

    def send(self, text: str) -> None:
        self.handler.wfile.write(text.encode())
        self.handler.wfile.flush()

    def event(self, value: object) -> None:
        self.send(f"data: {json.dumps(value)}\n\n")

    def words(self, *words: str) -> None:
        for word in words:
            self.event({"choices": [{"index": 0, "delta": {"content": word}}]})

    def finish(self, usage: dict[str, Any] | None = None) -> None:
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if usage is not None:
            self.event({"choices": [], "usage": usage})
        self.send("data: [DONE]\n\n")

    def until_left(self) -> None:
        """Waits until the client has closed the connection, and says so."""
        connection: socket.socket = self.handler.connection
        ready, _, _ = select.select([connection], [], [], LONG)
        if ready and connection.recv(1) == b"":
            self.server.left.set()


def says(*words: str, usage: dict[str, Any] | None = None) -> Step:
    def step(talk: Talk) -> None:
        talk.begin()
        talk.words(*words)
        talk.finish(usage)

    return step


def fails(status: int, said: object = None, **headers: str) -> Step:
    def step(talk: Talk) -> None:
        talk.begin(status, "application/json", **headers)
        talk.send(json.dumps(said if said is not None else {"error": {"message": "no"}}))

    return step


@dataclass
class OpenAIServer:
    """`plan` holds what the next chat requests meet, the last of them again and again."""

    plan: list[Step] = field(default_factory=lambda: [says("It opened", " on 3 May.")])
    names: list[str] | None = field(default_factory=lambda: ["big"])
    requests: list[Request] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    server: ThreadingHTTPServer | None = None

    @property
    def chats(self) -> list[Request]:
        return [r for r in self.requests if r.path.endswith("/chat/completions")]

    @property
    def host(self) -> str:
        assert self.server
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else {}
        request = Request(handler.path, dict(handler.headers.items()), body)
        self.requests.append(request)
        talk = Talk(self, handler, request)
        with contextlib.suppress(OSError):  # the client went away
            if request.path.endswith("/models"):
                if self.names is None:
                    fails(404)(talk)
                else:
                    talk.begin(200, "application/json")
                    talk.send(json.dumps({"data": [{"id": name} for name in self.names]}))
            else:
                step = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
                self.begun.set()
                step(talk)
        handler.close_connection = True


@contextlib.contextmanager
def serving(*plan: Step, names: list[str] | None = None) -> Iterator[OpenAIServer]:
    made = OpenAIServer()
    if plan:
        made.plan = list(plan)
    if names is not None:
        made.names = names

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            made.answer(self)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    made.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.server.daemon_threads = True
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
