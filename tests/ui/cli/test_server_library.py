"""The commands over a library on a PostgreSQL server, with stand-ins for the two models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from index.encoding.encoder import Encoder
from index.library import Library
from index.storing.places import Place, folder_of
from rag import opening
from rag.assistant import Assistant
from rag.generating.reader import LocalReader
from rag.service import Service
from tests.fakes import FakeEncoder, fake_reader
from tests.postgres import Cluster
from ui.api.serving import opened
from ui.api.shelves import name_of, named_libraries
from ui.cli.app import app

Run = Callable[..., Result]


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgres: Cluster) -> str:
    """With a password, which the server doesn't ask for and nobody may see."""
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DATELINE_LIBRARY", str(tmp_path / "none"))
    return postgres.database().replace("dateline@", "dateline:geheim@")


def stand_ins(
    place: Place | None = None, model: str | None = None
) -> tuple[Library, LocalReader, Encoder]:
    encoder = FakeEncoder()
    return Library.open(place or opening.default_library(), encoder), fake_reader(), encoder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, url: str) -> Run:
    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setattr(opening, "open_parts", stand_ins)

    def invoke(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == code, done.output
        assert "geheim" not in done.output
        return done

    return invoke


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "trade.txt").write_text(
        "Trade at a record\n\nTrade between the two countries was worth 240 billion dollars.\n"
    )
    (folder / "bridge.txt").write_text(
        "The harbour bridge\n\nThe harbour bridge opened on Saturday, and ships pass below it.\n"
    )
    return folder


def test_every_command_takes_a_server_s_address(
    run: Run, url: str, papers: Path, tmp_path: Path
) -> None:
    missing = run("--library", url, "list", code=3)
    assert "There is no library at 'postgresql://dateline@/" in missing.stderr
    assert run("--library", url, "add", papers, "--source", "Herald").stdout.count("added") == 2
    again = run("add", papers, "--source", "Herald", "--library", url)
    assert again.stdout.count("unchanged") == 2
    listed = json.loads(run("--library", url, "list", "--json").stdout)
    ids = {one["title"]: one["article_id"] for one in listed}
    assert len(ids) == 2
    bridge, trade = ids["The harbour bridge"], ids["Trade at a record"]
    assert "opened on Saturday" in run("--library", url, "show", bridge).stdout
    hits = json.loads(run("--library", url, "search", "harbour ships", "--json").stdout)
    assert hits[0]["passage_id"].startswith(bridge)
    answer = json.loads(run("--library", url, "ask", "How much was trade worth?", "--json").stdout)
    assert "240 billion" in answer["text"]
    assert "everything is as it was written" in run("--library", url, "check").stdout
    status = run("--library", url, "status", code=4)  # the models are missing
    assert "postgresql://dateline@/" in status.stdout
    run("--library", url, "edit", trade, "--source", "Courier", "--title", "Trade grows")
    run("--library", url, "reindex")
    run("--library", url, "follow", papers)
    assert str(papers) in run("--library", url, "follow", "--list").stdout
    run("--library", url, "refresh")
    run("--library", url, "unfollow", papers)
    file, folder = tmp_path / "all.dateline", tmp_path / "folder"
    assert "exported 2 articles" in run("--library", url, "export", file).stdout
    moved = run("migrate", url, folder)
    assert "moved: 2 articles" in moved.stdout
    assert "already there" in run("migrate", url, folder).stdout
    assert "already" in run("--library", url, "import", file, code=2).stderr
    run("--library", folder, "remove", trade)
    assert "something else" in run("migrate", folder, url, code=2).stderr
    assert f"removed {bridge}" in run("--library", url, "remove", bridge).stdout
    assert len(json.loads(run("--library", url, "list", "--json").stdout)) == 1


def test_the_environment_and_the_configuration_name_a_server(
    run: Run, url: str, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_LIBRARY", url)
    run("add", papers)
    assert len(json.loads(run("list", "--json").stdout)) == 2
    with Assistant.open() as assistant:
        assert len(assistant.library) == 2
        assert "240 billion" in assistant.ask("How much was trade worth?").text
    monkeypatch.delenv("DATELINE_LIBRARY")
    plain = url.replace(":geheim", "")
    assert "~/.pgpass" in run("config", "set", "library", url, code=2).stderr
    run("config", "set", "library", plain)
    assert plain in run("config").stdout
    assert len(json.loads(run("list", "--json").stdout)) == 2


def test_the_api_serves_it_by_its_database_s_name(run: Run, url: str) -> None:
    service: Service = opened(url, None)  # made, where there is none
    try:
        assert name_of(service).startswith("library")
        assert service.assistant.library.path == folder_of(url)
        assert named_libraries([f"other={url}", "near=a/b"]) == {
            "other": url,
            "near": Path("a/b"),
        }
    finally:
        service.close()
