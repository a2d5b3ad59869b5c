"""The library: what goes in comes out, by any process, and its errors say what to do."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.article import Article
from index.errors import (
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryMissing,
    LibraryVersion,
    UsageError,
)
from index.library import Library
from index.search import Filter
from index.splitting.passages import Passage, split
from index.storing.places import Place
from tests.fakes import FakeEncoder
from tests.index.samples import article


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    with Library.open(place, FakeEncoder(), create=True) as opened:
        yield opened


def found(library: Library, query: str, **options: object) -> list[str]:
    return [hit.article.id for hit in library.search(query, 50, **options)]  # type: ignore[arg-type]


# --- in and out ---------------------------------------------------------------------------------


def test_an_article_comes_back_as_it_was(library: Library) -> None:
    given = Article(
        id="x",
        title="„Gas“ – 天然气",
        text="One.\n\nZwei 🎉 drei.",
        source="Outlet",
        published=date(2024, 5, 17),
        authors=("Ana Reyes", "Bo Lind"),
        url="https://example.org/?a=1&b='2'",
        path="/a/b.txt",
        copy_of=None,
    )
    library.put(given)
    assert library.article("x") == given
    assert library.article("y") is None


def test_passages_come_back_in_order_and_slice_back(library: Library) -> None:
    given = article(1, paragraphs=20)
    passages = split(given.id, given.text, lambda text: len(text.split()), 40)
    library.put(given, passages)
    assert library.passages(given.id) == passages
    assert [library.passage(p.id) for p in passages] == passages
    assert all(given.text[p.start : p.end] == p.text for p in library.passages(given.id))
    assert library.passage("id0001:0-1") is None
    assert library.passages("nobody") == []


def test_articles_are_listed_newest_first_undated_last(library: Library) -> None:
    for n, published in enumerate([date(2024, 1, 2), None, date(2024, 3, 1), date(2023, 1, 1)]):
        library.put(article(n, published=published))
    assert [a.id for a in library.articles()] == ["id0002", "id0000", "id0003", "id0001"]
    assert [head.id for head in library.heads()] == ["id0002", "id0000", "id0003", "id0001"]
    assert [head.id for head in library.heads(2, 1)] == ["id0000", "id0003"]
    assert library.heads()[0].with_text(library.articles()[0].text) == library.articles()[0]


def test_sources_with_their_number_of_articles(library: Library) -> None:
    for n, source in enumerate(["B", None, "A", "B"]):
        library.put(article(n, source=source))
    assert library.sources() == {"A": 1, "B": 2}


def test_every_write_counts_the_generation_up(library: Library) -> None:
    seen = [library.generation]
    for write in (
        lambda: library.put(article(1)),
        lambda: library.put(article(1, paragraphs=1)),
        lambda: library.remove(["id0001"]),
    ):
        write()
        seen.append(library.generation)
    assert seen == sorted(set(seen))


def test_the_newest_date_up_to_a_day(library: Library) -> None:
    assert library.newest(date.max) is None
    dates = (date(2024, 5, 3), date(2024, 5, 17), date(2054, 1, 1), None)
    for n, published in enumerate(dates):
        library.put(article(n, published=published))
    assert library.newest(date.max) == date(2054, 1, 1)
    assert library.newest(date(2024, 6, 1)) == date(2024, 5, 17)
    assert library.newest(date(2024, 5, 17)) == date(2024, 5, 17)
    assert library.newest(date(2024, 5, 16)) == date(2024, 5, 3)
    assert library.newest(date(2024, 5, 2)) is None


def test_status(library: Library) -> None:
    library.put(article(0))
    library.put(article(1, copy_of="id0000"))
    status = library.status()
    assert (status.articles, status.copies, status.sources) == (2, 1, 2)
    assert status.passages == len(library.passages("id0000")) + len(library.passages("id0001"))
    assert (status.encoder, status.dimension) == ("fake-encoder", 64)
    assert status.generation == library.generation
    assert len(library) == 2


# --- changes ------------------------------------------------------------------------------------


def test_an_update_leaves_nothing_of_what_was(library: Library) -> None:
    library.put(article(1))
    library.put(article(2))
    assert found(library, "report written")
    library.put(article(1, text="Quite another matter: zebras."))
    assert found(library, "zebras", mode="lexical") == ["id0001"]
    assert found(library, "written report", mode="lexical") == ["id0002"]
    assert [h.passage.text for h in library.search("zebras", 50) if h.article.id == "id0001"] == [
        "Quite another matter: zebras."
    ]
    library.check()


def test_an_update_keeps_the_age_of_an_article(library: Library) -> None:
    for n in (1, 2, 1):
        library.put(article(n, text=article(2, paragraphs=9).text))
    assert library.original_of(article(3, text=article(2, paragraphs=9).text)) == "id0001"


def test_removed_articles_are_not_found(library: Library) -> None:
    for n in range(6):
        library.put(article(n))
    assert "id0003" in found(library, "report", mode="dense")
    assert library.remove(["id0003", "nobody", "id0005", "id0003"]) == ["id0003", "id0005"]
    for mode in ("fused", "dense", "lexical"):
        assert set(found(library, "report", mode=mode)) == {"id0000", "id0001", "id0002", "id0004"}
    library.check()


def test_the_oldest_copy_takes_the_place_of_a_removed_original(library: Library) -> None:
    library.put(article(1))
    for n in (2, 3, 4):
        library.put(article(n, copy_of="id0001"))
    library.remove(["id0001"])
    assert {a.id: a.copy_of for a in library.articles()} == {
        "id0002": None,
        "id0003": "id0002",
        "id0004": "id0002",
    }


def test_a_write_that_fails_changes_nothing(library: Library) -> None:
    library.put(article(1))
    before = library.generation
    bad = np.zeros((2, 64), dtype=np.float32)
    with pytest.raises(ValueError, match="2 vectors for 1 passages"):
        library.put(article(1, text="New."), [Passage("id0001", 0, 4, "New.")], bad)
    with pytest.raises(UnicodeEncodeError):
        library.put(replace(article(1), text="New. \ud800"), [], np.zeros((0, 64), np.float32))
    assert library.generation == before
    assert library.article("id0001") == article(1)
    library.check()


def test_what_can_be_made_anew_is_mended(library: Library) -> None:
    for n in range(4):
        library.put(article(n, paragraphs=20))
    with library._store.write(counted=False) as db:
        db.execute("DELETE FROM shingles")
        db.execute("UPDATE articles SET copy_of = 'nobody' WHERE id = 'id0002'")
        db.execute("DELETE FROM writes WHERE generation = 4")
        db.execute('UPDATE passages SET "end" = "end" - 5 WHERE n = 1')
    found = library.inspect()
    assert (found.shingles, found.links, found.stamps) == (True, True, True)
    assert found.passages == ["id0000"]
    done = library.repair(found)
    assert "the passages and vectors of 1 articles" in done
    assert library.inspect().problems == []
    assert library.articles() == sorted(
        (article(n, paragraphs=20) for n in range(4)), key=lambda a: a.id, reverse=True
    )
    assert {h.article.id for h in library.search("report", 99)} == {f"id{n:04d}" for n in range(4)}


# --- other processes ----------------------------------------------------------------------------


def test_a_reader_sees_what_another_has_written_since(place: Place, library: Library) -> None:
    library.put(article(1))
    with Library.open(place, FakeEncoder()) as reader:
        assert set(found(reader, "report")) == {"id0001"}
        library.put(article(2))
        assert set(found(reader, "report")) == {"id0001", "id0002"}
        library.remove(["id0001"])
        assert set(found(reader, "report", mode="dense")) == {"id0002"}
        library.put(article(2, text="Zebras only."))
        hits = reader.search("zebras", 50, mode="dense")
        assert [hit.passage.text for hit in hits] == ["Zebras only."]


@pytest.mark.parametrize("harm", ["keep", "remove", "cut", "garble", "stale", "foreign"])
def test_the_derived_index_is_used_only_if_it_matches(
    folder: Path, tmp_path: Path, harm: str
) -> None:
    with Library.open(folder, FakeEncoder(), create=True) as library:
        for n in range(4):
            library.put(article(n))
    index, manifest = folder / "index.faiss", folder / "index.json"
    data = index.read_bytes()
    if harm == "remove":
        index.unlink()
    elif harm == "cut":
        index.write_bytes(data[: len(data) // 2])
    elif harm == "garble":
        index.write_bytes(data[:100] + bytes([data[100] ^ 255]) + data[101:])
    elif harm == "stale":
        old = data, manifest.read_bytes()
        with Library.open(folder, FakeEncoder()) as library:
            library.remove(["id0003"])
            library.put(article(3, text="Report again."))
        index.write_bytes(old[0])
        manifest.write_bytes(old[1])
    elif harm == "foreign":
        with Library.open(tmp_path / "other", FakeEncoder(), create=True) as other:
            for n in range(10, 18):
                other.put(article(n))
        index.write_bytes((tmp_path / "other" / "index.faiss").read_bytes())
        manifest.write_bytes((tmp_path / "other" / "index.json").read_bytes())
    with Library.open(folder, FakeEncoder()) as library:
        hits = library.search("report", 50, mode="dense")
        assert {hit.passage.id for hit in hits} == {
            passage.id for a in library.articles() for passage in library.passages(a.id)
        }


WRITER = """
import sys
from index.library import Library
from tests.fakes import FakeEncoder
with Library.open(sys.argv[1], FakeEncoder()) as library, library.writing():
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_is_told_who_writes_and_readers_go_on(
    place: Place, library: Library
) -> None:
    library.put(article(1))
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "writing\n"
        with pytest.raises(
            LibraryBusy, match=rf"process {other.pid}\b.* is writing.*'{re.escape(library.name)}'"
        ):
            library.put(article(2))
        with pytest.raises(LibraryBusy):
            library.remove(["id0001"])
        assert found(library, "report") == ["id0001"]
    finally:
        other.stdin.close()
        other.wait(30)
    library.put(article(2))
    assert len(library) == 2


