"""A library moves from a folder to a server and back, whole, and a move that is cut off leaves
nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from index.errors import DatelineError, LibraryBusy, UsageError
from index.following import memory
from index.library import Library, moved, unpacked
from index.storing import faults, moving, schema
from index.storing.moving import Moved
from index.storing.places import Place, rows_at, there
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.postgres import Cluster


@pytest.fixture
def other(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A place of the other kind."""
    if isinstance(place, str):
        return tmp_path / "other"
    request.getfixturevalue("monkeypatch").setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.database()


def fill(place: Place, articles: int = 12) -> None:
    """With corrections, removals, edits, copies, and something that is followed."""
    with Library.open(place, FakeEncoder(), create=True) as library:
        for n in range(articles):
            library.put(article(n, paragraphs=1 + n % 5, path=f"/papers/{n}.txt"))
        library.put(replace(article(1), text="Corrected: 5 million, not 4.", title="Corrected"))
        library.put(article(50, copy_of="id0002"))
        library.remove(["id0003"])
        library.edit("id0004", source="Elsewhere", published=date(2020, 2, 29))
        library.mark_gone(["id0005"], date(2024, 6, 1))
        with library.noting() as db:
            memory.follow(db, "https://example.org/feed", "Outlet", "2024-05-17T10:00:00+00:00")
            memory.note_files(db, 1, "https://example.org/feed", ["a", "b"])
            item = next(iter(memory.files(db, 1).values()))
            memory.hold(db, item, ["id0001", "id0002"])
            memory.note_host(db, "example.org", 1700000000.25, 60.0, 2)


def shown(place: Place) -> dict[str, object]:
    """All that a person can see of a library, and what a search finds."""
    with Library.open(place, FakeEncoder()) as library:
        found = library.check()
        assert not found.problems
        modes = ("dense", "lexical", "fused")
        with library.reading() as db:
            followed = memory.followed(db), memory.host(db, "example.org")
        return {
            "id": library.id,
            "generation": library.generation,
            "articles": library.articles(),
            "passages": [library.passages(a.id) for a in library.articles()],
            "versions": {a.id: library.versions(a.id) for a in library.articles()},
            "gone": library.gone(),
            "since": library.since(3),
            "followed": followed,
            "hits": {
                mode: [
                    (h.passage.id, pytest.approx(h.score))
                    for h in library.search("bridge grain report 7", 50, mode=mode)
                ]
                for mode in modes
            },
            "vocabulary": library.vocabulary(),
            "mentions": library.mentions("old institute of technology"),
            "with": library.passages_with("institut", 3),
        }


def test_all_of_it_is_there_and_back_again(place: Place, other: Place, tmp_path: Path) -> None:
    fill(place)
    before = shown(place)
    told: list[tuple[int, int]] = []
    made = moved(place, other, lambda done, of: told.append((done, of)))
    assert made == Moved(12, len([p for ps in before["passages"] for p in ps]), 1, 1)  # type: ignore[attr-defined]
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert shown(other) == before
    assert shown(place) == before, "the old place stays as it was"
    assert moved(place, other) == replace(made, already=True)

    with Library.open(other, FakeEncoder()) as library:  # and it goes on there
        library.put(article(99))
        library.edit("id0001", title="Corrected again")
        library.remove(["id0002"])
    after = shown(other)
    with pytest.raises(UsageError, match="holds something else already"):
        moved(other, place)
    with pytest.raises(UsageError, match="holds something else already"):
        moved(place, other)
    moved(other, tmp_path / "third")
    assert shown(tmp_path / "third") == after


def test_what_holds_something_else_is_refused(place: Place, other: Place) -> None:
    fill(place, 6)
    fill(other, 7)
    before = shown(other)
    with pytest.raises(UsageError, match="holds something else already"):
        moved(place, other)
    with pytest.raises(UsageError, match="moved to itself"):
        moved(place, place)
    assert shown(other) == before


def test_places_are_seen_from_the_new_folder(place: Place, other: Place, tmp_path: Path) -> None:
    fill(place, 6)
    moved(place, other)
    rows = rows_at(other)
    try:
        with rows.read() as db:
            places = dict(db.execute("SELECT path, place FROM articles").fetchall())
        assert places == {path: schema.place(path, rows.home) for path in places}
        assert {"/papers/0.txt", "/papers/2.txt"} <= {*places}
    finally:
        rows.close()


BESIDE = """
import sys
from index.errors import LibraryBusy
from index.library import moved
try:
    moved(*sys.argv[1:])
except LibraryBusy:
    sys.exit(7)
"""


def test_nobody_writes_meanwhile(place: Place, other: Place) -> None:
    fill(place, 6)
    rows = rows_at(place)
    try:
        with rows.lock().held():
            done = subprocess.run([sys.executable, "-c", BESIDE, str(place), str(other)])
        assert done.returncode == 7
    finally:
        rows.close()
    assert not there(other)


WRITER = """
import sys
from index.errors import LibraryBusy
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.samples import article
try:
    with Library.open(sys.argv[1], FakeEncoder()) as library:
        library.put(article(77))
except LibraryBusy:
    sys.exit(7)
"""


def written_by_another(place: Place) -> int:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", WRITER, str(place)], env=environment).returncode


