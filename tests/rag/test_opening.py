"""What was opened is closed where something beside it can't be."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from index.article import Article
from index.encoding.encoder import Prefixes
from index.errors import EncoderMismatch, LibraryMissing, UsageError
from index.library import Library
from rag import opening
from rag.errors import ModelError
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, FakeGenerator
from tests.index import small_bert

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


@pytest.fixture
def two_encoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A models.txt of two tiny encoders, both on this machine."""
    stanzas = []
    for seed, name in enumerate(("one", "two")):
        folder = tmp_path / "models" / name
        small_bert.write(folder, seed)
        files = [
            f"file: {p.relative_to(folder).as_posix()} {p.stat().st_size} "
            f"{hashlib.sha256(p.read_bytes()).hexdigest()}"
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        ]
        prefix = ['query: "a "', 'passage: "b "'] if name == "two" else []
        stanzas.append(
            "\n".join([f"name: {name}", "role: encoder", "licence: MIT", *files, *prefix])
        )
    stanzas.append("name: writer\nrole: generator\nlicence: MIT\nfile: w.gguf 1 " + "0" * 64)
    (tmp_path / "models.txt").write_text("\n\n".join(stanzas))
    monkeypatch.setenv("DATELINE_MODELS_TXT", str(tmp_path / "models.txt"))
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))


@pytest.mark.usefixtures("two_encoders")
def test_a_library_is_opened_with_the_encoder_that_it_was_built_with(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    assert opening.encoder_at(folder).name == "one"  # none there yet: the default
    with Library.open(folder, opening.open_encoder(), create=True) as library:
        library.put(Article("x", "A title", "Bad."))
    with Library.open(folder) as library:
        library.reindex(opening.open_encoder("TWO"))
        assert library.status().encoder == "two"
    encoder = opening.encoder_at(folder)
    assert (encoder.name, encoder.prefixes) == ("two", Prefixes(passage="b ", query="a "))
    with Library.open(folder, encoder) as library:
        assert [hit.article.id for hit in library.search("bad")] == ["x"]
    with pytest.raises(
        EncoderMismatch, match=r"'two' .* and needs it, not 'one'.* --encoder 'one'"
    ):
        Library.open(folder, opening.open_encoder())
    with pytest.raises(UsageError, match=r"'writer' is no encoder but a generator; .* one, two"):
        opening.open_encoder("writer")
    (tmp_path / "models" / "two" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="models pull two"):
        opening.encoder_at(folder)
