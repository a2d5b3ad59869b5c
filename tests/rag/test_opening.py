"""What was opened is closed where something beside it can't be."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from index.errors import LibraryMissing
from index.library import Library
from rag import opening
from rag.errors import ModelError
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, FakeGenerator

LONG = 30


class Watched(FakeGenerator):
    """Says when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed_now = threading.Event()

    def close(self) -> None:
        super().close()
        self.closed_now.set()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    Library.open(tmp_path / "library", FakeEncoder(), create=True).close()
    return tmp_path / "library"


def test_a_model_that_was_loaded_beside_a_failing_encoder_is_closed(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gigabyte that nobody could close any more."""
    generator = Watched()

    def broken() -> FakeEncoder:
        raise ModelError("The encoder is damaged.")

    monkeypatch.setattr(opening, "open_reader", lambda model: LocalReader(generator, TrainedForm()))
    monkeypatch.setattr(opening, "open_encoder", broken)
    with pytest.raises(ModelError, match="encoder is damaged"):
        opening.open_parts(library)
    assert generator.closed_now.wait(LONG)


def test_a_model_that_could_not_be_loaded_either_is_no_second_error(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_reader(model: str | None) -> LocalReader:
        raise ModelError("The generator is damaged.")

    def no_encoder() -> FakeEncoder:
        raise ModelError("The encoder is damaged.")

    monkeypatch.setattr(opening, "open_reader", no_reader)
    monkeypatch.setattr(opening, "open_encoder", no_encoder)
    with pytest.raises(ModelError, match="encoder is damaged"):
        opening.open_parts(library)


def test_a_library_that_was_opened_beside_a_failing_model_is_closed(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Library] = []
    open_library = Library.open

    def kept(*arguments: object, **options: object) -> Library:
        opened.append(open_library(*arguments, **options))  # type: ignore[arg-type]
        return opened[-1]

    def no_reader(model: str | None) -> LocalReader:
        raise ModelError("The generator is damaged.")

    monkeypatch.setattr(Library, "open", kept)
    monkeypatch.setattr(opening, "open_reader", no_reader)
    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    with pytest.raises(ModelError, match="generator is damaged"):
        opening.open_parts(library)
    assert opened
    assert all(each._store._closed for each in opened)


def test_no_model_is_begun_where_there_is_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str | None] = []
    monkeypatch.setattr(opening, "open_reader", begun.append)
    with pytest.raises(LibraryMissing):
        opening.open_parts(tmp_path / "nothing")
    assert begun == []