class Once:
    """A Progress that does something in the middle."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self.did: list[object] = []

    def __call__(self, done: int, of: int) -> None:
        if not self.did and done > of / 3:
            self.did.append(self._act())


def test_who_writes_meanwhile_is_told_so_and_loses_nothing(place: Place, other: Place) -> None:
    fill(place, 6)
    before = shown(place)
    once = Once(lambda: written_by_another(place))
    moved(place, other, once)
    assert once.did == [7], "the library is busy"
    assert shown(other) == before
    assert written_by_another(place) == 0
    with pytest.raises(UsageError, match="holds something else already"):
        moved(place, other)
    assert shown(other) == before


def let_go(place: Place) -> None:
    """The writer's lock isn't held any more: of a folder that this process may only read, it never
    is; of a server, it goes with its connection."""
    if isinstance(place, Path):
        return
    with psycopg.connect(place, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")


def test_what_was_written_without_the_lock_is_never_left_behind_silently(
    place: Place, other: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(place, 6)

    def write() -> int:
        let_go(place)
        return written_by_another(place)

    once = Once(write)
    with monkeypatch.context() as patched:
        if isinstance(place, Path):
            patched.setattr(faults, "writable", lambda folder: folder != place)
        with pytest.raises(DatelineError, match=r"was written to while it was moved.*try again"):
            moved(place, other, once)
    assert once.did == [0], "it was stored"
    assert not there(other)
    moved(place, other)
    assert shown(other) == shown(place)


def test_what_was_noted_since_makes_it_something_else(place: Place, other: Place) -> None:
    """It was said that what had been written there wasn't kept: it was."""
    fill(place, 6)
    moved(place, other)
    before = shown(other)
    with Library.open(place) as library, library.noting() as db:
        memory.note_host(db, "example.net", 1700000000.5, 60.0, 2)
    with pytest.raises(UsageError, match="holds something else already"):
        moved(place, other)
    assert shown(other) == before


def test_one_library_at_a_time_moves_into_a_folder(tmp_path: Path) -> None:
    """The second took what the first was filling for left by one that was cut off."""
    for name in ("one", "two"):
        fill(tmp_path / name, 6)

    def second() -> bool:
        with pytest.raises(LibraryBusy):
            moved(tmp_path / "two", tmp_path / "there")
        return True

    once = Once(second)
    moved(tmp_path / "one", tmp_path / "there", once)
    assert once.did == [True]
    assert shown(tmp_path / "there") == shown(tmp_path / "one")


def test_the_journal_of_another_library_is_never_taken_in(tmp_path: Path) -> None:
    """SQLite takes a journal that lies beside a file for that file's own."""
    fill(tmp_path / "one", 6)
    (tmp_path / "there").mkdir()
    journal = tmp_path / "there" / "library.sqlite-wal"
    journal.write_bytes(b"of another")
    with pytest.raises(UsageError, match="put that file back"):
        moved(tmp_path / "one", tmp_path / "there")
    assert journal.read_bytes() == b"of another"
    assert not there(tmp_path / "there")


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
def test_readers_do_not_wait_for_a_writer_whenever_the_move_was_killed(tmp_path: Path) -> None:
    """A kill right after the file was put in its place left one without a journal of its own kind,
    for good."""
    fill(tmp_path / "one", 6)
    count = 0
    for count in range(1000):
        command = [sys.executable, "-c", AT_A_NAME, str(tmp_path), str(count)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environment)
        if (tmp_path / "there" / "library.sqlite").exists():
            with closing(sqlite3.connect(tmp_path / "there" / "library.sqlite")) as db:
                assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            shutil.rmtree(tmp_path / "there")
        if done.returncode == 0:
            break
    assert count > 2, "it was killed"


AT_A_NAME = """
import itertools, os, signal, sys
from pathlib import Path
from index.library import moved
folder, last, count = Path(sys.argv[1]), int(sys.argv[2]), itertools.count()
def audited(event, arguments):
    if event in ("os.rename", "shutil.rmtree", "sqlite3.connect") and next(count) == last:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audited)
moved(folder / "one", folder / "there")
"""


CUT_OFF = """
import os, signal, sys
from index.library import moved
steps = int(sys.argv[3])
def progress(done, of):
    global steps
    steps -= 1
    if steps < 0:
        os.kill(os.getpid(), signal.SIGKILL)
moved(sys.argv[1], sys.argv[2], progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
def test_killed_at_any_step_it_leaves_nothing_and_can_be_begun_again(
    place: Place, other: Place
) -> None:
    fill(place, 6)
    before = shown(place)
    for steps in (0, 3, 5, 12, 18):  # in what is copied first, passages, what is followed, reading
        done = subprocess.run([sys.executable, "-c", CUT_OFF, str(place), str(other), str(steps)])
        assert done.returncode < 0, f"it was killed at step {steps}"
        assert not there(other)
    moved(place, other)
    assert shown(other) == before
    if isinstance(other, Path):
        assert not list(other.glob("filling*"))


def test_a_row_that_changes_on_the_way_is_noticed(
    place: Place, other: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(place, 6)
    rows = moving._rows
    reads = 0

    def once_wrong(db, table, counted):  # type: ignore[no-untyped-def]
        nonlocal reads
        for some in rows(db, table, counted):
            if table == "passages":
                reads += 1
                if reads == 2:  # what was written is read back
                    some = some[1:]
            yield some

    monkeypatch.setattr(moving, "_rows", once_wrong)
    with pytest.raises(DatelineError, match=r"isn't what was read \(passages"):
        moved(place, other)
    monkeypatch.undo()
    assert not there(other)


def test_every_table_moves() -> None:
    made = {
        line.split()[2] for line in schema.TABLES.splitlines() if line.startswith("CREATE TABLE ")
    }
    assert {*moving.TABLES} == made


def test_a_file_is_exported_from_and_imported_to_either(
    place: Place, other: Place, tmp_path: Path
) -> None:
    fill(place, 6)
    before = shown(place)
    with Library.open(place) as library:
        made = library.export(tmp_path / "all.dateline")
    assert made.articles == 6
    assert unpacked(tmp_path / "all.dateline", other) == made
    assert shown(other) == before
    with pytest.raises(UsageError, match="already"):
        unpacked(tmp_path / "all.dateline", other)
