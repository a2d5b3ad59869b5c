"""A library that was restored, flipped, moved, made by another version, or can't be written."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from index.errors import DatelineError, EncoderMismatch, LibraryDamaged, UsageError
from index.following.following import follow
from index.following.refresh import refresh
from index.ingest import add
from index.library import Library
from index.retrieve import Retriever
from index.search import Filter
from index.storing import archive, building, faults, vectors
from index.storing.candidates.embedded import Embedded
from index.storing.health import Health
from index.storing.store import Store
from tests.fakes import FakeEncoder
from tests.index.reading.readers import READER
from tests.index.samples import article
from tests.index.test_ingest import report

OLD = Path(__file__).parent / "storing" / "old" / "layout-1.sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture(autouse=True)
def _saved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index's file is written after every change, however small."""
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_FROM", 0)
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_SHARE", 0.0)


def opened(folder: Path, **options: object) -> Library:
    return Library.open(folder, FakeEncoder(), create=True, **options)  # type: ignore[arg-type]


def filled(folder: Path, count: int = 6) -> None:
    with opened(folder) as library:
        for n in range(count):
            library.put(article(n))


def change(folder: Path, statement: str, *values: object) -> None:
    """As bytes that change on a disk: without the library's knowledge."""
    db = sqlite3.connect(folder / "library.sqlite")
    with db:
        db.execute(statement, values)
    db.close()


def cosines_are_of_their_passages(library: Library) -> bool:
    """Whether the dense search's own scores are those of the vectors in the rows."""
    hits = library.search("report on grain exports", 50, mode="dense")
    return bool(hits) and all(abs(hit.score - hit.dense) < 1e-6 for hit in hits)


# --- another history ----------------------------------------------------------------------------


@pytest.mark.parametrize("more", [0, 1, 5])
def test_a_restored_file_never_meets_vectors_of_another_history(folder: Path, more: int) -> None:
    filled(folder)
    backup = folder / "backup"
    shutil.copy(folder / "library.sqlite", backup)
    with opened(folder) as library:
        library.remove(["id0001", "id0003"])
        for n in range(10, 14):
            library.put(article(n))
    shutil.copy(backup, folder / "library.sqlite")
    with opened(folder) as library:
        for n in range(20, 20 + more):  # up to and beyond the file's generation
            library.put(article(n))
        assert cosines_are_of_their_passages(library)
        library.check()
    with opened(folder) as library:
        found = {h.article.id for h in library.search("report", 100, mode="dense")}
        assert found == {head.id for head in library.heads()}


def test_a_file_restored_under_an_open_library_is_noticed(folder: Path) -> None:
    filled(folder)
    backup = folder / "backup"
    shutil.copy(folder / "library.sqlite", backup)
    store = Store(folder)
    retriever = Retriever(store, Embedded(folder))

    def search() -> list[float]:
        hits = retriever.search(
            "report on grain", 50, "dense", Filter(), FakeEncoder(), lambda: None
        )
        return [hit.score - hit.dense for hit in hits]

    with opened(folder) as library:
        library.remove(["id0001"])
        library.put(article(9))
    search()
    store.close()
    shutil.copy(backup, folder / "library.sqlite")
    retriever._rows = Store(folder)
    with opened(folder) as library:
        library.put(article(30))
        library.put(article(31))
    assert np.abs(search()).max() < 1e-6


# --- what is compared ---------------------------------------------------------------------------


def test_a_flipped_digit_is_noticed_by_the_check_and_mended_by_adding_again(
    folder: Path, tmp_path: Path
) -> None:
    paper = tmp_path / "trade.txt"
    paper.write_text(f"{report(1)}\n\nThe sum was 530 million euros.")
    with opened(folder) as library:
        list(add(library, [str(paper)]))
    change(folder, "UPDATE texts SET text = replace(text, '530 million', '430 million')")
    with pytest.raises(LibraryDamaged, match=r"text of article \w+ isn't what was stored"):
        opened(folder)
    with opened(folder, sample=False) as library:
        found = library.inspect()
        assert [f"add {str(paper)!r} again" in found.problems[0], len(found.articles)] == [True, 1]
        assert any("SHA-256" in line for line in found.compared)
        library.repair(found)
        assert len(library) == 1
        assert [o.status for o in add(library, [str(paper)])] == ["updated"]
        library.repair(library.inspect())
        assert library.check().problems == []


