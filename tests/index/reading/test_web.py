"""Fetching from servers that mean harm: bounded in bytes and in time, and never led inside."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from index.article import Article
from index.errors import Refused
from index.reading import network, web
from index.reading.load import Refusal
from tests.index.reading.readers import load
from tests.index.reading.test_load import FIRST, PAGE

Serve = Callable[[socket.socket, str], None]


class Server:
    """Answers each request with what `serve` writes to the connection."""

    def __init__(self, serve: Serve) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.port = self._socket.getsockname()[1]
        self.asked: list[str] = []
        self._serve = serve
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            said = connection.recv(65536).decode("latin-1").split(" ")
            path = said[1] if len(said) > 1 else ""
            self.asked.append(path)
            with suppress(OSError):
                self._serve(connection, path)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Serve], Server]]:
    servers: list[Server] = []

    def start(serve: Serve) -> Server:
        servers.append(Server(serve))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def sends(data: bytes) -> Serve:
    return lambda connection, path: connection.sendall(data)


def bomb(encoding: str) -> bytes:
    zeros = b"\0" * 200_000_000
    if encoding == "gzip":
        return gzip.compress(zeros, 9)
    if encoding == "deflate":
        return zlib.compress(zeros, 9)
    return bytes(range(256)) * 20


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_unpacks_without_end_is_refused_at_the_limit(
    serving: Callable[[Serve], Server], encoding: str
) -> None:
    packed = bomb(encoding)
    assert len(packed) < 250_000
    server = serving(sends(answer(packed, f"Content-Encoding: {encoding}")))
    with pytest.raises(Refused, match="more than 1 MB"):
        web.fetch(server.url, limit=1_000_000)


def test_no_piece_of_what_is_unpacked_is_large() -> None:
    """The whole of it was in memory before its size was looked at."""
    packed = bomb("gzip")
    sizes = [len(piece) for piece in web._unpacked(iter([packed]), "gzip")]
    assert sum(sizes) == 200_000_000
    assert max(sizes) <= 65_536


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_packing_that_was_not_asked_for_is_refused(
    serving: Callable[[Serve], Server], encoding: str
) -> None:
    server = serving(sends(answer(bomb(encoding), f"Content-Encoding: {encoding}")))
    with pytest.raises(Refused, match="wasn't asked for"):
        web.fetch(server.url, limit=1_000_000)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),  # without its header, as some send it
        ("identity", bytes),
    ],
)
def test_a_packed_page_is_read(
    serving: Callable[[Serve], Server], encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    server = serving(sends(answer(pack(PAGE.encode()), f"Content-Encoding: {encoding}")))
    assert web.fetch(server.url, limit=1_000_000).data == PAGE.encode()


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_ends_at_the_deadline(
    serving: Callable[[Serve], Server], part: str
) -> None:
    over = threading.Event()

    def drip(connection: socket.socket, path: str) -> None:
        head = answer(b"", "Content-Type: text/plain").replace(b"Length: 0", b"Length: 9000")
        connection.sendall(head[:20] if part == "head" else head)
        while not over.wait(0.05):
            connection.sendall(b"x")

    server = serving(drip)
    try:
        with pytest.raises(web.Unreachable, match="in time"):
            web.fetch(server.url, limit=1_000_000, seconds=1)
    finally:
        over.set()


@pytest.mark.parametrize(
    "head",
    [
        answer(b"", status="302 Found"),
        answer(b"", "Location: http://[::1", status="302 Found"),
        answer(b"", "Location: http://\x80\xff/", status="302 Found"),
        answer(b"", "Location: mailto:a@b", status="302 Found"),
        answer(b"", "Content-Encoding: gzip"),
        answer(b"not gzip at all", "Content-Encoding: gzip"),
        answer(b"", "Content-Type: text/html; charset=\x00"),
        b"HTTP/1.1 999 \r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_none_is_one_refusal(
    serving: Callable[[Serve], Server], head: bytes
) -> None:
    (item,) = load(serving(sends(head)).url)
    assert isinstance(item, Refusal)
    assert item.reason


# --- addresses of this network ------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0"),
        *("fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808"),
        *("2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::", "2001:0:7f00:1::"),
    ],
)
def test_addresses_inside(address: str) -> None:
    assert not network.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"],
)
def test_addresses_outside(address: str) -> None:
    if address.startswith("::ffff"):
        pytest.skip("Python 3.11 counts none of these as global, newer ones do")
    assert network.is_public(address)


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Names resolve to these, one list a look-up, the last from then on."""
    left = list(answers)

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host.replace(".", "").isdigit():
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        found = left.pop(0) if len(left) > 1 else left[0]
        if not found:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(network.socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"]])
def test_a_name_that_resolves_inside_is_not_asked(
    serving: Callable[[Serve], Server], monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    server = serving(sends(answer(PAGE.encode())))
    resolves(monkeypatch, answers)
    with pytest.raises(Refused, match="of this network"):
        web.fetch(f"http://news.example:{server.port}/", limit=1_000_000, public=True)
    assert server.asked == []


def test_a_name_is_resolved_once_for_the_check_and_the_connection(
    serving: Callable[[Serve], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the first answer is public, all later ones lie inside."""
    server = serving(sends(answer(PAGE.encode())))
    resolves(monkeypatch, ["192.0.0.9"], ["127.0.0.1"])  # global by its register, and nobody's
    with pytest.raises(Refused):
        web.fetch(f"http://news.example:{server.port}/", limit=1_000_000, public=True, seconds=2)
    assert server.asked == []


def test_a_name_that_does_not_resolve_is_not_public(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, [])
    with pytest.raises(web.Unreachable):
        web.fetch("http://news.example/", limit=1_000_000, public=True)


def test_a_proxy_is_not_asked_for_what_lies_inside(
    serving: Callable[[Serve], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serving(sends(answer(PAGE.encode(), "Content-Type: text/html")))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    assert web.fetch("http://news.example/a", limit=1_000_000).data == PAGE.encode()
    with pytest.raises(Refused, match="of this network"):
        web.fetch("http://192.168.1.1/", limit=1_000_000, public=True)
    assert proxy.asked == ["http://news.example/a"]


def test_what_is_asked_for_others_never_lies_inside(serving: Callable[[Serve], Server]) -> None:
    server = serving(sends(answer(PAGE.encode(), "Content-Type: text/html")))
    (item,) = load(server.url, public=True)
    assert isinstance(item, Refusal)
    assert "of this network" in item.reason
    (item,) = load(server.url)
    assert isinstance(item, Article)


# --- feeds and runs -----------------------------------------------------------------------------


def feed(links: list[str]) -> bytes:
    items = "".join(f"<item><title>t</title><link>{link}</link></item>" for link in links)
    body = f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>'
    return answer(body.encode(), "Content-Type: application/rss+xml")


def test_an_entry_without_a_link_is_not_the_feed_itself(
    serving: Callable[[Serve], Server],
) -> None:
    asked: list[str] = []

    def serve(connection: socket.socket, path: str) -> None:
        asked.append(path)
        connection.sendall(feed([""]))

    address = f"{serving(serve).url}/feed"
    assert list(load(address)) == [Refusal(address, "the feed has no entries with a link")]
    assert asked == ["/feed"]


def test_a_feed_says_what_it_left_out(serving: Callable[[Serve], Server]) -> None:
    base = ""

    def serve(connection: socket.socket, path: str) -> None:
        if path == "/feed":
            connection.sendall(feed([f"{base}/{n}" for n in range(503)]))
        else:
            connection.sendall(
                answer(f"{FIRST} It is report {path}.".encode(), "Content-Type: text/plain")
            )

    server = serving(serve)
    base = server.url
    *found, last = load(f"{base}/feed")
    assert len(found) == 500
    assert all(isinstance(item, Article) for item in found)
    assert last == Refusal(f"{base}/feed", "the feed has 3 entries more than are followed at once")


def test_a_server_that_never_answers_is_asked_three_times(
    serving: Callable[[Serve], Server],
) -> None:
    silent = serving(lambda connection, path: None)
    server = serving(sends(feed([f"{silent.url}/{n}" for n in range(9)])))
    items = list(load(server.url))
    assert len(items) == 9
    assert len(silent.asked) == 3
    assert {i.reason for i in items[3:] if isinstance(i, Refusal)} == {
        "its server didn't answer 3 times"
    }


ADD = """
import sys
from rag import opening
from tests.fakes import FakeEncoder
import ui.cli.libraries as libraries
opening.open_encoder = FakeEncoder
from index.library import Library
from index.ingest import add
from index.splitting.tokens import TokenCounter
class Counter:
    def count(self, text): return len(text.split())
library = Library.open(sys.argv[1], FakeEncoder(), create=True)
try:
    for outcome in add(library, sys.argv[2:], counter=Counter()):
        print(outcome.status, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_ctrl_c_while_a_server_drips_ends_the_run_and_others_can_write_meanwhile(
    serving: Callable[[Serve], Server], tmp_path: Path
) -> None:
    over, waiting = threading.Event(), threading.Event()

    def drip(connection: socket.socket, path: str) -> None:
        waiting.set()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
        while not over.wait(0.1):
            connection.sendall(b"x")

    server = serving(drip)
    process = subprocess.Popen(
        [sys.executable, "-c", ADD, str(tmp_path / "library"), server.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert waiting.wait(100)
        from index.library import Library
        from tests.fakes import FakeEncoder

        with Library.open(tmp_path / "library", FakeEncoder()) as library, library.writing():
            pass  # would raise LibraryBusy
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait(30)  # the page's own deadline is twice that
        print(f"ended {time.monotonic() - began:.2f} s after Ctrl-C")
        assert process.returncode == 130
    finally:
        over.set()
        process.kill()
        process.communicate()
