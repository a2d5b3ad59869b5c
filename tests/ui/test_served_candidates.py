"""Passages searched by a server, a real one of Milvus Lite in a process of its own: by commands,
the page and the API; counted, made anew, and said to be away when it is."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from index.errors import DatelineError
from index.library import Library
from index.storing.candidates import remote
from rag import Assistant, opening
from rag.events import Done
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader
from rag.service import Service
from tests.fakes import FakeEncoder, FakeGenerator
from tests.index.samples import article
from tests.ui.api.conftest import ARTICLES, ASKED, BRIDGE, served
from tests.ui.conftest import until
from ui.cli.app import app
from ui.page.local import LocalBackend
from ui.page.seam import Choices

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

_SERVER = """
import sys
from milvus_lite.adapter.grpc.server import run_server
run_server(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]))
"""


@dataclass
class Server:
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("DATELINE_CANDIDATES", "")  # (a command sets it: it is put back)
    monkeypatch.setattr("index.storing.candidates.milvus._SOON", 2.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = [sys.executable, "-c", _SERVER, str(tmp_path / "milvus"), str(port)]
    process = subprocess.Popen(given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens() -> bool:
        assert process.poll() is None
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    until(listens, 120)
    one = Server(f"http://127.0.0.1:{port}", process)
    yield one
    one.stop()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setenv("DATELINE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DATELINE_LIBRARY", str(tmp_path / "harbour"))
    return lambda *given: CliRunner().invoke(app, list(given))


def passages(library: Library) -> int:
    return library.status().passages


def test_counts_are_compared_and_what_is_amiss_is_made_anew(
    server: Server, run: Callable[..., Result], tmp_path: Path
) -> None:
    place = tmp_path / "harbour"
    with Library.open(place, FakeEncoder(), create=True, candidates=server.url) as library:
        for n in range(4):
            library.put(article(n))
    at = ("--candidates", server.url)
    fine = run("check", *at)
    assert fine.exit_code == 0, fine.output
    assert f"how many passages the candidates at '{server.url}' hold\n" in fine.stdout
    shown = " ".join(run("status", *at).stdout.split())
    assert re.search(rf"Candidates: Milvus at {server.url}: \d+ passages, up to date", shown)

    with Library.open(place) as library:  # without an encoder nobody tells the server
        library.remove(["id0001"])
    behind = run("check", *at)
    assert behind.exit_code == 0, behind.output
    assert "1 writes behind (the next search follows)" in behind.stdout
    assert "1 write behind; the next search" in " ".join(run("status", *at).stdout.split())

    with Library.open(place, FakeEncoder(), candidates=server.url) as library:
        library.search("report")
        with library.reading() as db:
            (lost,) = db.execute("SELECT max(n) FROM passages").fetchone()
            library._candidates._engine(db).remove([lost])  # type: ignore[attr-defined]
        expected = passages(library)
    wrong = run("check", *at)
    assert wrong.exit_code == 5
    assert f"are {expected - 1} passages, not {expected} as the library had" in wrong.stderr
    mended = run("check", "--repair", *at)
    assert mended.exit_code == 0, mended.output
    assert f"made anew: the candidates at '{server.url}'" in mended.stdout
    held = json.loads(run("status", "--json", *at).stdout)["candidates"]
    assert (held["passages"], held["problem"]) == (expected, "")


def test_commands_search_there_and_say_when_it_is_away(
    server: Server, run: Callable[..., Result], tmp_path: Path
) -> None:
    paper = tmp_path / "bridge.txt"
    paper.write_text(f"The bridge opens\n\n{BRIDGE}\n")
    assert run("add", str(paper), "--candidates", server.url).exit_code == 0
    asked = run("search", "harbour bridge", "--candidates", server.url)
    assert asked.exit_code == 0, asked.output
    assert BRIDGE in " ".join(asked.stdout.split())
    server.stop()
    for command in (("search", "harbour bridge"), ("check",), ("status",)):
        away = run("--candidates", server.url, *command)
        assert away.exit_code == 1, away.output
        assert away.stderr.count(f"The candidates at '{server.url}' can't be used") == 1
        assert "Traceback" not in away.output
    assert run("--candidates", server.url, "list").exit_code == 0


_SEARCHES = """
import sys
from index.errors import DatelineError
from index.library import Library
from index.storing.candidates import milvus
from tests.fakes import FakeEncoder
milvus._SOON = 2.0
with Library.open(sys.argv[1], FakeEncoder(), candidates=sys.argv[2]) as library:
    assert library.search("report")
    print("found", flush=True)
    sys.stdin.readline()
    try:
        library.search("report")
    except DatelineError as error:
        print(error)
"""


def test_one_that_goes_away_in_the_middle_is_one_sentence(server: Server, tmp_path: Path) -> None:
    place = tmp_path / "library"
    with Library.open(place, FakeEncoder(), create=True, candidates=server.url) as library:
        library.put(article(1))
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", _SEARCHES, str(place), server.url],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "found\n"
    server.stop()
    said, errors = process.communicate("\n")
    assert (process.returncode, errors) == (0, "")
    assert said.startswith(f"the candidates at '{server.url}' can't be used (")
    assert said.count("\n") == 1


def test_the_api_answers_from_there(server: Server, monkeypatch: pytest.MonkeyPatch,
                                    tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.setenv("DATELINE_CANDIDATES", server.url)
    question = {"model": "harbour", "messages": [{"role": "user", "content": ASKED}]}
    with served(tmp_path) as api:
        with api.library.writing():  # what it wrote is handed over
            pass
        made = httpx.post(api.v1 + "/chat/completions", json=question, timeout=60).json()
        assert made["choices"][0]["message"]["content"] == f"{BRIDGE} [1]"
        there = api.library.served()
        assert there is not None
        assert there.passages == passages(api.library)
        server.stop()
        away = httpx.post(api.v1 + "/chat/completions", json=question, timeout=60)
        assert away.status_code >= 500
        assert "can't be used" in away.json()["error"]["message"]


def test_the_page_answers_from_there(server: Server, monkeypatch: pytest.MonkeyPatch,
                                     tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.setenv("DATELINE_CANDIDATES", server.url)
    encoder = FakeEncoder()
    library = Library.open(tmp_path / "harbour", encoder, create=True)
    with library.writing():
        for one in ARTICLES:
            library.put(one)
    reader = LocalReader(FakeGenerator(), TrainedForm())
    with Service(Assistant(library, reader, reader, encoder)) as service:
        backend = LocalBackend(service)
        answers = [e for e in backend.stream(ASKED, [], None, Choices()) if isinstance(e, Done)]
        assert answers[0].answer.text == f"{BRIDGE} [1]"
        assert library.served() is not None
        server.stop()
        with pytest.raises(DatelineError, match="can't be used"):
            list(backend.stream(ASKED, [], None, Choices()))


def test_a_password_in_an_address_is_not_shown() -> None:
    assert remote.address("https://me:secret@milvus.example:19530/db") == (
        "https://milvus.example:19530/db"
    )
    assert remote.address("/tmp/milvus.db") == "/tmp/milvus.db"
