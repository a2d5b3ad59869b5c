"""The commands beside `dateline eval`: what a user can cause is one sentence and its own code."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from eval.command import run
from index.errors import UsageError


@pytest.mark.parametrize("name", ["cache_bounds", "calibration", "passages"])
def test_what_is_not_there_is_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "nothing")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, missing])
    monkeypatch.delitem(sys.modules, f"eval.fitting.{name}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"eval.fitting.{name}", run_name="__main__")
    assert ended.value.code == UsageError.exit_code
    said = capsys.readouterr().err
    assert missing in said
    assert said.count("\n") == 1


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def broken() -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        run(broken)
