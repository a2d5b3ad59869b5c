"""A news site on this computer: real HTTP, ETags, and whatever goes wrong with sites."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape


class Newsroom:
    """`pages`: what stands at a path; `answers`: a status and headers in its place; `before`: done
    before a path is answered. `asked` keeps every request in order, `sent` those that were answered
    with a page."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.asked: list[str] = []
        self.sent: list[str] = []
        room = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                room._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def article(self, path: str, title: str, *paragraphs: str) -> None:
        body = "".join(f"<p>{escape(p)}</p>" for p in paragraphs)
        self.pages[path] = (
            "text/html; charset=utf-8",
            f"<!doctype html><html><head><title>{escape(title)}</title></head><body><article>"
            f"<h1>{escape(title)}</h1>{body}</article></body></html>".encode(),
        )

    def feed(self, path: str, entries: Iterable[tuple[str, str]]) -> None:
        """Path and title of each entry, newest first."""
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url}{at}</link>"
            f"<pubDate>Mon, 06 May 2024 08:00:00 GMT</pubDate></item>"
            for at, title in entries
        )
        text = (
            '<?xml version="1.0"?><rss version="2.0"><channel><title>The Local Paper</title>'
            f"{items}</channel></rss>"
        )
        self.pages[path] = ("application/rss+xml", text.encode())

    def requests(self) -> list[str]:
        """What was asked for since the last call, without robots.txt."""
        asked, self.asked = [p for p in self.asked if p != "/robots.txt"], []
        return asked

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        self.asked.append(path)
        if path in self.before:
            self.before[path]()
        if path in self.answers:
            status, headers = self.answers[path]
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        kind, body = self.pages.get(path, ("text/plain", b""))
        if path not in self.pages:
            handler.send_response(404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if handler.headers.get("If-None-Match") == tag:
            handler.send_response(304)
            handler.send_header("ETag", tag)
            handler.end_headers()
            return
        self.sent.append(path)
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("ETag", tag)
        handler.send_header("Last-Modified", formatdate(0, usegmt=True))
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
