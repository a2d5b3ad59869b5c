"""A site that is followed over weeks: what comes, what is corrected, what vanishes, what fails."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from index.article import article_id
from index.errors import UsageError
from index.following.clock import Clock
from index.following.following import follow, followed, unfollow
from index.following.manners import DAY, HOUR, Manners
from index.following.refresh import refresh
from index.ingest import Outcome
from index.library import Library
from index.storing.places import Place
from tests.fakes import FakeEncoder
from tests.index.following.newsroom import Newsroom
from tests.index.reading.readers import READER

QUICK = Manners(delay=0.0)
BRIDGE = (
    "The council voted on Tuesday to reopen the bridge after two years of repairs by a works.",
    "Engineers had found cracks in four of the nine piers, which took longer than was planned.",
    "The mayor, who had been criticised for the delay, said that she was glad that it is over.",
)
SNOW = (
    "Snow closed the pass above the lake for two days, and nobody was hurt in the slides there.",
    "The road service expects that lorries can use the upper tunnel again from Sunday evening.",
    "A hundred travellers spent the night in the school, where the baker brought them breakfast.",
)
GRAIN = (
    "Grain exports by rail to the coast rose by a third in March, the port authority reported.",
    "Two new locomotives and a longer siding have made the difference, its director explained.",
    "Farmers in the north still wait for waggons, their association said in a letter to the port.",
)


@dataclass
class Hands:
    """A clock that is set by hand and sleeps at once."""

    time: float = 1_700_000_000.0
    slept: float = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.time, lambda: self.slept, self._sleep, lambda: 0.5)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds


@pytest.fixture
def room() -> Iterator[Newsroom]:
    made = Newsroom()
    made.article("/bridge", "Bridge reopens", *BRIDGE)
    made.article("/snow", "Snow on the pass", *SNOW)
    made.feed("/feed", [("/snow", "Snow on the pass"), ("/bridge", "Bridge reopens")])
    yield made
    made.close()


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    with Library.open(place, FakeEncoder(), create=True) as opened:
        yield opened


@pytest.fixture
def hands() -> Hands:
    return Hands()


def look(library: Library, hands: Hands, manners: Manners = QUICK, **more: bool) -> list[Outcome]:
    return list(refresh(library, manners=manners, clock=hands.clock(), reader=READER, **more))


def said(outcomes: list[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.status for outcome in outcomes))


def test_each_article_comes_once_and_costs_little_when_nothing_is_new(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    follow(library, f"{room.url}/feed")
    assert said(look(library, hands)) == {"added": 2}
    snow = library.article(article_id(f"{room.url}/snow"))
    assert snow is not None
    assert (snow.title, snow.source) == ("Snow on the pass", "The Local Paper")
    assert room.requests() == ["/feed", "/snow", "/bridge"]

    assert look(library, hands) == []  # within the hour no page is asked again
    assert room.requests() == ["/feed"]
    hands.time += 2 * HOUR
    assert said(look(library, hands)) == {"unchanged": 2}
    assert sorted(room.requests()) == ["/bridge", "/feed", "/snow"]
    assert room.sent == ["/feed", "/snow", "/bridge"]  # all else was answered with 304

    room.article("/grain", "Grain by rail", *GRAIN)
    room.feed("/feed", [("/grain", "Grain by rail"), ("/snow", "Snow on the pass")])
    outcomes = look(library, hands)
    # the bridge has left the feed: it is looked at once, whether it is still there
    assert said(outcomes) == {"added": 1, "unchanged": 1}
    assert room.requests() == ["/feed", "/grain", "/bridge"]
    assert len(library) == 3
    assert library.gone() == []


def test_a_correction_is_found_and_both_versions_are_kept(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    follow(library, f"{room.url}/feed")
    look(library, hands)
    corrected = (*BRIDGE[:2], "The mayor did not want to say anything.")
    room.article("/bridge", "Bridge reopens", *corrected)
    hands.time += 2 * HOUR
    (outcome,) = (o for o in look(library, hands) if o.status != "unchanged")
    assert outcome.status == "updated"
    assert outcome.article is not None
    kept = library.versions(outcome.article.id)
    assert [BRIDGE[2] in version.text for version in kept] == [True]
    assert "did not want" in library.search("mayor", 1, mode="lexical")[0].article.text

    room.feed("/feed", [("/snow", "Snow: pass is open"), ("/bridge", "Bridge reopens")])
    room.article("/snow", "Snow: pass is open", *SNOW)
    assert said(look(library, hands)) == {"updated": 1}  # the feed says so: at once
    assert library.check().problems == []


def test_what_vanished_is_marked_and_only_removed_when_asked(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    follow(library, f"{room.url}/feed")
    look(library, hands)
    page = room.pages.pop("/bridge")
    room.feed("/feed", [("/snow", "Snow on the pass")])
    (outcome,) = look(library, hands)
    assert (outcome.status, outcome.reason) == ("gone", "there is no such page (HTTP 404)")
    (gone,) = library.gone()
    assert (gone.title, gone.gone) == ("Bridge reopens", hands.clock().day())
    assert library.search("cracks", 1, mode="lexical")[0].article.id == gone.id  # it answers still
    assert look(library, hands) == []  # said once
    assert followed(library)[0].gone == 1

    room.pages["/bridge"] = page
    hands.time += DAY
    assert said(look(library, hands)) == {"unchanged": 2}
    assert library.gone() == []
    del room.pages["/bridge"]
    hands.time += 3 * DAY
    assert said(look(library, hands)) == {"unchanged": 1, "gone": 1}
    removed = look(library, hands, remove_gone=True)
    assert [(o.status, o.article and o.article.title) for o in removed] == [
        ("removed", "Bridge reopens")
    ]
    assert [head.title for head in library.heads()] == ["Snow on the pass"]


def test_what_a_person_removed_does_not_come_back(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    target, new = follow(library, f"{room.url}/feed")
    assert new
    look(library, hands)
    library.remove([article_id(f"{room.url}/bridge")])
    hands.time += DAY
    room.article("/bridge", "Bridge reopens", *GRAIN)
    room.feed("/feed", [("/bridge", "Bridge, again"), ("/snow", "Snow on the pass")])
    assert said(look(library, hands)) == {"unchanged": 1}
    assert follow(library, target) == (target, False)  # said anew, it may
    assert said(look(library, hands)) == {"added": 1}


def test_a_server_that_asks_for_patience_gets_it_across_runs(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    follow(library, f"{room.url}/feed")
    room.answers["/snow"] = (429, {"Retry-After": "1800"})
    outcomes = look(library, hands)
    assert said(outcomes) == {"postponed": 2}
    assert "asked to be left alone, for 32 min more" in str(outcomes[1].reason)  # 5% are chance
    assert room.requests() == ["/feed", "/snow"]
    hands.time += 1700
    outcomes = look(library, hands)  # as another process would: all of it is in the library
    assert said(outcomes) == {"postponed": 3}
    assert room.requests() == []
    assert "left alone" in followed(library)[0].note
    assert followed(library)[0].waiting == 2
    hands.time += 200
    del room.answers["/snow"]
    assert said(look(library, hands)) == {"added": 2}
    assert followed(library)[0].note == ""


def test_pauses_grow_while_a_server_fails(room: Newsroom, library: Library, hands: Hands) -> None:
    follow(library, f"{room.url}/feed")
    room.answers["/feed"] = (503, {})
    asked = []
    for _ in range(200):
        look(library, hands)
        if room.requests():
            asked.append(hands.time)
        hands.time += 60
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[:4] == [60, 120, 180, 360]  # 60 · 2^n, three quarters of it by this chance
    del room.answers["/feed"]
    hands.time += DAY
    assert said(look(library, hands)) == {"added": 2}


def test_a_clock_that_was_set_back_stops_nothing_for_good(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    follow(library, f"{room.url}/feed")
    look(library, hands)
    hands.time -= 400 * DAY
    room.article("/bridge", "Bridge reopens", *BRIDGE, "It was corrected while the clock stood.")
    assert said(look(library, hands)) == {"unchanged": 1, "updated": 1}
    room.answers["/feed"] = (429, {"Retry-After": "60"})
    look(library, hands)
    hands.time -= 30  # by half the wait: kept to
    assert said(look(library, hands)) == {"postponed": 1}
    hands.time -= 3600
    del room.answers["/feed"]
    room.requests()
    look(library, hands)
    assert room.requests()[0] == "/feed"


def test_a_broken_feed_changes_nothing(room: Newsroom, library: Library, hands: Hands) -> None:
    follow(library, f"{room.url}/feed")
    look(library, hands)
    for broken in (b"<rss><channel>", b"\x00\x01", b"", b"<html><body>Oops</body></html>"):
        room.pages["/feed"] = ("application/rss+xml", broken)
        (outcome,) = look(library, hands)
        assert (outcome.status, outcome.origin) == ("refused", f"{room.url}/feed")
        assert followed(library)[0].note == outcome.reason
    assert library.gone() == []
    assert len(library) == 2
    room.answers["/feed"] = (410, {})
    assert said(look(library, hands)) == {"refused": 1}
    assert library.gone() == []


def test_robots_are_heeded(room: Newsroom, library: Library, hands: Hands) -> None:
    room.pages["/robots.txt"] = (
        "text/plain",
        b"User-agent: *\nDisallow: /bri*ge$\nCrawl-delay: 7\n",
    )
    follow(library, f"{room.url}/feed")
    outcomes = look(library, hands)
    assert said(outcomes) == {"added": 1, "refused": 1}
    assert next(o.reason for o in outcomes if o.status == "refused") == (
        "the site's robots.txt asks programs not to read it"
    )
    assert "/bridge" not in room.asked
    assert room.asked.count("/robots.txt") == 1
    assert hands.slept == 14  # between three requests


def test_a_site_whose_robots_cannot_be_read_is_left_alone(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    room.answers["/robots.txt"] = (500, {})
    follow(library, f"{room.url}/feed")
    assert said(look(library, hands)) == {"postponed": 1}
    assert room.requests() == []


def test_no_more_than_so_many_pages_of_a_host_at_once_with_a_delay_between(
    room: Newsroom, library: Library, hands: Hands
) -> None:
    paths = [(f"/{n}", f"Piece {n}") for n in range(5)]
    for n, (path, title) in enumerate(paths):
        room.article(path, title, *(f"{p} That was said {n} times on day {n}." for p in GRAIN))
    room.feed("/feed", paths)
    follow(library, f"{room.url}/feed")
    few = replace(QUICK, delay=2.0, most=2)
    assert said(look(library, hands, few))["postponed"] == 3
    assert hands.slept == 4
    look(library, hands, few)
    assert said(look(library, hands, few)).get("postponed", 0) == 0
    assert len(library) == 5
    pages = [path for path in room.asked if path not in ("/robots.txt", "/feed")]
    assert sorted(pages) == sorted(path for path, _ in paths)


def test_news_sitemaps_and_an_index_of_them(room: Newsroom, library: Library, hands: Hands) -> None:
    def url(path: str, title: str) -> str:
        return (
            f"<url><loc>{room.url}{path}</loc><n:news><n:publication><n:name>The Local Paper"
            f"</n:name></n:publication><n:publication_date>2024-05-06T08:00:00Z"
            f"</n:publication_date><n:title>{title}</n:title></n:news></url>"
        )

    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    room.pages["/news.xml"] = (
        "application/xml",
        f'<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "x">]><urlset {spaces}>'
        f"{url('/bridge', 'Bridge &a; reopens')}<url><loc>{room.url}/about</loc></url>"
        f"</urlset>".encode(),
    )
    room.pages["/index.xml"] = (
        "application/xml",
        f"<sitemapindex {spaces}><sitemap><loc>{room.url}/news.xml</loc></sitemap>"
        "<sitemap><loc>http://elsewhere.example/x.xml</loc></sitemap></sitemapindex>".encode(),
    )
    follow(library, f"{room.url}/index.xml")
    assert said(look(library, hands)) == {"added": 1}
    assert room.requests() == ["/index.xml", "/news.xml", "/bridge"]
    (head,) = library.heads()
    assert (head.source, str(head.published)) == ("The Local Paper", "2024-05-06")
    assert look(library, hands) == []
    assert room.requests() == ["/index.xml", "/news.xml"]
    room.pages["/news.xml"] = ("application/xml", f"<urlset {spaces}><url>".encode())
    (outcome,) = look(library, hands)
    assert (outcome.status, str(outcome.reason)[:21]) == ("refused", "the sitemap is broken")


def test_a_page_is_no_feed(room: Newsroom, library: Library, hands: Hands) -> None:
    follow(library, f"{room.url}/bridge")
    (outcome,) = look(library, hands)
    assert outcome.reason == "it is a page, no feed and no news sitemap; `dateline add` it"
    assert len(library) == 0


def test_following_is_told_what_it_can_follow(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UsageError, match="nothing is followed yet"):
        list(refresh(library))
    for wrong, why in (
        ("ftp://example.org/feed", "only http and https"),
        (str(tmp_path / "a.txt"), "is a file"),
        (str(tmp_path / "nowhere"), "check its name"),
    ):
        with pytest.raises(UsageError, match=why):
            follow(library, wrong)
    with pytest.raises(UsageError, match="isn't followed"):
        unfollow(library, "http://example.org/feed")
    follow(library, "http://example.org/feed", "The Example")
    with pytest.raises(UsageError, match="isn't followed"):
        list(refresh(library, ["http://example.org/other"]))
    (one,) = followed(library)
    assert (one.target, one.source, one.refreshed) == (
        "http://example.org/feed", "The Example", None,
    )  # fmt: skip
    unfollow(library, "http://example.org/feed")
    assert followed(library) == []


def test_what_is_let_go_keeps_its_articles(room: Newsroom, library: Library, hands: Hands) -> None:
    follow(library, f"{room.url}/feed")
    look(library, hands)
    unfollow(library, f"{room.url}/feed")
    assert len(library) == 2
    follow(library, f"{room.url}/feed")
    assert said(look(library, hands)) == {"unchanged": 2}  # read anew, there once
    assert len(library) == 2
