"""Whoever writes the files of an index is killed at a write, a rename, an fsync: what is left is
never called damage, all is found, and the next one goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from index.errors import EncoderMismatch
from index.library import Library
from index.storing import building, vectors
from index.storing.building import Limits
from index.storing.candidates import beside, word_files, words
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.index.storing.killing.calls import at_calls
from tests.postgres import Cluster

LARGE = Limits(vectors=20, words=20, built="never")
MOST = 8  # of the calls that each work dies at; `at_calls` without it tries all of them

IMPORTS = """
from pathlib import Path
from index.library import Library
from index.storing import building
from index.storing.building import Limits
from index.storing.candidates import nearest, words
from index.storing.health import Health
from tests.fakes import FakeEncoder
from tests.index.samples import article
nearest.SAVED_FROM, nearest.SAVED_SHARE = 0, 0.0
HERE = Limits(vectors=20, words=20, built="here")
"""
OPENED = (
    IMPORTS
    + """
def work(folder):
    with Library.open(folder, FakeEncoder(), limits=HERE) as library:
        library.search("report", 1000)
"""
)
WORKS = {
    "words": IMPORTS + "def work(folder): building.follow_words(Path(folder))",
    "vectors": IMPORTS + "def work(folder): building.build(Path(folder))",
    "a change": OPENED + """
        library.put(article(60, paragraphs=3))
        library.remove(["id0005"])
""",
    "a growth": OPENED + """
        with library.writing():
            for n in range(60, 75):
                library.put(article(n, paragraphs=3))
        library.search("report", 1000)
        library.remove(["id0007"])
""",
    "another encoder": OPENED + """
        library.reindex(FakeEncoder("another"))
""",
    "mending": OPENED + """
        library.repair(Health(nearest=True))
""",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both large forms, and changes that they lack."""
    folder = tmp_path_factory.mktemp("cut") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.storing.candidates.nearest.SAVED_FROM", 0)
        patch.setattr("index.storing.candidates.nearest.SAVED_SHARE", 0.0)
        with Library.open(folder, FakeEncoder(), create=True, limits=LARGE) as library:
            with library.writing():
                for n in range(30):
                    library.put(article(n, paragraphs=4))
            building.follow_words(folder)
            building.build(folder)
            library.search("report", 5)
            with library.writing():
                library.remove(["id0000", "id0001", "id0002"])
                library.put(article(40))
    return folder


def opened(folder: Path) -> Library:
    try:
        return Library.open(folder, FakeEncoder(), limits=LARGE)
    except EncoderMismatch:
        return Library.open(folder, FakeEncoder("another"), limits=LARGE)


def is_right(folder: Path) -> None:
    with opened(folder) as library:
        assert library.inspect().problems == []
        there = {head.id for head in library.heads()}
        for mode in ("dense", "lexical"):
            assert {h.article.id for h in library.search("report", 1000, mode=mode)} == there


def goes_on(folder: Path) -> None:
    building.follow_words(folder)
    building.build(folder)
    with opened(folder) as library, library.reading() as db:
        (held,) = db.execute("SELECT count(*) FROM passages").fetchone()
        view = words.Words(folder).view(db)
        assert view is not None
        assert len(view) == held
    is_right(folder)


@pytest.mark.parametrize("what", WORKS)
def test_what_is_cut_off_is_no_damage_and_goes_on(whole: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "library"
    for _ in at_calls(WORKS[what], whole, folder, most=MOST):
        is_right(folder)
        goes_on(folder)


def test_a_list_of_deletions_that_was_cut_off_is_no_damage_and_does_not_stop_the_next_commit(
    whole: Path, tmp_path: Path
) -> None:
    """The words were never brought on again: the next commit has the same number, and refused to
    write over the file of that name."""
    folder, cut = tmp_path / "library", 0
    for _ in at_calls(WORKS["words"], whole, folder, only=".del"):
        cut += bool(list(folder.glob("words.*/*.del")))
        is_right(folder)
        goes_on(folder)
    assert cut > 0


@pytest.mark.parametrize("part", word_files._PARTS)
def test_a_file_of_words_that_is_gone_is_told(whole: Path, tmp_path: Path, part: str) -> None:
    place = word_files.place(whole)
    assert place is not None
    assert word_files.is_whole(place)
    (tmp_path / "place").mkdir()
    for file in place.iterdir():
        (tmp_path / "place" / file.name).write_bytes(file.read_bytes())
    assert word_files.is_whole(tmp_path / "place")
    next((tmp_path / "place").glob(f"*.{part}")).unlink()
    assert not word_files.is_whole(tmp_path / "place")


# --- who looks while others write -----------------------------------------------------------------


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], None]
) -> None:
    """`act` once, right before a function of the check's is called for the first time."""
    plain, acts = getattr(module, name), [act]

    def called(*given: Any, **named: Any) -> Any:
        if acts:
            acts.pop()()
        return plain(*given, **named)

    monkeypatch.setattr(module, name, called)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_FROM", 0)
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_SHARE", 0.0)
    with Library.open(tmp_path / "library", FakeEncoder(), create=True, limits=LARGE) as made:
        with made.writing():
            for n in range(12):
                made.put(article(n, paragraphs=4))
        yield made


def test_neighbours_that_are_written_while_they_are_checked_are_no_damage(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with Library.open(library.path, FakeEncoder(), limits=LARGE) as other:
            other.put(article(20))

    meanwhile(monkeypatch, vectors, "read", write)
    assert library.inspect().problems == []
    assert len(library) == 13, "it was written meanwhile"


def test_a_form_that_is_swapped_while_it_is_checked_is_no_damage(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = building.build(library.path)
    meanwhile(monkeypatch, vectors, "is_whole", lambda: building.build(library.path) and None)
    assert library.inspect().problems == []
    assert vectors.form(library.path) != first


@pytest.mark.parametrize("anew", [False, True])
def test_words_that_are_brought_on_while_they_are_checked_are_no_damage(
    library: Library, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    building.follow_words(library.path)
    library.remove(["id0003"])
    before = word_files.mark(library.path)

    def bring() -> None:
        if anew:
            word_files.discard(library.path)
        building.follow_words(library.path)

    meanwhile(monkeypatch, word_files, "is_whole", bring)
    assert library.inspect().problems == []
    assert word_files.mark(library.path) != before


def test_what_names_a_file_changes_by_one_at_a_time(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build is put into use beside whoever writes or throws away: one removed what the other was
    naming, and that was called damage until the next one wrote."""
    replaced = vectors._replace
    others: list[threading.Thread] = []

    def replacing(path: Path, data: bytes) -> None:
        if not others:
            others.append(threading.Thread(target=vectors.discard, args=[library.path]))
            others[0].start()
            others[0].join(0.5)  # it gets as far as it may
        replaced(path, data)

    monkeypatch.setattr(vectors, "_replace", replacing)
    building.build(library.path)
    others[0].join()
    form = vectors.form(library.path)
    assert form is None or (library.path / form.name).exists()
    assert library.inspect().problems == []


def test_words_beside_a_server_that_are_brought_on_while_they_are_checked_are_no_damage(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    place = postgres.database()

    def write() -> None:
        with Library.open(place, FakeEncoder()) as other:
            other.remove(["id0001"])
            other.search("report", 5)

    with Library.open(place, FakeEncoder(), create=True) as library:
        for n in range(4):
            library.put(article(n))
        library.search("report", 5)
        meanwhile(monkeypatch, beside, "_same_texts", write)
        assert library.inspect().problems == []
        assert len(library) == 3, "it was written meanwhile"
        assert library.inspect().problems == []
