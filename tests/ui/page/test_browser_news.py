"""What is new, what was corrected, answers that rested on it: in the real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from index.article import Article, article_id
from tests.ui.conftest import Served, Window, serve
from tests.ui.fake_assistant import FakeBackend
from tests.ui.page.test_browser_legible import faint

pytestmark = pytest.mark.browser
Open = Callable[..., Window]
COST = "cost 41 million crowns"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(FakeBackend(), tmp_path) as page:
        yield page


def bridge(served: Served) -> str:
    return next(a.id for a in served.backend.articles() if str(a.url).endswith("bridge-opens"))


def back(w: Window) -> None:
    """The reader comes back to the window."""
    w.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def arrive(served: Served, slug: str, title: str = "A new lock for the canal") -> Article:
    url = f"https://paper.example/{slug}"
    text = f"{title}.\n\nIt is told here."
    article = Article(article_id(url), title, text, "The Paper", date(2025, 7, 1), (), url)
    served.backend.arrive(article)
    return article


def test_what_came_while_away_is_told_listed_and_then_quiet(served: Served, window: Open) -> None:
    w = window()
    w.page.wait_for_function("localStorage.getItem('dateline-looked') === 'fake:0'")
    assert w.page.locator("p.news").count() == 0  # a first visit begins now
    arrive(served, "lock")
    served.backend.correct(bridge(served), COST, "cost 47 million crowns")
    lighthouse = next(a for a in served.backend.articles() if "lighthouse" in a.title)
    served.backend.vanish(lighthouse.id)
    back(w)
    w.page.wait_for_selector("p.news")
    told = "Since you last looked: 1 new article, 1 corrected, 1 vanished at the source."
    assert w.text("p.news span") == told
    w.reload()
    w.page.wait_for_selector("p.news")  # until it is looked at
    w.page.click("p.news [data-act=news]")
    w.page.wait_for_selector("#pane section.news")
    assert w.page.locator("#pane section.news h3").all_inner_texts() == [
        "New 1", "Corrected 1", "Vanished at the source, kept here 1",
    ]  # fmt: skip
    assert w.page.locator("#pane .summarise").is_hidden()
    w.page.wait_for_selector("p.news", state="detached")
    w.page.click("#pane section.news [data-act=changes]")
    w.page.wait_for_selector("#pane .difference")
    assert w.page.locator("#pane .difference del").all_inner_texts() == ["41"]
    assert w.page.locator("#pane .difference ins").all_inner_texts() == ["47"]
    w.page.click("#pane .back")
    w.page.click("#pane section.news :text('lighthouse')")
    w.page.wait_for_selector("#pane header .tag:text('gone from its source since 2 July 2025')")
    w.reload()
    w.page.wait_for_function("localStorage.getItem('dateline-looked') === 'fake:3'")
    assert w.page.locator("p.news").count() == 0


def test_the_cross_is_a_look_too_and_what_one_added_is_no_news(
    served: Served, window: Open, tmp_path: Path
) -> None:
    w = window()
    w.page.wait_for_function("localStorage.getItem('dateline-looked') === 'fake:0'")
    story = tmp_path / "tramway.txt"
    story.write_text("The quarry tramway reopened on Monday.\n\nIt had been closed for years.")
    w.tab("Library")
    w.page.set_input_files("#drop input[type=file]", [str(story)])
    w.page.wait_for_selector("#outcome b:text-is('1 added.')")
    w.tab("Chat")
    back(w)
    w.page.wait_for_function("localStorage.getItem('dateline-looked') === 'fake:1'")
    assert w.page.locator("p.news").count() == 0
    arrive(served, "lock")
    back(w)
    w.page.wait_for_selector("p.news")
    w.page.click("p.news [data-act=seen]")
    w.page.wait_for_selector("p.news", state="detached")
    assert w.page.evaluate("localStorage.getItem('dateline-looked')") == "fake:2"


def test_an_answer_that_rested_on_an_old_version_says_so_and_is_asked_again(
    served: Served, window: Open
) -> None:
    w = window()
    w.ask("What did the bridge cost?")
    w.ask("Since when does the ferry run?")
    assert w.page.locator("div.aged").count() == 0
    served.backend.correct(bridge(served), COST, "cost 47 million crowns")
    ferry = next(a for a in served.backend.articles() if "ferry" in a.title)
    served.backend.vanish(ferry.id)
    w.reload()
    w.page.wait_for_selector("#transcript div.aged")
    first, second = w.page.locator("#transcript div.aged").all()
    assert " ".join(first.locator("li").inner_text().split()) == (
        "1 “Varnholm opens its new harbour bridge” was corrected since, and no longer has the "
        "words that were quoted (1 July 2025). What changed"
    )
    assert "has vanished at its source since" in second.inner_text()
    assert second.locator("button").count() == 0
    cite = w.page.locator("#transcript .turn").first.locator(".answer .cite.aged").first
    told = str(cite.get_attribute("aria-label"))
    assert "; This article was corrected since, and no longer has the words that" in told
    first.locator("[data-act=changes]").click()
    w.page.wait_for_selector("#pane .difference")
    assert w.page.locator("#pane .difference ins").all_inner_texts() == ["47"]
    w.page.click("#pane .close")
    # what it says now is what it said at first: only so can the fake answer
    served.backend.correct(bridge(served), "cost 47 million crowns", COST)
    first.locator("[data-act=retry]").click()
    w.page.locator("#transcript .turn").nth(2).wait_for()
    w.page.wait_for_selector("#live article", state="detached")
    asked = [question for question, *_ in served.backend.asked]
    assert asked[-1] == "What did the bridge cost?"


def test_corrections_are_chosen_and_hostile_words_stay_words(served: Served, window: Open) -> None:
    attack = "<img src=x onerror=alert(1)></ins><script>alert(2)</script>"
    served.backend.correct(bridge(served), COST, f"cost {attack} crowns", title=f"Bridge {attack}")
    served.backend.correct(bridge(served), attack, "nothing")
    w = window()
    w.tab("Library")
    w.page.click("#table [data-act=open]:has-text('Bridge <img')")
    w.page.wait_for_selector("#pane .corrected")
    assert "Corrected 2 times, last on 1 July 2025" in w.text("#pane .corrected")
    w.page.click("#pane .corrected [data-act=changes]")
    w.page.wait_for_selector("#pane .difference del")
    assert "<script>alert(2)</script>" in w.text("#pane .difference del")
    assert w.page.locator("#pane :is(img, script)").count() == 0
    w.page.click("#pane .earlier [data-version='0']")
    w.page.wait_for_selector("#pane .earlier [data-version='0'][aria-pressed=true]")
    assert w.page.locator("#pane .difference del").all_inner_texts() == ["41 million"]
    assert attack in w.text("#pane h2 ins")
    w.page.click("#pane header [data-act=open]")
    w.page.wait_for_selector("#pane .corrected")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_changed_is_legible(served: Served, window: Open, scheme: str) -> None:
    w = window(color_scheme=scheme)
    w.page.wait_for_function("localStorage.getItem('dateline-looked') === 'fake:0'")
    w.ask("What did the bridge cost?")
    served.backend.correct(bridge(served), COST, "cost 47 million crowns")
    arrive(served, "lock")
    back(w)
    w.page.wait_for_selector("p.news")
    w.page.wait_for_selector("#transcript div.aged")  # told without a reload
    assert faint(w) == []
    w.page.locator("#transcript .cite.aged").first.dispatch_event("mouseover")  # without a scroll
    w.page.wait_for_selector("#hover .aged:text('This article was corrected since')")
    assert faint(w) == []
    w.page.click("p.news [data-act=news]")
    w.page.wait_for_selector("#pane section.news")
    assert faint(w) == []
    w.page.click("#pane section.news [data-act=changes]")
    w.page.wait_for_selector("#pane .difference del")
    assert faint(w) == []
