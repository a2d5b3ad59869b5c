"""The configuration file, where an article is opened, JSON of every command, completion."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from index.article import Article
from index.errors import DatelineError, UsageError
from index.library import Library
from rag import opening
from tests.fakes import FakeEncoder
from ui.cli import asking, config, libraries, whereabouts
from ui.cli.app import app

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DATELINE_LIBRARY", raising=False)
    monkeypatch.delenv("DATELINE_MODEL", raising=False)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


def make(place: Path, *articles: Article) -> Path:
    with Library.open(place, FakeEncoder(), create=True) as opened:
        for article in articles:
            opened.put(article)
    return place


WEB = Article("web", "On the web", "Text.", "Courier", date(2024, 5, 1), url="https://a.example/x")


# --- config ---------------------------------------------------------------------------------------


def test_values_are_set_shown_and_unset(run: Run, tmp_path: Path) -> None:
    assert run("config", "--json").stdout.count("null") == len(config.VALUES)
    assert run("config", "set", "budget", "30").exit_code == 0
    assert run("config", "set", "show_withheld", "true").exit_code == 0
    assert run("config", "set", "library", tmp_path / "a “b”").exit_code == 0
    found = json.loads(run("config", "--json").stdout)
    assert found["budget"] == 30
    assert found["show_withheld"] is True
    assert found["library"] == str(tmp_path / "a “b”")
    assert "budget\t30\t" in run("config").stdout
    assert run("config", "unset", "budget").exit_code == 0
    assert json.loads(run("config", "show", "--json").stdout)["budget"] is None
    if os.name == "posix":
        assert stat.S_IMODE(config.place().stat().st_mode) == 0o600


def test_comments_of_the_file_stay() -> None:
    config.place().write_text("# mine\nbudget = 20 # enough\n")
    config.change("passages", "4")
    config.change("budget", "25")
    assert config.place().read_text() == "# mine\nbudget = 25 # enough\npassages = 4\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("colour", "red", "no value 'colour'"),
        ("budget", "many", "'budget' can't be 'many'"),
        ("budget", "0", "at least 1"),
        ("library", "", "'library' can't be ''"),
        ("library", "a\nb", "'library' can't be"),
        ("model", "gpt-9", "gpt-9"),
    ],
)
def test_what_can_not_be_a_value_is_refused(run: Run, name: str, value: str, said: str) -> None:
    result = run("config", "set", name, value)
    assert result.exit_code != 0
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not config.place().exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget = ", "can't be read"),
        ("colour = 1", "has 'colour'"),
        ("budget = 'x'", "which is a whole number"),
        ("budget = true", "which is a whole number"),
        ("model = 3", "which is a text"),
    ],
)
def test_a_file_that_is_wrong_is_named_and_not_written_over(run: Run, text: str, said: str) -> None:
    config.place().write_text(text)
    for arguments in (["config"], ["config", "set", "budget", "3"], ["list"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert said in result.stderr
        assert str(config.place()) in result.stderr
    assert config.place().read_text() == text


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.change("library", str(tmp_path / "file"))
    assert libraries.library_path(None) == tmp_path / "file"
    monkeypatch.setenv("DATELINE_LIBRARY", str(tmp_path / "environment"))
    assert libraries.library_path(None) == tmp_path / "environment"
    assert libraries.library_path(tmp_path / "line") == tmp_path / "line"


def test_models_and_settings_come_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    config.place().write_text("model = 'small'\nbudget = 30\npassages = 3\n")
    seen = {}

    class Opened:
        writer = judge = type("Writer", (), {"name": "x"})

        @classmethod
        def open(cls, library: Path, **given: object) -> Opened:
            seen.update(given)
            return cls()

    monkeypatch.setattr(asking, "Assistant", Opened)
    asking.opened(Path("x"), None, {"budget": "40"})
    assert seen["model"] == "small"
    settings = seen["settings"]
    assert (settings.budget, settings.passages) == (40, 3)  # type: ignore[attr-defined]
    asking.opened(Path("x"), "large")
    assert seen["model"] == "large"


# --- open -----------------------------------------------------------------------------------------


def named(url: str | None = None, path: str | None = None) -> Article:
    return Article("x", "Title", "Text.", url=url, path=path)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/x",
        "vbscript:x",
        "--help",
        "https:",
        "https:///etc/passwd",
        "app://run",
        "\x1b[2Jhttps",
    ],
)
def test_only_pages_of_the_web_and_files_are_opened(url: str) -> None:
    with pytest.raises(DatelineError) as raised:
        whereabouts.address(named(url))
    assert "\x1b" not in str(raised.value)


def test_a_page_is_opened_as_it_is() -> None:
    assert whereabouts.address(named("https://a.example/x?y=1")) == "https://a.example/x?y=1"
    assert whereabouts.address(named("HTTP://a.example/")) == "HTTP://a.example/"


def test_a_file_is_opened_where_it_is_one_that_is_read(tmp_path: Path) -> None:
    text, program = tmp_path / "a b.txt", tmp_path / "run.exe"
    text.write_text("x")
    program.write_text("x")
    assert whereabouts.address(named(path=str(text))) == text.as_uri()
    assert whereabouts.address(named(path=f"{text}#3")) == text.as_uri()
    assert whereabouts.address(named(text.as_uri())) == text.as_uri()
    for wrong in (str(program), str(tmp_path), str(tmp_path / "gone.txt"), None):
        with pytest.raises(DatelineError):
            whereabouts.address(named(path=wrong))
    with pytest.raises(DatelineError):
        whereabouts.address(named(program.as_uri()))


def test_open_says_where_and_starts_nothing_for_a_program(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(tmp_path / "library", WEB)
    started: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(started.append(address)))
    result = run("--library", place, "open", "web")
    assert (result.exit_code, result.stdout) == (0, "https://a.example/x\n")
    assert started == []  # standard output is no terminal
    said = json.loads(run("--library", place, "open", "web", "--json").stdout)
    assert said["id"] == "web"
    assert said["address"] == said["url"]
    assert run("--library", place, "open", "nope").exit_code == 1
    assert whereabouts.shown("https://a.example/x") is False
    assert started == ["https://a.example/x"]


# --- JSON -----------------------------------------------------------------------------------------


def test_every_command_with_output_has_json(run: Run, tmp_path: Path) -> None:
    place = make(tmp_path / "library", WEB)
    note = tmp_path / "note.txt"
    note.write_text("The harbour bridge was opened on Saturday, and the mayor held a speech there.")

    def read(*arguments: object) -> object:
        return json.loads(run("--library", place, *arguments, "--json").stdout)

    (added,) = read("add", note)  # type: ignore[misc]
    assert added["status"] == "added"
    assert added["article"]["path"] == str(note)
    shown = read("show", "web")
    assert shown["text"] == "Text."  # type: ignore[index,call-overload]
    assert read("edit", "web", "--source", "Herald")["source"] == "Herald"  # type: ignore[index,call-overload]
    status = read("status")
    assert status["library"]["articles"] == 2  # type: ignore[index,call-overload]
    assert {m["state"] for m in status["models"]["here"]} == {"missing"}  # type: ignore[index,call-overload]
    assert read("check")["problems"] == []  # type: ignore[index,call-overload]
    assert read("remove", "web") == {"removed": ["web"], "unknown": []}
    for arguments in (["models"], ["models", "list"], ["cache"], ["config"]):
        assert json.loads(run(*arguments, "--json").stdout)


# --- completion -----------------------------------------------------------------------------------


def completed(typed: str) -> list[str]:
    """What a shell would be offered after this."""
    out = subprocess.run(
        [sys.executable, "-c", "from ui.cli.app import main; main()"],
        env={
            **os.environ,
            "_DATELINE_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return out.split()


def test_a_shell_completes_commands_kinds_and_values() -> None:
    assert completed("dateline sea") == ["search"]
    assert completed("dateline ask --kind li") == ["list", "library"]
    assert completed("dateline config set bu") == ["budget"]


def test_what_a_config_refuses_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        config.change("nothing", "x")