def test_a_killed_writer_leaves_no_lock(place: Place, library: Library) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "writing\n"
    other.kill()
    other.wait()
    library.put(article(1))
    assert len(library) == 1


def test_threads_search_while_one_adds(library: Library) -> None:
    library.put(article(0))
    errors: list[BaseException] = []
    done = threading.Event()

    def look() -> None:
        try:
            while not done.is_set():
                for hit in library.search("report gas", 5):
                    start, end = hit.passage.start, hit.passage.end
                    assert hit.article.text[start:end] == hit.passage.text
        except BaseException as error:
            errors.append(error)

    def write(first: int) -> None:
        try:
            for n in range(first, first + 30):
                library.put(article(n))
                if n % 3 == 0:
                    library.remove([f"id{n:04d}"])
        except BaseException as error:
            errors.append(error)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    writers = [threading.Thread(target=write, args=[first]) for first in (100, 200)]
    for thread in [*lookers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in lookers:
        thread.join()
    assert errors == []
    hits = library.search("report", 200, mode="dense")
    assert {hit.article.id for hit in hits} == {a.id for a in library.articles()}
    library.check()


# --- what can be wrong --------------------------------------------------------------------------


def test_a_missing_library(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(LibraryMissing, match=rf"no library at '{path}'.*dateline.*add"):
            Library.open(path, FakeEncoder())
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        Library.open(tmp_path / "f", FakeEncoder(), create=True)


def test_a_file_that_is_not_a_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "library.sqlite").write_bytes(b"not a database, " * 1000)
    for create in (False, True):
        with pytest.raises(LibraryDamaged, match=rf"'{folder}' is damaged.*backup"):
            Library.open(folder, FakeEncoder(), create=create)


def test_a_database_of_something_else(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "library.sqlite") as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    for create in (False, True):
        with pytest.raises(UsageError, match="not a library of this program"):
            Library.open(folder, FakeEncoder(), create=create)


def test_a_library_of_a_later_version(folder: Path) -> None:
    Library.open(folder, FakeEncoder(), create=True).close()
    with sqlite3.connect(folder / "library.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for create in (False, True):
        with pytest.raises(
            LibraryVersion, match=r"later Dateline .*version 99.*as good as"
        ) as told:
            Library.open(folder, FakeEncoder(), create=create)
        assert "remove" not in str(told.value)
        assert told.value.exit_code != LibraryDamaged.exit_code


def test_pages_overwritten_in_the_middle_are_noticed(folder: Path) -> None:
    with Library.open(folder, FakeEncoder(), create=True) as library:
        for n in range(60):
            library.put(article(n, paragraphs=10))
    file = folder / "library.sqlite"
    data = bytearray(file.read_bytes())
    assert len(data) > 200_000
    data[8192 : len(data) - 8192] = os.urandom(len(data) - 16384)
    file.write_bytes(data)
    with pytest.raises(LibraryDamaged, match=rf"'{folder}' is damaged"):  # noqa: SIM117
        with Library.open(folder, FakeEncoder()) as library:
            library.check()


def test_a_file_cut_short_is_noticed(folder: Path) -> None:
    with Library.open(folder, FakeEncoder(), create=True) as library:
        for n in range(60):
            library.put(article(n, paragraphs=10))
    file = folder / "library.sqlite"
    file.write_bytes(file.read_bytes()[:50_000])
    with pytest.raises(LibraryDamaged), Library.open(folder, FakeEncoder()) as library:
        library.check()


def test_another_encoder_is_refused_until_reindexed(place: Place, library: Library) -> None:
    for n in range(3):
        library.put(article(n))
    for other in (FakeEncoder("other"), FakeEncoder(dimension=32)):
        with pytest.raises(EncoderMismatch, match=r"'fake-encoder'.*dateline --library .* reindex"):
            Library.open(place, other)
    before = [hit.passage for hit in library.search("bridge river", 3, mode="dense")]
    told: list[tuple[int, int]] = []
    other = FakeEncoder("other", 32)
    with Library.open(place) as plain:
        plain.reindex(other, lambda done, of: told.append((done, of)))
        assert [hit.passage for hit in plain.search("bridge river", 1, mode="dense")] == before[:1]
    assert told == [(library.status().passages,) * 2]
    with pytest.raises(EncoderMismatch):
        library.search("bridge")
    with pytest.raises(EncoderMismatch):
        library.put(article(9))
    with Library.open(place, other) as again:
        assert again.search("bridge river", 1)[0].passage == before[0]
        again.check()


def test_without_an_encoder_a_library_can_be_listed_only(place: Place, library: Library) -> None:
    library.put(article(1))
    with Library.open(place) as plain:
        assert [a.id for a in plain.articles()] == ["id0001"]
        with pytest.raises(UsageError, match="without an encoder"):
            plain.search("report")
        with pytest.raises(UsageError, match="without an encoder"):
            plain.put(article(2))
        assert plain.remove(["id0001"]) == ["id0001"]
    assert library.search("report", filter=Filter()) == []


def test_opening_again_makes_nothing_anew(place: Place, library: Library) -> None:
    library.put(article(1))
    with Library.open(place, FakeEncoder(), create=True) as again:
        assert len(again) == 1
