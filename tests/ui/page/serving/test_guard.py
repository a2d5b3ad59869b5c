"""Who may come in, and what they may ask for."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from index.errors import UsageError
from tests.ui.conftest import Served, serve, until
from tests.ui.fake_assistant import FakeBackend
from ui.page.serving.guard import Access, Guard, access
from ui.page.serving.listeners import Listeners
from ui.page.serving.server import listen
from ui.page.serving.tries import ADDRESSES, AT_ONCE, Tries

UPLOADS = Path("/library/uploads/.incoming")


async def _page(scope: Any, receive: Any, send: Any) -> None:
    read = 0
    while True:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(read).encode()})


def ask(
    allowed: Access,
    method: str = "GET",
    path: str = "/",
    host: str = "127.0.0.1:7860",
    body_bytes: int = 1000,
    **options: Any,
) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=Guard(_page, allowed, UPLOADS, body_bytes=body_bytes))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(method, path, **options)

    return asyncio.run(go())


def basic(said: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(said.encode()).decode()}


def test_another_host_than_this_machine_needs_a_way_to_tell_who_comes() -> None:
    with pytest.raises(UsageError, match=r"'0\.0\.0\.0' can be reached from other machines"):
        access("0.0.0.0", None, None)
    assert access("0.0.0.0", "ann:secret", None) == Access("ann", "secret", "")
    assert access("192.168.1.4", None, "a-long-token").token == "a-long-token"
    assert access("127.0.0.1", None, None).open
    assert access("localhost", None, None).open


@pytest.mark.parametrize("auth", ["ann", "ann:", ":secret", ":"])
def test_auth_has_two_parts(auth: str) -> None:
    with pytest.raises(UsageError, match="user:password"):
        access("127.0.0.1", auth, None)


@pytest.mark.parametrize("token", ["", "short", "with space in it", 'quote"quote"', "a;b;c;d;e"])
def test_a_token_is_long_and_plain(token: str) -> None:
    with pytest.raises(UsageError, match="--token takes 8 or more"):
        access("127.0.0.1", None, token)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "localhost"])
def test_this_machine_is_served_without_a_word(host: str) -> None:
    assert ask(Access(), host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7860", "10.0.0.2:7860"])
def test_a_name_that_was_pointed_here_is_refused(host: str) -> None:
    assert ask(Access(), host=host).status_code == 403


def test_another_page_may_not_post_here() -> None:
    post = {"method": "POST", "path": "/gradio_api/queue/join"}
    assert ask(Access(), **post, headers={"origin": "http://evil.example"}).status_code == 403
    assert ask(Access(), **post, headers={"origin": "null"}).status_code == 403
    ours = {"origin": "http://127.0.0.1:7860"}
    assert ask(Access(), **post, headers=ours, json={}).status_code == 200


def test_a_password_is_asked_for_and_only_the_right_one_taken() -> None:
    allowed = Access("ann", "secret", "")
    refused = ask(allowed, host="news.example")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    for wrong in ("ann:", "ann:Secret", "bob:secret", "secret", "ann:secret ", "ann:secret:x"):
        assert ask(allowed, headers=basic(wrong)).status_code == 401
    assert ask(allowed, headers={"authorization": "Basic !!!"}).status_code == 401
    assert ask(allowed, headers={"authorization": "Bearer secret"}).status_code == 401
    assert ask(allowed, host="news.example", headers=basic("ann:secret")).status_code == 200


def test_a_token_in_the_address_becomes_a_cookie() -> None:
    allowed = Access(token="a-long-token")
    assert ask(allowed).status_code == 401
    assert ask(allowed, path="/?token=a-long-tokeN").status_code == 401
    first = ask(allowed, path="/?token=a-long-token&chat=1")
    assert first.status_code == 303
    assert first.headers["location"] == "/?chat=1"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert ask(allowed, headers={"cookie": cookie.split(";")[0]}).status_code == 200
    assert ask(allowed, headers={"authorization": "Bearer a-long-token"}).status_code == 200
    post = {"method": "POST", "path": "/gradio_api/queue/join"}
    assert ask(allowed, **{**post, "path": post["path"] + "?token=a-long-token"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://evil.example",
        "/gradio_api/stream/x/y/z/playlist.m3u8",
        "/gradio_api/api/predict",
        "/gradio_api/call/ask",
        "/gradio_api/run/predict",
        "/gradio_api/info",
        "/gradio_api/deep_link",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/gradio_api/custom_component/1/client/component/x",
        "/monitoring",
        "/docs",
        "/openapi.json",
        "/login",
        "/nothing",
    ],
)
def test_routes_that_the_page_does_not_need_are_not_there(path: str) -> None:
    assert ask(Access(), path=path).status_code == 404


def test_a_body_is_bounded_even_if_it_does_not_say_its_size() -> None:
    post: dict[str, Any] = {"method": "POST", "path": "/gradio_api/upload"}
    assert ask(Access(), **post, content=b"0" * 1001).status_code == 413

    async def parts() -> Any:
        for _ in range(50):
            yield b"0" * 100

    assert int(ask(Access(), **post, content=parts()).text) <= 1000


def test_an_upload_that_is_broken_off_is_no_fault(served: Served) -> None:
    """A regression: each wrote 95 lines of a traceback into the log."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "ui.page.serving.guard")]
    loggers[1].setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    port = int(served.url.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: "
            "multipart/form-data; boundary=cut\r\nContent-Length: 90000\r\n\r\n--cut\r\n"
            'Content-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhalf'.encode()
        )
    until(lambda: bool(said))
    for logger in loggers:
        logger.removeHandler(handler)
    loggers[1].setLevel(logging.NOTSET)
    assert said == ["what came to /gradio_api/upload was broken off"]


