"""Questions and outlets that make no sense: nothing raises, and next to nothing is read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import Filter
from rag.understanding.filters.asked_filter import FoundFilter, found, narrowings, reference_day
from rag.understanding.filters.prefer import prefer

SOURCES = [
    "", " ", "The", "the the", "1843", "?", "().*+[", "\ue000", "İstanbul", "x" * 500,
    " ".join(["Word"] * 40), "A", "Reuters"
]  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        "?",
        "\x00",
        "\ue000\ue000 reported on Tuesday",
        '"" "',
        "according to",
        "according to the",
        "According to 1843, what?",
        "According to ().*+[ what?",
        "What do articles from 0000-00-00 say?",
        "What do articles from 9999-99-99 say?",
        "What do articles from 99 May 99999 say?",
        "What do articles from 30 February say?",
        "What do articles between May and say?",
        "What do articles from to May from since say?",
        "in the news in",
        "\ud800",
    ],
)
def test_nothing_is_read(question: str) -> None:
    asked = found(question, SOURCES, date(2024, 5, 18))
    assert (asked.times, asked.outlets) == ((), ())


@pytest.mark.parametrize("question", ["last week " * 200, "articles from May 2024 " * 90])
def test_the_same_words_over_and_over(question: str) -> None:
    asked = found(question, [], date(2024, 5, 18))
    filters = [filter for filter, _ in narrowings(asked, Filter())]
    assert filters[-1] == Filter()
    assert len(filters) == 2


@pytest.mark.parametrize("today", [date.min, date(1, 1, 7), date.max])
def test_the_ends_of_the_calendar(today: date) -> None:
    for question in (
        "What happened in the last 999 months?",
        "What happened 999 weeks ago?",
        "What happened last year?",
        "What happened this week?",
        "What was in the news on Thursday?",
        "What do articles after 31 December 9999 say?",
        "What do articles before 0001-01-01 say?",
        "What do articles from 29 February say?",
    ):
        found(question, [], today)


def test_no_dated_article_means_no_times() -> None:
    asked = found("What did Reuters report last week, on Thursday?", SOURCES, None)
    assert (asked.times, asked.preferred) == ((), None)
    assert [part.phrase for part in asked.outlets] == ["Reuters"]


def test_no_sources() -> None:
    assert found("What does Reuters say?", [], date(2024, 5, 18)) == FoundFilter()


def test_the_first_days_of_the_calendar_are_a_reference_too() -> None:
    assert reference_day(date.min, date(2024, 5, 18)) == date.min
    assert reference_day(date.max, date.max) == date.max


def test_no_hits_are_no_hits() -> None:
    asked = found("What is the latest?", [], None)
    assert asked.preferred is not None
    assert prefer([], "What is the latest?", asked.preferred) == []


@given(
    st.text(max_size=300),
    st.lists(st.text(max_size=20), max_size=5),
    st.dates() | st.none(),
)
def test_any_text_is_a_question(question: str, sources: list[str], reference: date | None) -> None:
    list(narrowings(found(question, sources, reference), Filter()))
