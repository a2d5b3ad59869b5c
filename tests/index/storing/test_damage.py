"""A library's files are damaged in every way: each is told, what can be is made anew, and what an
article said is never lost without a word."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import LibraryDamaged
from index.library import Library
from index.storing import mending, vectors
from index.storing.building import Limits
from index.storing.places import rows_at
from tests.fakes import FakeEncoder
from tests.index.samples import article

PAGE = 4096
PAGES = 16  # of the file that are tried, drawn with a seed


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen articles, one of them corrected; most of their vectors in a built form."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.storing.candidates.nearest.SAVED_FROM", 0)
        patch.setattr("index.storing.candidates.nearest.SAVED_SHARE", 0.0)
        limits = Limits(vectors=20, built="here")
        with Library.open(folder, FakeEncoder(), create=True, limits=limits) as library:
            with library.writing():
                for n in range(14):
                    library.put(article(n, paragraphs=8))
            library.put(replace(article(3, paragraphs=8), title="Corrected"))
    assert vectors.form(folder) is not None
    assert not (folder / "library.sqlite-wal").exists()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "library")
    return tmp_path / "library"


def said_of(folder: Path) -> list[object]:
    with Library.open(folder, FakeEncoder()) as library:
        return [(a, library.passages(a.id), library.versions(a.id)) for a in library.articles()]


def test_every_page_that_is_torn_is_told_and_mended_or_its_articles_named(
    whole: Path, tmp_path: Path
) -> None:
    before = said_of(whole)
    count = (whole / "library.sqlite").stat().st_size // PAGE
    refused = 0
    for page in random.Random(20240517).sample(range(1, count), PAGES):
        folder = tmp_path / f"page-{page}"
        shutil.copytree(whole, folder)
        with (folder / "library.sqlite").open("r+b") as file:
            file.seek(page * PAGE)
            file.write(random.Random(page).randbytes(PAGE))
        damaged = (folder / "library.sqlite").read_bytes()
        try:
            with Library.open(folder, FakeEncoder(), sample=False) as library:
                found = library.inspect()
                assert found.problems, page
                library.repair(found)
                left = library.inspect().problems
        except LibraryDamaged:  # what says how to read it is gone: a backup is needed
            assert (folder / "library.sqlite").read_bytes() == damaged
            refused += 1
            continue
        told = " ".join([*found.lost, *left])
        after = {entry[0].id: entry for entry in said_of(folder)}  # type: ignore[index]
        for entry in before:
            id = entry[0].id  # type: ignore[index]
            assert after.get(id) == entry or id in told or "neither text nor" in told, (page, id)
        assert left == [] or all("article" in line for line in left), page
        kept = list(folder.glob("library.damaged*.sqlite"))
        assert kept or not found.lost
    assert refused <= PAGES / 4


def test_one_flipped_byte_is_never_a_traceback_and_never_passes_for_what_was_written(
    whole: Path, tmp_path: Path
) -> None:
    chance = random.Random(7)
    before = said_of(whole)
    data = (whole / "library.sqlite").read_bytes()
    folder = tmp_path / "library"
    for _ in range(25):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        flipped = bytearray(data)
        flipped[chance.randrange(PAGE, len(data))] ^= 1 << chance.randrange(8)
        (folder / "library.sqlite").write_bytes(flipped)
        try:
            with Library.open(folder, FakeEncoder(), sample=False) as library:
                problems = library.inspect().problems
        except LibraryDamaged:
            continue
        if not problems:  # (a byte that nothing is in)
            assert said_of(folder) == before


def flip(path: Path, at: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.unlink()  # (what is mapped stays as it is)
    path.write_bytes(data)


def truncate(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def built_of(folder: Path) -> Path:
    return next(folder.glob("built.*.ivf"))


DERIVED = {
    "flat flipped": lambda folder: flip(folder / "index.faiss", 0.5),
    "flat cut off": lambda folder: truncate(folder / "index.faiss"),
    "flat gone": lambda folder: (folder / "index.faiss").unlink(),
    "lists flipped": lambda folder: flip(built_of(folder), 0.9),
    "lists cut off": lambda folder: truncate(built_of(folder)),
    "lists gone": lambda folder: built_of(folder).unlink(),
    "description gone": lambda folder: (folder / "built.json").unlink(),
    "description torn": lambda folder: (folder / "built.json").write_text('{"library":'),
}


@pytest.mark.parametrize("what", DERIVED)
def test_what_is_derived_is_told_and_made_anew(folder: Path, what: str) -> None:
    before = said_of(folder)
    DERIVED[what](folder)
    with Library.open(folder, FakeEncoder()) as library:
        found = library.inspect()
        assert found.nearest
        assert [line for line in found.problems if "nearest neighbours" in line] == found.problems
        assert library.repair(found) == ["the file of nearest neighbours"]
        assert library.check().problems == []
        hits = library.search("report", 1000, mode="dense")
        assert {hit.article.id for hit in hits} == {head.id for head in library.heads()}
    assert said_of(folder) == before


def test_a_file_of_another_state_is_told_and_no_damage(folder: Path) -> None:
    """So it is after a kill between encoding anew and the end."""
    with closing(sqlite3.connect(folder / "library.sqlite")) as db, db:
        db.execute("UPDATE writes SET token = 'another'")
    with Library.open(folder, FakeEncoder()) as library:
        found = library.check()
        assert any("of another state, and isn't used" in line for line in found.compared)
        hits = library.search("report", 1000, mode="dense")
        assert {hit.article.id for hit in hits} == {head.id for head in library.heads()}


def test_two_vectors_that_changed_places_are_told_and_encoded_anew(folder: Path) -> None:
    before = said_of(folder)
    for derived in [*folder.glob("built.*"), *folder.glob("index.*")]:
        derived.unlink()  # nothing but the seal tells
    with closing(sqlite3.connect(folder / "library.sqlite")) as db, db:
        (one,), (other,) = db.execute("SELECT vector FROM passages WHERE n IN (1, 4)").fetchall()
        db.execute("UPDATE passages SET vector = iif(n = 1, ?, ?) WHERE n IN (1, 4)", [other, one])
    with Library.open(folder, FakeEncoder()) as library:
        found = library.inspect()
        assert len(found.passages) == len(found.problems) > 0
        assert all("isn't what was stored" in line for line in found.problems)
        library.repair(found)
        assert library.check().problems == []
    assert said_of(folder) == before


@pytest.mark.parametrize("column", ["title", "source", "published", "authors", "url"])
def test_what_cannot_be_mended_from_the_rows_is_said_and_mended_by_adding(
    folder: Path, column: str
) -> None:
    value = '["Nobody"]' if column == "authors" else "2020-01-01"
    with closing(sqlite3.connect(folder / "library.sqlite")) as db, db:
        db.execute(f"UPDATE articles SET {column} = ? WHERE id = 'id0005'", [value])
    with Library.open(folder, FakeEncoder()) as library:
        found = library.inspect()
        assert found.heads == ["id0005"]
        library.repair(found)
        left = library.inspect()
        assert left.heads == ["id0005"]
        assert "again, or edit it" in left.problems[0]
        library.put(article(5, paragraphs=8))
        library.repair(library.inspect())  # (words of another title)
        assert library.check().problems == []


def test_a_text_that_is_no_text_any_more_is_told_and_can_be_added_again(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite")) as db, db:
        db.execute("UPDATE texts SET text = CAST(x'52fffe74' AS TEXT) WHERE article = 2")
    with Library.open(folder, FakeEncoder(), sample=False) as library:
        with pytest.raises(LibraryDamaged, match="UTF-8"):
            library.article("id0001")
        assert library.inspect().articles == ["id0001"]
        library.put(article(1, paragraphs=8))
        library.repair(library.inspect())
        assert library.check().problems == []
        assert library.article("id0001") == article(1, paragraphs=8)


def test_a_file_that_is_cut_off_is_said_and_left_as_it_is(folder: Path) -> None:
    data = (folder / "library.sqlite").read_bytes()
    (folder / "library.sqlite").write_bytes(data[: len(data) // PAGE * 3 // 4 * PAGE])
    with pytest.raises(LibraryDamaged, match="backup"):
        Library.open(folder, FakeEncoder(), sample=False)
    assert (folder / "library.sqlite").read_bytes() == data[: len(data) // PAGE * 3 // 4 * PAGE]


def test_a_file_of_which_nothing_can_be_read_says_so_and_stays(folder: Path) -> None:
    (folder / "library.sqlite").write_bytes(b"no library at all" * 1000)
    with pytest.raises(LibraryDamaged, match="backup"):
        Library.open(folder, FakeEncoder(), sample=False)
    assert (folder / "library.sqlite").read_bytes() == b"no library at all" * 1000


@pytest.mark.parametrize("pages", [1, 3, 8])
def test_what_is_before_a_missing_end_is_mended_or_named(folder: Path, pages: int) -> None:
    file = folder / "library.sqlite"
    with Library.open(folder, FakeEncoder()) as library:
        before = {a.id: a for a in library.articles()}
    whole = file.read_bytes()
    file.write_bytes(whole[: -pages * PAGE])
    with pytest.raises(LibraryDamaged):
        Library.open(folder, FakeEncoder())
    with closing(rows_at(folder)) as rows:
        mending.fill(rows)
    assert file.read_bytes() == whole[: -pages * PAGE] + bytes(pages * PAGE)
    with Library.open(folder, FakeEncoder(), sample=False) as library:
        found = library.inspect()
        assert library.repair(found)
        assert not library.inspect().problems
        after = {a.id: a for a in library.articles()}
    assert after.items() <= before.items()
    assert len(after) == len(before) or found.lost


def test_only_a_library_s_file_that_lacks_its_end_is_filled(folder: Path) -> None:
    file = folder / "library.sqlite"
    whole = file.read_bytes()
    for bytes_there in (whole, whole + b"more", whole[:60], b"", b"no database" * 20):
        file.write_bytes(bytes_there)
        with closing(rows_at(folder)) as rows:
            mending.fill(rows)
        assert file.read_bytes() == bytes_there