def test_the_page_may_load_and_send_nothing_elsewhere() -> None:
    policy = ask(Access()).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for kind in ("default-src", "connect-src", "img-src", "font-src", "form-action", "base-uri"):
        assert not [s for s in rules[kind].split() if s not in ("'self'", "data:", "blob:")]
    assert rules["frame-ancestors"] == "'none'"


# ---- wrong passwords ----


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def wrong(tries: Tries, address: str, count: int) -> None:
    for n in range(count):
        tries.wrong(address, f"{address} {n} {tries._clock()}".encode())


def test_an_address_waits_longer_with_every_wrong_password_but_not_for_ever() -> None:
    clock = Clock()
    tries = Tries(clock)
    waits = []
    for n in range(14):
        tries.wrong("10.0.0.1", b"%d" % n)
        waits.append(tries.wait("10.0.0.1"))
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert tries.wait("10.0.0.2") == 0
    clock.now += 59.5
    assert tries.wait("10.0.0.1") == 0.5
    clock.now += 4000
    tries.wrong("10.0.0.1", b"again")
    assert tries.wait("10.0.0.1") == 0


def test_the_same_wrong_password_again_is_no_further_try() -> None:
    tries = Tries(Clock())
    for _ in range(200):
        tries.wrong("10.0.0.1", b"an old cookie")
    assert tries.wait("10.0.0.1") == 0


def test_many_addresses_together_wait_but_not_one_that_was_right() -> None:
    clock = Clock()
    tries = Tries(clock)
    tries.right("10.9.9.9")
    for n in range(AT_ONCE):
        wrong(tries, f"10.0.1.{n}", 1)
    assert tries.wait("10.0.2.1") == 1
    assert tries.wait("10.9.9.9") == 0
    clock.now += 61
    wrong(tries, "10.0.2.1", 1)
    assert tries.wait("10.0.2.2") == 0


