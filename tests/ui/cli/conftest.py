"""A library and stand-ins for the models, for every test of the command line; see test_app."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of a person's own is read or written by a test."""
    monkeypatch.setenv("DATELINE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("DATELINE_CONVERSATIONS", str(tmp_path / "conversations"))
