"""What is followed is looked at while the page is served."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from index.following.following import follow
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.following.test_refresh import BRIDGE, SNOW
from tests.ui.conftest import until
from ui.page.serving.background import Background


def service(library: Library) -> Any:
    def quiet() -> AbstractContextManager[None]:
        return nullcontext()

    return SimpleNamespace(assistant=SimpleNamespace(library=library), quiet=quiet)


def test_a_followed_folder_comes_in_by_itself_and_as_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "bridge.txt").write_text("\n\n".join(BRIDGE))
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as library:
        follow(library, str(papers))
        background = Background(service(library), 3600.0)
        background.start()
        try:
            until(lambda: len(library) == 1, 60)
            (papers / "snow.txt").write_text("\n\n".join(SNOW))
            until(lambda: len(library) == 2, 60)
        finally:
            background.close()
        (papers / "snow.txt").unlink()
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_nothing_followed_is_nothing_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as library:
        background = Background(service(library), 3600.0)
        background.start()
        background.close()
        background.close()
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
