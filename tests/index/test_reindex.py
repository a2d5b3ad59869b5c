"""Another encoder for a library: nothing changes until all is there; what is cut off goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import reindex
from index.encoding.encoder import Kind, Prefixes
from index.errors import EncoderMismatch
from index.library import Library
from index.splitting.search_text import search_texts
from tests.fakes import FakeEncoder
from tests.index.samples import article

OTHER = Prefixes("passage: ", "query: ")


class CutOff(Exception):
    pass


class Failing(FakeEncoder):
    """Is cut off after so many calls for passages."""

    def __init__(self, calls: int) -> None:
        super().__init__("other", 32, OTHER)
        self.calls = calls

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        self.calls -= kind == "passage"
        if self.calls < 0:
            raise CutOff
        return super().encode(texts, kind)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "BATCH", 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    with Library.open(folder, FakeEncoder(), create=True) as opened:
        for n in range(12):
            opened.put(article(n, paragraphs=30))
        yield opened


def as_it_should_be(library: Library, encoder: FakeEncoder) -> None:
    """Every vector is the encoder's, of the text that stands there now."""
    assert library.check().problems == []
    for one in library.articles():
        passages = library.passages(one.id)
        expected = encoder.encode(search_texts(one, passages, encoder.fits))
        assert library._vectors(one.id) == pytest.approx(expected, abs=1e-3)


def test_what_was_cut_off_goes_on_and_until_then_all_is_as_it_was(
    folder: Path, library: Library
) -> None:
    total = library.status().passages
    before = library.search("report 7 on grain", 10)
    first, second = Failing(3), Failing(10**6)
    with Library.open(folder) as plain, pytest.raises(CutOff):
        plain.reindex(first)
    assert library.status().encoder == "fake-encoder"
    assert library.search("report 7 on grain", 10) == before
    assert library.check().problems == []
    told: list[tuple[int, int]] = []
    with Library.open(folder) as plain:
        plain.reindex(second, lambda done, of: told.append((done, of)))
    assert told[0][0] > len(first.encoded) >= 2 * 8  # goes on from there
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert not set(first.encoded) & set(second.encoded)
    assert len(first.encoded) + len(second.encoded) == total
    assert not (folder / reindex.FILE).exists()
    with pytest.raises(EncoderMismatch):
        library.search("report")
    with Library.open(folder, FakeEncoder("other", 32, OTHER)) as again:
        as_it_should_be(again, FakeEncoder("other", 32, OTHER))
        assert again.search("report 7 on grain", 1)[0].article.id == before[0].article.id


def test_others_search_and_write_meanwhile(folder: Path, library: Library) -> None:
    """What they add, change and remove is as it should be in the end."""
    steps = iter(
        [
            lambda: library.put(article(40, paragraphs=30)),
            lambda: library.remove(["id0000", "id0011"]),
            lambda: library.edit("id0003", title="Another title of it"),
            lambda: library.put(article(5, paragraphs=3)),
        ]
    )

    def meanwhile(done: int, total: int) -> None:
        if (step := next(steps, None)) is not None:
            assert library.search("report 7", 3)
            step()

    other = FakeEncoder("other", 32)
    with Library.open(folder) as plain:
        plain.reindex(other, meanwhile)
    assert next(steps, None) is None
    with Library.open(folder, other) as again:
        assert {a.id for a in again.articles()} == {
            *(f"id{n:04d}" for n in range(1, 11)), "id0040"
        }  # fmt: skip
        as_it_should_be(again, other)


@pytest.mark.parametrize("waits", ["of another encoder", "no database", "an empty file"])
def test_what_waits_of_something_else_is_thrown_away(
    folder: Path, library: Library, waits: str
) -> None:
    file = folder / reindex.FILE
    if waits == "of another encoder":
        with Library.open(folder) as plain, pytest.raises(CutOff):
            plain.reindex(Failing(2))
        assert file.stat().st_size
    else:
        file.write_bytes(b"nothing of ours" * 300 if waits == "no database" else b"")
    third = FakeEncoder("third", 32)
    with Library.open(folder) as plain:
        plain.reindex(third)
        as_it_should_be(plain, third)
    assert len(third.encoded) >= library_size(folder)
    assert not file.exists()


def test_a_second_reindexing_to_the_same_encoder_encodes_all(
    folder: Path, library: Library
) -> None:
    """What an earlier one left would be of another library."""
    other = FakeEncoder("other", 32)
    for _ in range(2):
        other.encoded.clear()
        library.reindex(other)
        assert len(other.encoded) == library_size(folder)


def library_size(folder: Path) -> int:
    with Library.open(folder) as plain:
        return plain.status().passages


def test_a_library_keeps_the_prefixes_and_the_encoder_puts_them_before(folder: Path) -> None:
    encoder = FakeEncoder(prefixes=OTHER)
    with Library.open(folder, encoder, create=True) as library:
        library.put(article(1))
        library.search("grain")
        assert all(text.startswith("passage: ") for text in encoder.encoded[:-1])
        assert encoder.encoded[-1] == "query: grain"
    db = sqlite3.connect(folder / "library.sqlite")
    meta = dict(db.execute("SELECT name, value FROM meta"))
    db.close()
    assert meta["passage_prefix"] == "passage: "
    assert meta["query_prefix"] == "query: "
    with pytest.raises(EncoderMismatch, match=r"'passage: ' before each passage.*reindex"):
        Library.open(folder, FakeEncoder())
    with Library.open(folder, FakeEncoder(prefixes=Prefixes("passage: ", "q: "))) as library:
        assert library.search("grain")  # another query's prefix changes no vector
    with Library.open(folder) as library:
        assert library.built_with == "fake-encoder"
        library.reindex(FakeEncoder())
    with Library.open(folder, FakeEncoder()) as library:
        as_it_should_be(library, FakeEncoder())
