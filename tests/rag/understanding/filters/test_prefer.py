"""Newer articles go first only among hits that hold the question as well as the best one."""

from __future__ import annotations

from datetime import date

import pytest

from index.article import Article
from index.library import Library
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.understanding.filters.asked_filter import Phrase, found
from rag.understanding.filters.prefer import prefer
from tests.fakes import FakeEncoder

NEWEST = Phrase("latest", 0, 6, Filter())
QUESTION = "What is the latest unemployment rate in Ruritania?"


def hit(id: str, text: str, published: date | None, dense: float = 0.6, rank: int = 1) -> Hit:
    article = Article(id, "", text, "Sample Courier", published)
    return Hit(Passage(id, 0, len(text), text), article, 0.03, rank, dense, None, rank, None)


def rate(month: int | None, percent: float, dense: float = 0.6, rank: int = 1) -> Hit:
    published = None if month is None else date(2024, month, 7)
    text = f"Unemployment in Ruritania stood at a rate of {percent}%."
    return hit(f"m{month}", text, published, dense, rank)


def ids(hits: list[Hit]) -> list[str]:
    return [hit.article.id for hit in hits]


def test_of_equals_the_newest_goes_first_and_ranks_are_counted_anew() -> None:
    hits = [rate(3, 4.1), rate(2, 4.0, 0.59), rate(5, 4.4, 0.57), rate(4, 4.3, 0.55)]
    ranked = prefer(hits, QUESTION, NEWEST)
    assert ids(ranked) == ["m5", "m3", "m4", "m2"]
    assert [h.rank for h in ranked] == [1, 2, 3, 4]
    assert {h.article.id: h.dense for h in ranked} == {h.article.id: h.dense for h in hits}


def test_the_best_hit_stays_among_the_first_two() -> None:
    hits = [rate(1, 4.1), rate(4, 4.0), rate(3, 4.2), rate(5, 4.4)]
    assert ids(prefer(hits, QUESTION, NEWEST)) == ["m5", "m1", "m4", "m3"]


def test_a_newer_hit_that_holds_less_of_the_question_stays_behind() -> None:
    weather = hit("weather", "It rained in Ruritania.", date(2024, 5, 20), 0.6)
    abroad = hit("abroad", "The unemployment rate in Borduria rose.", date(2024, 5, 21), 0.6)
    far = rate(5, 4.4, 0.45)
    hits = [rate(3, 4.1), weather, abroad, far]
    assert ids(prefer(hits, QUESTION, NEWEST)) == ["m3", "weather", "abroad", "m5"]


def test_articles_without_a_date_are_not_new() -> None:
    hits = [rate(None, 4.1), rate(2, 4.0), rate(3, 4.2)]
    assert ids(prefer(hits, QUESTION, NEWEST)) == ["m3", "mNone", "m2"]


def test_old_articles_that_say_latest_are_not_nearer_for_it() -> None:
    old = hit("old", "The latest unemployment rate in Ruritania was 3.9%.", date(2020, 1, 1))
    assert ids(prefer([old, rate(5, 4.4)], QUESTION, NEWEST)) == ["m5", "old"]


# --- over a small library of monthly reports, and what else is written in the same days -----------

MONTHS = ["January", "February", "March", "April", "May"]
ASKED = [
    ("What is the latest unemployment rate in Ruritania?", "unemployment-5"),
    ("What is the most recent figure for exports of steel?", "steel-4"),
    ("What is the current price of bread in Sampleton?", "bread-5"),
    ("Who is the current rector of the Institute of Sampleton?", "rector-3"),
    ("What did the ferry company most recently say about the night ferry?", "ferry-2"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    said = {
        "unemployment": "The unemployment rate in Ruritania was {n} per cent in {month}.",
        "steel": "The figure for exports of steel from Ruritania was {n}00 tonnes in {month}.",
        "bread": "The price of bread in Sampleton was {n} crowns a loaf in {month}.",
        "rector": "Ada Number{n} is the rector of the Institute of Sampleton.",
        "ferry": "The ferry company said in {month} that the night ferry would sail {n} times.",
        "weather": "It rained on {n} days of {month} in Sampleton and all over Ruritania.",
        "football": "In {month} the team of Sampleton won {n} games; the captain is Bo Sample.",
    }
    last = {"steel": 4, "rector": 3, "ferry": 2}
    opened = Library.open(
        tmp_path_factory.mktemp("monthly"), FakeEncoder(dimension=4096), create=True
    )
    for topic, text in said.items():
        for n, month in enumerate(MONTHS[: last.get(topic, 5)], 1):
            opened.put(
                Article(
                    f"{topic}-{n}",
                    f"{topic.title()} in {month}",
                    text.format(n=n, month=month),
                    "Sample Courier",
                    date(2024, n, 27 if topic in ("weather", "football") else 20),
                )
            )
    return opened


@pytest.mark.parametrize(("question", "newest"), ASKED)
def test_the_newest_of_a_kind_is_first_whatever_else_is_newer(
    library: Library, question: str, newest: str
) -> None:
    wanted = found(question, [], date(2024, 5, 28)).preferred
    assert wanted is not None
    assert ids(prefer(library.search(question, 30), question, wanted))[0] == newest
