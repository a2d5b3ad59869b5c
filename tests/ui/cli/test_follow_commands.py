"""Following from the command line: what it says, lists, counts and shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag import opening
from tests.fakes import FakeEncoder
from tests.index.following.test_refresh import BRIDGE, SNOW
from ui.cli.app import app

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setenv("DATELINE_LIBRARY", str(tmp_path / "library"))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


def test_an_article_that_was_never_corrected_has_no_difference(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text("\n\n".join(BRIDGE))
    run("add", tmp_path / "bridge.txt")
    id = json.loads(run("list", "--json").stdout)[0]["article_id"]
    shown = run("show", id, "--diff")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "never corrected" in shown.stderr


def test_a_folder_from_following_to_its_difference(run: Run, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "bridge.txt").write_text("\n\n".join(BRIDGE))
    (papers / "snow.txt").write_text("\n\n".join(SNOW))
    followed = run("follow", papers)
    assert followed.exit_code == 0, followed.output
    assert f"follows {papers}" in followed.stderr
    first = run("refresh")
    assert (first.exit_code, first.stderr) == (0, "2 added\n")

    (papers / "bridge.txt").write_text("\n\n".join([*BRIDGE[:2], "It was all different."]))
    (papers / "snow.txt").unlink()
    again = json.loads(run("refresh", "--json").stdout)
    assert again["counts"] == {"updated": 1, "gone": 1}
    id = next(o["article"]["article_id"] for o in again["outcomes"] if o["status"] == "updated")
    shown = run("show", id, "--diff").stdout.splitlines()
    assert shown[0].startswith("Until ")
    whole = " ".join(shown)
    assert "[-The mayor, who had been" in whole
    assert "{+It was all different+}." in whole
    assert BRIDGE[0] not in whole  # what is as it was isn't shown
    assert len(run("show", id, "--versions").stdout.splitlines()) == 2
    assert [v["title"] for v in json.loads(run("show", id, "--json").stdout)["versions"]]
    assert "gone since" in run("list").stdout
    (row,) = json.loads(run("follow", "--list", "--json").stdout)
    assert (row["target"], row["items"], row["waiting"], row["gone"]) == (str(papers), 2, 0, 1)
    assert run("refresh", "--remove-gone").stderr == "1 unchanged, 1 removed\n"
    assert "gone since" not in run("list").stdout

    papers.rename(tmp_path / "away")
    failed = run("refresh")
    assert failed.exit_code == 1
    assert "its articles stay as they are" in failed.stdout
    assert run("unfollow", papers).exit_code == 0
    assert run("refresh").exit_code == 2


@pytest.mark.parametrize("wrong", ["15", "30s", "", "m", "-5m"])
def test_how_often_is_told_in_minutes_and_more(run: Run, wrong: str) -> None:
    told = run("refresh", f"--every={wrong}")
    assert told.exit_code == 2
    assert told.exception is None or isinstance(told.exception, SystemExit)


def test_all_that_is_named_is_followed_or_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    done = run("follow", tmp_path / "papers", tmp_path / "none")
    assert done.exit_code == 2
    assert "none" in done.stderr
    assert run("follow", "--list").exit_code == 3
