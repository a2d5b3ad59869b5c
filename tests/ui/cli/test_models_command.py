"""`dateline models` over a models.txt of the test's own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ui.cli.app import app

DATA = b"weights" * 1000


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the model `one` is brought from."""
    source = tmp_path / "one.gguf"
    source.write_bytes(DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    (tmp_path / "models.txt").write_text(
        "".join(
            f"name: {name}\nrole: {role}\nlicence: MIT\n"
            f"file: w.gguf {len(DATA)} {digest}\nsource: path {source}\n\n"
            for name, role in (("one", "generator"), ("two", "encoder"), ("three", "generator"))
        )
    )
    monkeypatch.setenv("DATELINE_MODELS_TXT", str(tmp_path / "models.txt"))
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))
    return source


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def states() -> dict[str, str]:
    rows = [line.split("\t") for line in run("list").stdout.splitlines()]
    return {row[0]: row[4] for row in rows}


def test_without_a_word_the_models_are_listed(source: Path) -> None:
    assert run().stdout == run("list").stdout
    assert run().stdout.splitlines()[0].split("\t") == [
        "one",
        "generator",
        "7 kB",
        "MIT",
        "not here",
    ]


def test_pull_without_a_name_takes_the_first_of_each_role(source: Path) -> None:
    result = run("pull")
    assert result.exit_code == 0
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == ["two", "one"]
    assert states() == {"one": "ready", "two": "ready", "three": "not here"}


def test_pull_from_a_file(source: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "stick.gguf"
    source.rename(elsewhere)
    refused = run("pull", "three")
    assert refused.exit_code == 4
    assert "--from" in refused.stderr
    assert run("pull", "three", "--from", elsewhere).exit_code == 0


def test_verify_names_every_damaged_model_and_ends_with_4(source: Path, tmp_path: Path) -> None:
    run("pull", "one", "two", "three")
    assert run("verify").exit_code == 0
    for name in ("one", "three"):
        (tmp_path / "models" / name / "w.gguf").write_bytes(b"x" + DATA[1:])
    result = run("verify")
    assert result.exit_code == 4
    assert result.stdout == "two: as models.txt says\n"
    damaged = [line for line in result.stderr.splitlines() if "is not what models.txt" in line]
    assert ["model one" in damaged[0], "model three" in damaged[1], len(damaged)] == [True, True, 2]
    assert run("pull", "one").exit_code == 0
    assert run("verify", "one").exit_code == 0


@pytest.mark.parametrize("arguments", [["pull", "nix"], ["verify", "nix"], ["verify"]])
def test_unknown_and_missing_models_are_4(source: Path, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 4
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