BROKEN = [
    ("DELETE FROM passages WHERE n = 2", "in no passage"),
    ('UPDATE passages SET "end" = "end" + 9000 WHERE n = 1', "isn't a part of its text"),
    ("UPDATE passages SET vector = zeroblob(length(vector)) WHERE n = 3", "vector"),
    ("UPDATE passages SET vector = x'00' WHERE n = 3", "vector"),
    ("INSERT INTO words (rowid, text) VALUES (1, 'lies')", "index of words"),
    ("INSERT INTO words (words) VALUES ('delete-all')", "index of words"),
    ("DELETE FROM shingles WHERE article = 2", "near-copies"),
    (
        "UPDATE passages SET vector = (SELECT vector FROM passages WHERE n = 1) WHERE n = 2",
        "a vector of article",
    ),
    ("UPDATE articles SET copy_of = 'nobody' WHERE n = 2", "copies of one that isn't there"),
    ("UPDATE meta SET value = value - 1 WHERE name = 'generation'", "count of changes"),
    ("DELETE FROM writes WHERE generation = 3", "count of changes"),
    ("INSERT INTO removed VALUES (1, 2)", "count of changes"),
]


@pytest.mark.parametrize(("statement", "what"), BROKEN, ids=[what for _, what in BROKEN])
def test_what_can_be_made_anew_is(folder: Path, statement: str, what: str) -> None:
    with opened(folder) as library:
        for n in range(3):
            library.put(article(n, paragraphs=8))
        before = [(a, library.passages(a.id)) for a in library.articles()]
        hits = library.search("report 2 on grain", 5)
    change(folder, statement)
    with opened(folder, sample=False) as library:
        with pytest.raises(LibraryDamaged, match=what):
            library.check()
        found = library.inspect()
        assert library.repair(found) != []
        assert library.check().problems == []
        assert [(a, library.passages(a.id)) for a in library.articles()] == before
        again = library.search("report 2 on grain", 5)
        assert [(h.passage, h.lexical) for h in again] == [(h.passage, h.lexical) for h in hits]
        assert [h.dense for h in again] == pytest.approx([h.dense for h in hits], abs=1e-3)


def test_bytes_of_the_index_file_that_changed_are_noticed_and_never_read(folder: Path) -> None:
    filled(folder)
    data = bytearray((folder / "index.faiss").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "index.faiss").write_bytes(data)
    with opened(folder) as library:
        assert cosines_are_of_their_passages(library)
        found = library.inspect()
        assert found.problems == ["the file of nearest neighbours isn't that of the vectors"]
        library.repair(found)
        assert library.check().problems == []


# --- errors are called what they are --------------------------------------------------------------


def _sqlite(code: int, message: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "memory"),
        (_sqlite(sqlite3.SQLITE_ERROR, "no such module: fts5"), "FTS5"),
        (_sqlite(sqlite3.SQLITE_FULL, "database or disk is full"), "no space is left"),
        (_sqlite(sqlite3.SQLITE_BUSY, "database is locked"), "another process"),
        (_sqlite(sqlite3.SQLITE_IOERR, "disk I/O error"), "disk"),
        (_sqlite(sqlite3.SQLITE_ERROR, "no such column: x"), "a mistake in Dateline"),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), "a mistake in Dateline"),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), "a mistake in Dateline"),
    ],
)
def test_only_damage_is_called_damage(error: sqlite3.Error | MemoryError, says: str) -> None:
    told = faults.from_sqlite(error, Path("/srv/news"))
    assert says in str(told)
    assert not isinstance(told, LibraryDamaged)
    assert "damage" not in str(told)
    assert "remove" not in str(told)


def test_damage_is_and_nothing_is_to_be_removed(tmp_path: Path) -> None:
    for code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CORRUPT_VTAB, sqlite3.SQLITE_NOTADB):
        told = faults.from_sqlite(_sqlite(code, "malformed"), tmp_path)
        assert isinstance(told, LibraryDamaged)
        assert "remove" not in str(told)
        assert "backup" in str(told)


