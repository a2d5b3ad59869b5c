"""What is new to a reader, and what has changed under an answer, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rag.stale import Stale
from tests.ui.fake_assistant import FakeBackend
from tests.ui.page.rendering.test_render import hostile, safe
from ui.page.changes import shown
from ui.page.changes.changes import Changes
from ui.page.changes.shown import Aged
from ui.page.conversations import Conversations
from ui.page.page import Page
from ui.page.seam import Choices

COST = "cost 41 million crowns"


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(pace=0)


def bridge(backend: FakeBackend) -> str:
    return next(a.id for a in backend.articles() if str(a.url).endswith("bridge-opens"))


@pytest.mark.parametrize("mark", ["", "0", "other:0", "fake:", "fake:-1", "fake:99", "fake:²", ":"])
def test_a_mark_that_is_not_this_librarys_begins_now(backend: FakeBackend, mark: str) -> None:
    backend.correct(bridge(backend), COST, "cost nothing")
    told = Changes(backend).notice(mark)
    assert (told.html, told.mark, told.state) == ("", "fake:1", "fake:1")


def test_a_mark_stays_while_there_is_news_and_moves_along_while_there_is_none(
    backend: FakeBackend,
) -> None:
    changes = Changes(backend)
    backend.writes += 4
    assert changes.notice("fake:1").mark == "fake:4"
    backend.vanish(bridge(backend))
    told = changes.notice("fake:4")
    assert (told.mark, told.state) == ("fake:4", "fake:5")
    assert "1 vanished at the source" in told.html
    assert "gone since 2 July 2025" in changes.listed("fake:4")
    assert "Nothing is new" in changes.listed("fake:5")
    assert "Nothing is new" in changes.listed("nonsense")


def test_what_was_added_here_is_not_told_beside_what_was_not(backend: FakeBackend) -> None:
    changes = Changes(backend)
    own, other = (replace(a, id=f"new{n}") for n, a in enumerate(backend.articles()[:2]))
    changes.mine("new0")
    backend.arrive(own)
    assert changes.notice("fake:0").html == ""
    backend.arrive(other)
    assert "1 new article." in changes.notice("fake:0").html
    assert 'data-article="new1"' in changes.listed("fake:0")
    assert 'data-article="new0"' not in changes.listed("fake:0")


def test_under_an_answer_the_version_that_it_rested_on_is_named(backend: FakeBackend) -> None:
    page = Page(backend, Conversations(":memory:"))
    list(page.ask("s", "a" * 16, "What did the bridge cost?", None, Choices()))
    turns = page.conversations.turns("a" * 16)
    assert page.changes.under(turns) == {}
    backend.correct(bridge(backend), COST, "cost 45 million crowns")
    backend.correct(bridge(backend), COST.replace("41", "45"), "cost 47 million crowns")
    ((one,),) = page.changes.under(turns).values()
    assert (one.stale.change, one.stale.n, one.version) == ("reworded", 1, 0)
    assert "The bridge cost 41 million crowns" in one.stale.quotes
    assert "<del>41</del><ins>47</ins>" in page.changes.difference(one.stale.article_id, 0)
    assert "<del>45</del><ins>47</ins>" in page.changes.difference(one.stale.article_id)
    assert "<del>45</del><ins>47</ins>" in page.changes.difference(one.stale.article_id, 99)
    backend.remove([one.stale.article_id])
    ((one,),) = page.changes.under(turns).values()
    assert (one.stale.change, one.version) == ("removed", None)
    assert "isn’t in the library" in page.changes.difference(one.stale.article_id)


def test_an_article_that_was_never_corrected_has_no_difference(backend: FakeBackend) -> None:
    assert "no earlier version" in Changes(backend).difference(bridge(backend))
    assert "What changed" not in Page(backend, Conversations(":memory:")).article(
        bridge(backend), "", None, None
    )


@given(some.data())
def test_no_text_of_an_article_becomes_markup(data: some.DataObject) -> None:
    backend, draw = FakeBackend(), data.draw
    id = bridge(backend)
    text = f"{draw(hostile)} old {draw(hostile)}"
    backend.library[id] = replace(backend.library[id], title=draw(hostile), text=text)
    backend.correct(id, "old", draw(hostile), title=draw(hostile))
    backend.library[id] = replace(backend.library[id], source=draw(hostile))
    changes = Changes(backend)
    safe(changes.difference(id))
    safe(changes.listed("fake:0"))
    safe(shown.versions(draw(hostile), backend.versions(id)))
    change = draw(some.sampled_from(["removed", "reworded", "vanished", "edited"]))
    safe(shown.aged([Aged(Stale(draw(hostile), draw(hostile), change, (draw(hostile),), 1), 0)], 7))
