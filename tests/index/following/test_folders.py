"""A folder that is followed: new, changed, moved and vanished files; a disk that isn't there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.following import folders, memory
from index.following.following import follow, followed
from index.ingest import add
from index.library import Library
from index.reading.load import MAX_BYTES
from tests.fakes import FakeEncoder
from tests.index.following.test_refresh import BRIDGE, GRAIN, SNOW, Hands, look, said


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as opened:
        yield opened


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def papers(tmp_path: Path, library: Library) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "bridge.txt").write_text("\n\n".join(BRIDGE))
    (folder / "snow.txt").write_text("\n\n".join(SNOW))
    follow(library, str(folder))
    return folder


def test_files_come_change_move_and_vanish(papers: Path, library: Library, hands: Hands) -> None:
    assert said(look(library, hands)) == {"added": 2}
    assert said(look(library, hands)) == {"unchanged": 2}
    (papers / "bridge.txt").write_text("\n\n".join([*BRIDGE, "A line was added later."]))
    (papers / "grain.txt").write_text("\n\n".join(GRAIN))
    assert said(look(library, hands)) == {"unchanged": 1, "updated": 1, "added": 1}
    bridge = next(h for h in library.heads() if "bridge" in str(h.path))
    assert len(library.versions(bridge.id)) == 1

    (papers / "old").mkdir()
    (papers / "bridge.txt").rename(papers / "old" / "bridge.txt")
    assert said(look(library, hands)) == {"unchanged": 3}  # the same article, elsewhere
    moved = library.article(bridge.id)
    assert moved is not None
    assert str(moved.path).endswith("old/bridge.txt")
    assert library.gone() == []

    text = (papers / "grain.txt").read_text()
    (papers / "grain.txt").unlink()
    assert said(look(library, hands)) == {"unchanged": 2, "gone": 1}
    assert said(look(library, hands)) == {"unchanged": 2}
    assert len(library.gone()) == 1
    (papers / "grain.txt").write_text(text)
    assert said(look(library, hands)) == {"unchanged": 3}
    assert library.gone() == []
    (papers / "grain.txt").unlink()
    assert said(look(library, hands, remove_gone=True)) == {"unchanged": 2, "gone": 1, "removed": 1}
    assert len(library) == 2
    (papers / "grain.txt").write_text(text)
    assert said(look(library, hands)) == {"unchanged": 2, "added": 1}
    assert library.check().problems == []


def test_a_disk_that_is_not_there_takes_no_article_along(
    papers: Path, library: Library, hands: Hands
) -> None:
    look(library, hands)
    away = papers.rename(papers.with_name("away"))
    (outcome,) = look(library, hands, remove_gone=True)
    assert str(outcome.reason).endswith("isn't there; its articles stay as they are")
    papers.mkdir()  # where a disk was mounted, an empty folder is left
    (outcome,) = look(library, hands, remove_gone=True)
    assert "is empty all at once" in str(outcome.reason)
    assert followed(library)[0].note == outcome.reason
    assert len(library) == 2
    assert library.gone() == []
    papers.rmdir()
    away.rename(papers)
    assert said(look(library, hands)) == {"unchanged": 2}


def test_a_record_that_left_its_file_is_marked(
    papers: Path, library: Library, hands: Hands
) -> None:
    records = [
        {"id": "a", "title": "Grain by rail", "text": "\n\n".join(GRAIN)},
        {"id": "b", "title": "Bridge reopens", "text": " ".join(BRIDGE) + " So it was in print."},
    ]
    (papers / "news.json").write_text(json.dumps(records))
    look(library, hands)
    (papers / "news.json").write_text(json.dumps(records[:1]))
    outcomes = [o for o in look(library, hands) if o.status == "gone"]
    assert [o.article and o.article.title for o in outcomes] == ["Bridge reopens"]
    assert [head.title for head in library.gone()] == ["Bridge reopens"]
    (papers / "news.json").write_text(json.dumps(records))
    look(library, hands)
    assert library.gone() == []


def test_a_file_that_cannot_be_read_loses_nothing(
    papers: Path, library: Library, hands: Hands
) -> None:
    look(library, hands)
    (papers / "snow.txt").write_text("")
    with (papers / "large.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert said(look(library, hands)) == {"unchanged": 1, "refused": 2}
    assert len(library) == 2
    assert library.gone() == []
    assert said(look(library, hands)) == {"unchanged": 3}  # as they were, and so not read again


def test_what_a_person_removed_stays_away(papers: Path, library: Library, hands: Hands) -> None:
    look(library, hands)
    snow = next(h for h in library.heads() if "snow" in str(h.path))
    library.remove([snow.id])
    (papers / "snow.txt").write_text("\n\n".join([*SNOW, "More was said of it."]))
    assert said(look(library, hands)) == {"unchanged": 1}
    assert [o.status for o in add(library, [str(papers / "snow.txt")])] == ["added"]


def test_the_watch_tells_of_a_change_and_of_none(tmp_path: Path) -> None:
    with folders.watched([str(tmp_path), str(tmp_path / "nowhere")]) as wait:
        assert wait(0.01) is False
        writer = threading.Thread(target=(tmp_path / "a.txt").write_text, args=["news"])
        writer.start()
        assert wait(60) is True
        writer.join()


def test_a_refresh_that_was_cut_off_brings_back_nothing_that_was_removed_meanwhile(
    papers: Path, library: Library, hands: Hands
) -> None:
    """The article is stored, where it came from isn't noted yet: found by killing
    (`eval.soak_kill`)."""
    with library.noting() as db:
        memory.note_files(db, 1, str(papers), [str(papers / "bridge.txt")])
    [outcome] = add(library, [str(papers / "bridge.txt")])
    assert outcome.article is not None
    library.remove([outcome.article.id])
    assert said(look(library, hands)) == {"added": 1}
    assert [str(head.path) for head in library.heads()] == [str(papers / "snow.txt")]