# --- disks ----------------------------------------------------------------------------------------


@contextmanager
def disk(where: Path, kilobytes: int) -> Iterator[Path]:
    """A small file system in memory, where this test may make one."""
    where.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "dateline-test", str(where)]
    try:
        done = subprocess.run(made, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs mount, to make a small disk")
    if done.returncode:
        pytest.skip(f"may not mount a small disk here ({done.stderr.strip()})")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def read_only(where: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(where)], check=True)


def test_a_full_disk_says_so_and_keeps_what_was_stored(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1500) as small:
        stored: list[str] = []
        with opened(small / "library") as library:

            def fill() -> None:
                for n in range(2000):
                    library.put(article(n, paragraphs=20))
                    stored.append(f"id{n:04d}")

            with pytest.raises(DatelineError, match=r"no space is left .*stored before is kept"):
                fill()
            assert stored
            assert sorted(head.id for head in library.heads()) == stored
            assert library.search("report", 5)
        assert not list(small.rglob("*.tmp"))
        (small / "library" / "index.faiss").unlink(missing_ok=True)
        with opened(small / "library") as library:
            assert sorted(head.id for head in library.heads()) == stored
            library.check()


def fill_up(small: Path) -> Path:
    filler = small / "filler"
    for size in (1 << 16, 4096, 512):
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * size)
    return filler


def look_anew(library: Library, papers: Path) -> None:
    for n in range(4):
        (papers / f"{n}.txt").write_text(report(n) * 40)
    list(refresh(library, reader=READER))


WRITES = {
    "update": lambda library, _: library.put(article(1, paragraphs=400)),
    "remove": lambda library, _: library.remove([f"id{n:04d}" for n in range(6)]),
    "rebuild": lambda library, _: library.reindex(FakeEncoder("another")),
    "build": lambda library, _: building.build(library.path),
    "refresh": look_anew,
    "repair": lambda library, _: library.repair(Health(words=True, tables=True)),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_disk_that_fills_up_costs_what_was_under_way_and_nothing_else(
    tmp_path: Path, what: str
) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    with disk(tmp_path / "disk", 5000) as small:
        folder = small / "library"
        with opened(folder) as library:
            follow(library, str(papers))
            for n in range(6):
                library.put(article(n, paragraphs=20))
            before = library.articles()
            filler = fill_up(small)
            said = ""
            try:
                WRITES[what](library, papers)
            except (DatelineError, OSError) as error:
                said = str(error)
            failed = bool(said)
            assert "space" in said or (what == "remove" and not failed)  # it may still fit
            if failed:
                assert library.articles() == before
                assert library.search("report", 5)
        filler.unlink()
        name = "fake-encoder" if failed or what != "rebuild" else "another"
        with Library.open(folder, FakeEncoder(name)) as library:
            assert library.check().problems == []
            assert not failed or library.articles() == before
            if failed:
                WRITES[what](library, papers)  # there is room again
                assert library.check().problems == []


def test_an_export_or_import_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "library")
    with opened(tmp_path / "library") as library, disk(tmp_path / "disk", 64) as small:
        with pytest.raises(DatelineError, match=r"can't be exported.*; name a place"):
            library.export(small / "all.dateline")
        assert list(small.iterdir()) == []
        library.export(tmp_path / "all.dateline")
        with pytest.raises(DatelineError, match="no space is left"):
            archive.unpack(tmp_path / "all.dateline", small / "library")
        assert list(small.iterdir()) == []