def test_a_network_of_ipv6_is_one_address_and_memory_is_bounded() -> None:
    tries = Tries(Clock())
    for n in range(8):
        wrong(tries, f"2001:db8::{n:x}", 1)
    assert tries.wait("2001:db8::ffff") > 0
    assert tries.wait("2001:db8:0:1::1") == 0
    for n in range(ADDRESSES + 50):
        tries.wait(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(tries._addresses) == ADDRESSES


def test_guessing_is_slowed_down_and_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A regression: a thousand a second were answered, and nobody was told."""
    clock = Clock()
    guard = Guard(_page, Access("ann", "secret"), UPLOADS, tries=Tries(clock))  # type: ignore[arg-type]

    async def guess(count: int) -> list[int]:
        transport = httpx.ASGITransport(app=guard, client=("10.0.0.1", 5))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://news") as client:
            said = [await client.get("/", headers=basic(f"ann:{n}")) for n in range(count)]
            right = await client.get("/", headers=basic("ann:secret"))
            nothing = await client.get("/")
        assert all("retry-after" in each.headers for each in said if each.status_code == 429)
        return [*(each.status_code for each in said), right.status_code, nothing.status_code]

    codes = asyncio.run(guess(1000))
    assert codes == [401] * 5 + [429] * 995 + [429, 401]
    assert len(caplog.records) == 5
    assert "10.0.0.1" in caplog.text
    assert "secret" not in caplog.text
    clock.now += 2
    assert asyncio.run(guess(0)) == [200, 401]


def test_what_is_sent_leaves_at_once() -> None:
    """A regression: every reply waited 40 ms for the browser to acknowledge its first piece."""
    listening = listen("127.0.0.1", 0)
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.proto == socket.IPPROTO_TCP  # without it asyncio leaves it alone


def test_a_window_is_away_when_its_last_stream_has_ended() -> None:
    clock = Clock()
    listeners = Listeners(clock)
    assert listeners.away("w") == float("inf")
    with listeners.listening("w"):
        with listeners.listening("w"):
            pass
        clock.now += 50
        assert listeners.away("w") == 0
    clock.now += 3
    assert listeners.away("w") == 3
    with listeners.listening("w"):
        assert listeners.away("w") == 0


# ---- the framework's own routes, with the real application ----


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(FakeBackend(), tmp_path_factory.mktemp("page")) as page:
        yield page


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file={secret}",
        "gradio_api/file%3D{secret}",
        "gradio_api/../gradio_api/file={secret}",
        "static/../../../../../../../../{secret}",
        "static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/{secret}",
        "assets/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f{secret}",
        "assets/....//....//....//{secret}",
        "svelte/..%2f..%2f..%2f..%2f..%2f..%2f{secret}",
        "static//{secret}",
        "assets/%00{secret}",
        "gradio_api/upload_progress/..%2f..{secret}",
    ],
)
def test_no_file_of_this_machine_can_be_read(served: Served, path: str) -> None:
    for secret in (served.folder / "conversations.sqlite", served.folder / "uploads" / "in.txt"):
        secret.parent.mkdir(exist_ok=True)
        if not secret.exists():
            secret.write_text("SECRET")
        port = int(served.url.rsplit(":", 1)[1].strip("/"))
        status, body = raw_get(port, "/" + path.format(secret=secret))
        assert status in (400, 403, 404, 405, 422), body[:200]
        assert b"SECRET" not in body
        assert b"SQLite" not in body


def raw_get(port: int, path: str) -> tuple[int, bytes]:
    """Without a client that would tidy the path."""

    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    return int(data.split(b" ", 2)[1]), data


def test_an_upload_lands_in_the_staging_folder_under_any_name(served: Served) -> None:
    for name in ("../../../evil.txt", "/etc/evil.txt", "..\\evil.txt"):
        sent = httpx.post(
            served.url + "gradio_api/upload", files={"files": (name, b"evil")}, timeout=20
        )
        if sent.status_code == 200:
            [place] = sent.json()
            assert place.startswith(str(served.folder / "uploads" / ".incoming"))
    assert not list(served.folder.parent.glob("evil*"))
    assert not list(served.folder.glob("*evil*"))


def test_an_upload_that_is_too_large_is_refused(served: Served) -> None:
    sent = httpx.post(
        served.url + "gradio_api/upload", files={"files": ("a.txt", b"0" * 1_100_000)}, timeout=20
    )
    assert sent.status_code == 413
    assert sent.text == "That is more than 1 MB at once; send it in parts."


def test_uploads_that_nobody_adds_do_not_fill_the_disk(tmp_path: Path) -> None:
    with serve(FakeBackend(), tmp_path) as served:
        sent = [
            httpx.post(
                served.url + "gradio_api/upload",
                files={"files": (f"{i}.txt", bytes([48 + i]) * 900_000)},
                timeout=20,
            )
            for i in range(3)
        ]
    assert [s.status_code for s in sent] == [200, 200, 413]
    assert "waiting to be added" in sent[2].text


def test_a_file_that_was_not_uploaded_can_not_be_added(served: Served) -> None:
    """The page sends paths back; one that it makes up is refused, and nothing is read."""
    secret = served.folder / "secret.txt"
    secret.write_text("A secret title\n\nSECRET")
    config = httpx.get(served.url + "config", timeout=20).json()
    added = next(
        d
        for d in config["dependencies"]
        if d["targets"]
        and len(d["inputs"]) == 2
        and config_label(config, d["inputs"][0]) == "Files"
    )
    file = {"path": str(secret), "meta": {"_type": "gradio.FileData"}, "orig_name": "secret.txt"}
    joined = httpx.post(
        served.url + "gradio_api/queue/join",
        json={"data": [[file], ""], "fn_index": added["id"], "session_hash": "abcdef"},
        timeout=20,
    )
    assert joined.status_code == 400
    assert all("secret" not in a.title for a in served.backend.articles())


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "http://10.0.0.1/", "/library/uploads/.incoming/../../x", "x", 7, None, {}],
)
def test_an_event_may_name_only_files_that_were_uploaded(path: object) -> None:
    post: dict[str, Any] = {"method": "POST", "path": "/gradio_api/queue/join"}
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for data in ([file], [[file]], [{"deep": [{"er": file}]}], ["text", 1, None, file]):
        assert ask(Access(), **post, json={"data": data}).status_code == 400
    fine = {"path": "/library/uploads/.incoming/ab/x.txt", "meta": {"_type": "gradio.FileData"}}
    assert ask(Access(), **post, json={"data": [[fine]]}).status_code == 200
    assert ask(Access(), **post, content=b"not json").status_code == 400


def config_label(config: dict[str, Any], component: int) -> str:
    found = next(c for c in config["components"] if c["id"] == component)
    return str(found["props"].get("label"))
