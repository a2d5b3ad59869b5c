"""The command line with a writer on a server, and stand-ins for the models of this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from index.article import Article
from index.encoding.encoder import Encoder
from index.library import Library
from rag import opening
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, fake_reader
from tests.rag.generating.remote.openai_server import fails, says, serving
from ui.cli.app import app

HARBOUR = Article(
    "harbour",
    "Bridge opens",
    "The harbour bridge opened on Saturday.",
    "Coast Herald",
    date(2025, 4, 12),
)
ASKED = "When did the harbour bridge open?"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    place = tmp_path / "library"
    with Library.open(place, FakeEncoder(), create=True) as made:
        made.put(HARBOUR)

    def stand_ins(place: Path, model: str | None) -> tuple[Library, LocalReader, Encoder]:
        encoder = FakeEncoder()
        return Library.open(place, encoder), fake_reader(), encoder

    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setattr(opening, "open_parts", stand_ins)
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DATELINE_LIBRARY", str(place))
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"DATELINE_WRITER_{name}", raising=False)
    monkeypatch.delenv("DATELINE_NO_REMOTE", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_an_answer_by_a_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("The harbour bridge opened on **Saturday** [1].")) as server:
        given = ("--writer-url", server.url, "--writer-model", "big")
        answer = json.loads(run("ask", ASKED, "--json", *given).stdout)
        assert answer["text"] == "The harbour bridge opened on Saturday. [1]"
        assert answer["model"]["generator"] == "big"
        assert answer["model"]["host"] == server.host
        monkeypatch.setenv("DATELINE_WRITER_URL", server.url)
        monkeypatch.setenv("DATELINE_WRITER_MODEL", "bigger")
        answer = json.loads(run("ask", ASKED, "--json").stdout)
        assert answer["model"]["generator"] == "bigger"


def test_a_server_that_fails_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_WRITER_KEY", "sk-secret")
    with serving(fails(401, {"error": {"message": "bad key sk-secret"}})) as server:
        result = run("ask", ASKED, "--writer-url", server.url, "--writer-model", "big")
    assert result.exit_code == 4
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"The writer at {server.host} refuses the key")
    assert "sk-secret" not in result.output


def test_another_machine_is_forbidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_NO_REMOTE", "1")
    for command in (("ask", ASKED), ("chat", "--port", "0")):
        result = run(*command, "--writer-url", "https://api.example.org/v1", "--writer-model", "x")
        assert result.exit_code == 2
        assert "DATELINE_NO_REMOTE is set" in result.stderr


def test_a_model_of_no_server(run: Run) -> None:
    result = run("ask", ASKED, "--writer-model", "big")
    assert result.exit_code == 2
    assert "--writer-url" in result.stderr


def test_status_says_what_leaves(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing that is asked leaves" in " ".join(run("status").stdout.split())
    monkeypatch.setenv("DATELINE_WRITER_URL", "https://api.example.org/v1")
    said = " ".join(run("status").stdout.split())
    assert "Written at api.example.org: questions and passages leave this computer" in said
    monkeypatch.setenv("DATELINE_WRITER_URL", "nonsense")
    assert "write it as" in run("status").stderr