def test_a_library_on_a_full_disk_can_be_opened_and_a_new_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    with disk(tmp_path / "disk", 600) as small:
        filled(small / "library", 2)
        with (small / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        with opened(small / "library") as library:
            assert len(library.search("report", 5)) > 0
            with pytest.raises(DatelineError, match="no space is left"):
                library.put(article(7, paragraphs=400))
        with pytest.raises(DatelineError, match=r"no space is left|can't be made"):
            opened(small / "new")
        assert not [p for p in small.rglob("*") if p.name.endswith(".tmp")]
        assert not (small / "new" / "library.sqlite").exists()


def test_what_is_mounted_read_only_is_read(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 4000) as small:
        filled(small / "library")
        before = {p.name for p in (small / "library").iterdir()}
        read_only(small)
        with opened(small / "library") as library:
            assert len(library.heads()) == 6
            assert library.search("report 3", 3, filter=Filter(sources=frozenset({"Outlet 0"})))
            library.check()
            for write in (
                lambda: library.put(article(9)),
                lambda: library.remove(["id0001"]),
                lambda: library.edit("id0001", source="Another"),
            ):
                with pytest.raises(DatelineError, match="can only be read here") as told:
                    write()
                assert not isinstance(told.value, LibraryDamaged)
        assert {p.name for p in (small / "library").iterdir()} == before
        with pytest.raises(DatelineError, match=r"can't be made \(Read-only"):
            opened(small / "new")


# --- which article it is --------------------------------------------------------------------------


def papers(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True)
    for n in range(count):
        (folder / f"{n}.txt").write_text(report(n))
    return folder


def added(library: Library, *targets: Path) -> list[tuple[str, str]]:
    found = add(library, [str(t) for t in targets])
    return [(o.status, o.article.id if o.article else "") for o in found]


def test_a_library_moved_with_its_articles_keeps_ids_even_of_those_that_changed(
    tmp_path: Path,
) -> None:
    home = tmp_path / "a"
    papers(home / "papers")
    with opened(home / "library") as library:
        ids = [id for _, id in added(library, home / "papers")]
    home.rename(tmp_path / "b")
    home = tmp_path / "b"
    (home / "papers" / "1.txt").write_text(report(1) + "\n\nA correction was printed.")
    with opened(home / "library") as library:
        assert added(library, home / "papers") == list(
            zip(["unchanged", "updated", "unchanged"], ids, strict=True)
        )
        assert [head.path for head in library.heads() if head.id == ids[0]] == [
            str(home / "papers" / "0.txt")
        ]
        assert len(library) == 3
        assert added(library, home / "papers") == [("unchanged", id) for id in ids]


def test_a_copied_library_knows_the_copied_articles(tmp_path: Path) -> None:
    papers(tmp_path / "a" / "papers")
    with opened(tmp_path / "a" / "library") as library:
        ids = [id for _, id in added(library, tmp_path / "a" / "papers")]
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with opened(tmp_path / "b" / "library") as library:
        assert added(library, tmp_path / "b" / "papers") == [("unchanged", id) for id in ids]


def test_files_that_were_moved_are_known_by_their_text(tmp_path: Path) -> None:
    papers(tmp_path / "papers")
    with opened(tmp_path / "library") as library:
        ids = [id for _, id in added(library, tmp_path / "papers")]
        (tmp_path / "papers").rename(tmp_path / "archive")
        assert added(library, tmp_path / "archive") == [("unchanged", id) for id in ids]
        # another report where the first one lay is another article
        (tmp_path / "papers").mkdir()
        (tmp_path / "papers" / "0.txt").write_text(report(40))
        ((status, new),) = added(library, tmp_path / "papers")
        assert status == "added"
        assert new not in ids
        assert len(library) == 4


def test_the_same_text_in_two_files_that_are_there_is_a_copy(tmp_path: Path) -> None:
    papers(tmp_path / "papers", 1)
    with opened(tmp_path / "library") as library:
        added(library, tmp_path / "papers")
        shutil.copytree(tmp_path / "papers", tmp_path / "again")
        assert [status for status, _ in added(library, tmp_path / "again")] == ["duplicate"]


# --- the encoder is its weights -------------------------------------------------------------------


class Weights(FakeEncoder):
    def __init__(self, name: str, sha256: str) -> None:
        super().__init__(name)
        self._sha256 = sha256

    @property
    def sha256(self) -> str:
        return self._sha256


def test_other_weights_under_the_same_name_are_refused_another_name_is_not(folder: Path) -> None:
    with Library.open(folder, Weights("small", "a" * 64), create=True) as library:
        library.put(article(1))
    with pytest.raises(
        EncoderMismatch, match=r"'small' \(a{12}\) and needs it, not 'small' \(b{12}"
    ):
        Library.open(folder, Weights("small", "b" * 64))
    with Library.open(folder, Weights("renamed", "a" * 64)) as library:
        library.put(article(2))
        assert library.search("report 2", 1)[0].article.id == "id0002"


# --- an earlier layout ----------------------------------------------------------------------------


@pytest.fixture
def old(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(OLD, folder / "library.sqlite")
    return folder


def test_a_library_of_layout_1_is_brought_up_to_date_and_a_copy_kept(old: Path) -> None:
    encoder = FakeEncoder(dimension=8)
    with Library.open(old, encoder) as library:
        assert encoder.encoded == []  # no passage is encoded anew
        assert [head.title for head in library.heads()] == ["The bridge opens", "Snow on the pass"]
        first = library.articles()[0]
        assert first.text.startswith("The mayor of Lindau")
        assert first.authors == ("Anna Beck",)
        assert library.search("trains", 1, mode="lexical")[0].article == first
        assert cosines_are_of_their_passages(library)
        assert library.check().problems == []
        assert not library.status().context
        library.put(article(5))
        assert f"Sample 5\n{article(5).text}"[:40] not in "".join(encoder.encoded)
    assert everything(old / "library.layout-1.sqlite") == everything(OLD)
    with pytest.raises(EncoderMismatch):
        Library.open(old, Weights("fake-encoder", "b" * 64))
    with Library.open(old) as library:
        library.reindex(encoder)
        assert library.status().context
        assert library.check().problems == []


def everything(file: Path) -> list[str]:
    db = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return list(db.iterdump())
    finally:
        db.close()


def test_layout_1_with_another_encoders_name_is_refused(old: Path) -> None:
    with pytest.raises(EncoderMismatch):
        Library.open(old, FakeEncoder("another", 8))


def test_layout_1_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1000) as small:
        (small / "library").mkdir()
        shutil.copy(OLD, small / "library" / "library.sqlite")
        read_only(small)
        with pytest.raises(DatelineError, match="earlier layout") as told:
            Library.open(small / "library")
        assert not isinstance(told.value, LibraryDamaged)


# --- edits ----------------------------------------------------------------------------------------


def test_an_edit_is_found_by_and_stays_when_the_file_is_added_again(
    folder: Path, tmp_path: Path
) -> None:
    papers(tmp_path / "papers", 1)
    with opened(folder) as library:
        ((_, id),) = added(library, tmp_path / "papers")
        passages = library.passages(id)
        assert library.search("quinquennial", 1, mode="lexical") == []
        library.edit(id, title="Quinquennial accounts", source="The Courier")
        assert library.search("quinquennial", 1, mode="lexical")[0].article.id == id
        assert library.passages(id) == passages
        assert library.check().problems == []
        assert added(library, tmp_path / "papers") == [("unchanged", id)]
        (tmp_path / "papers" / "0.txt").write_text(report(0) + "\n\nMore was said.")
        assert added(library, tmp_path / "papers") == [("updated", id)]
        edited = library.article(id)
        assert edited is not None
        assert (edited.title, edited.source) == ("Quinquennial accounts", "The Courier")
        library.edit(id, source=None)
        assert library.sources() == {}
        for wrong in ({"title": " "}, {"path": "x"}):
            with pytest.raises(UsageError):
                library.edit(id, **wrong)
        with pytest.raises(UsageError, match="no article 'nothing'"):
            library.edit("nothing", title="x")
    with Library.open(folder) as plain:  # without the encoder all but the title can be edited
        plain.edit(id, source="The Mail")
        with pytest.raises(UsageError, match="without an encoder"):
            plain.edit(id, title="Another")


def test_the_files_of_the_index_are_left_alone_by_a_small_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    before = vectors.manifest(folder)
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_FROM", 1_000)
    with opened(folder) as library:
        library.put(article(8))
        library.remove(["id0001"])
    assert vectors.manifest(folder) == before
    with opened(folder) as library:
        found = {h.article.id for h in library.search("report", 100, mode="dense")}
        assert found == {head.id for head in library.heads()}
        assert library.check().problems == []
