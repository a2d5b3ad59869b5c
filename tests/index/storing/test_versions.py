"""A corrected article keeps what it said, in the same transaction as the new text."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from index.errors import LibraryDamaged
from index.library import Library
from index.storing.changes import changes
from index.storing.versions import stated
from tests.fakes import FakeEncoder
from tests.index.samples import article

OLD = Path(__file__).parent / "old"


def opened(folder: Path) -> Library:
    return Library.open(folder, FakeEncoder(), create=True)


def test_the_newer_text_answers_and_the_older_is_kept(tmp_path: Path) -> None:
    first = article(1, text="The bridge cost 4 million euros.\n\nIt opens on Monday.")
    second = replace(first, text="The bridge cost 5 million euros.\n\nIt opens on Monday.")
    third = replace(second, title="Bridge is dearer", published=date(2024, 6, 1))
    with opened(tmp_path) as library:
        for said in (first, first, second, third, third):
            library.put(said)
        kept = library.versions(first.id)
        assert [(v.title, v.text, v.published) for v in kept] == [
            (first.title, first.text, first.published),
            (second.title, second.text, second.published),
        ]
        assert [v.content_hash for v in kept] == [first.content_hash, second.content_hash]
        assert library.article(first.id) == third
        assert library.search("4 million", 5, mode="lexical")[0].article.text == third.text
        assert all("4 million" not in hit.passage.text for hit in library.search("bridge", 9))
        assert "2 earlier versions of articles with their SHA-256" in library.check().compared
        went, came = (
            [p.text for p in changes(stated(kept[0]), stated(kept[1])) if p.kind == kind]
            for kind in ("out", "in")
        )
        assert (went, came) == (["4"], ["5"])
        library.remove([first.id])
        assert library.versions(first.id) == []


def test_what_a_person_edits_is_no_correction(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.put(article(1))
        library.edit("id0001", title="Called otherwise", published=date(2020, 1, 1))
        library.reindex(FakeEncoder("another"))
        assert library.versions("id0001") == []


def test_what_is_new_is_told_by_generations_not_by_the_clock(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.put(article(1))
        library.put(article(2))
        before = library.generation
        assert library.since(before).added == library.since(before).changed == []
        library.put(article(3))
        library.put(article(1, paragraphs=5))
        library.edit("id0002", source="Said by a person")
        news = library.since(before)
        assert [head.id for head in news.added] == ["id0003"]
        assert [head.id for head in news.changed] == ["id0001"]
        assert {head.id for head in library.since(0).added} == {"id0001", "id0002", "id0003"}
        now = library.generation
        library.mark_gone(["id0002"], date(2024, 5, 17))
        library.mark_gone(["id0003"], date(2024, 5, 17))
        library.mark_gone(["id0003"], None)  # it is there again
        news = library.since(now)
        assert (news.added, news.changed) == ([], [])
        assert [head.id for head in news.gone] == ["id0002"]
        assert library.since(library.generation).gone == []


def test_a_version_that_is_not_what_was_stored_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.put(article(1))
        library.put(article(1, paragraphs=5))
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as db, db:
        db.execute("UPDATE versions SET text = text || ' and more'")
    with (
        opened(tmp_path) as library,
        pytest.raises(LibraryDamaged, match="an earlier version of article id0001 isn't what was"),
    ):
        library.check()


def test_a_damaged_text_is_replaced_and_not_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.put(article(1))
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as db, db:
        db.execute("UPDATE texts SET text = replace(text, 'Report', 'Rebort')")
    with Library.open(tmp_path, FakeEncoder(), sample=False) as library:
        library.put(article(1))
        assert library.versions("id0001") == []
        assert library.article("id0001") == article(1)


def test_a_library_of_layout_2_is_brought_up_to_date_and_a_copy_kept(tmp_path: Path) -> None:
    shutil.copy(OLD / "layout-2.sqlite", tmp_path / "library.sqlite")
    encoder = FakeEncoder(dimension=8)
    with Library.open(tmp_path, encoder) as library:
        assert encoder.encoded == []
        bridge, snow = library.articles()
        assert (bridge.title, bridge.url) == ("The bridge opens", "https://example.org/bridge")
        assert (snow.source, snow.gone) == ("Bergpost am Sonntag", None)
        assert library.check().problems == []
        assert library.since(0).added == []  # when these came in isn't known
        library.put(replace(bridge, text=f"{bridge.text}\n\nIt closed again on Friday."))
        assert [v.text for v in library.versions(bridge.id)] == [bridge.text]
    kept = tmp_path / "library.layout-2.sqlite"
    with closing(sqlite3.connect(kept)) as copy, closing(sqlite3.connect(OLD / kept.name[8:])) as a:
        assert list(copy.iterdump()) == list(a.iterdump())
