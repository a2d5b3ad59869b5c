"""What a question's own words narrow the search to, and what is tried when that leaves nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import Filter
from rag.understanding.filters.asked_filter import (
    FoundFilter,
    Phrase,
    found,
    narrowings,
    reference_day,
)

TODAY = date(2024, 5, 18)
SOURCES = ["The Guardian", "Reuters", "The Sample Courier", "Harbin Ledger", "People"]
SEEDS = Path(__file__).parents[4] / "seeds"


def read(question: str, sources: list[str] = SOURCES) -> FoundFilter:
    return found(question, sources, TODAY)


def day(month: int, day: int) -> date:
    return date(2024, month, day)


# --- what is found ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "phrases", "first"),
    [
        ("What happened last month?", ["last month"], Filter(day(4, 1))),
        (
            "What did Reuters report last week?",
            ["last week", "Reuters"],
            Filter(day(5, 6), day(5, 12), frozenset({"Reuters"})),
        ),
        (
            "What do the Guardian and Reuters say?",
            ["Guardian", "Reuters"],
            Filter(sources=frozenset({"The Guardian", "Reuters"})),
        ),
        # the days that hold both
        (
            "What do articles from April 2024 and articles since 3 May say?",
            ["from April 2024", "since 3 May"],
            Filter(day(4, 1)),
        ),
        (
            "What was in the news on Monday, and in the news on Wednesday?",
            ["on Monday", "on Wednesday"],
            Filter(day(5, 13), day(5, 15)),
        ),
        ("How large was trade in 2023?", [], Filter()),
    ],
)
def test_phrases_and_the_filter_that_they_make(
    question: str, phrases: list[str], first: Filter
) -> None:
    filter, reading = next(iter(narrowings(read(question), Filter())))
    assert list(reading.found) == phrases
    assert filter == first


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("What is the latest figure for unemployment?", "latest"),
        ("What is the most recent estimate?", "most recent"),
        ("Who is the current rector?", "current"),
        ("What did he most recently say?", "most recently"),
        ("Who currently runs the bank?", "currently"),
        ("Which is the newest of the bridges?", "newest"),
    ],
)
def test_a_wish_for_the_newest_narrows_nothing(question: str, phrase: str) -> None:
    asked = read(question)
    assert asked.preferred is not None
    assert (asked.preferred.phrase, asked.preferred.filter) == (phrase, Filter())
    assert (asked.times, asked.outlets) == ((), ())


@pytest.mark.parametrize(
    "question",
    [
        "What must be paid by May at the latest?",
        "How large is the current account deficit?",
        "Which ocean current is the fastest?",
        "How strong is the current of the river?",
        "Which currency is used?",
    ],
)
def test_other_senses_of_newest(question: str) -> None:
    assert read(question).preferred is None


def test_no_question_of_the_samples_is_narrowed() -> None:
    questions = [
        json.loads(line)["question"]
        for line in (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    outlets = {
        line.partition(":")[2].strip()
        for article in (SEEDS / "articles").glob("*.md")
        for line in article.read_text(encoding="utf-8").splitlines()
        if line.startswith("source:")
    }
    assert len(questions) == 71
    assert "The Sample Courier" in outlets
    for question in questions:
        assert read(question, sorted(outlets)) == FoundFilter(), question


_PIECES = [
    "last month", "on Thursday", "the Guardian", "Reuters", "according to", "articles from",
    "May 2024", "in the news", "say", "reported", "since 3 May", "“last week”", "latest", "What",
    "did", "yesterday", "'s headlines", "between 3 and 10 May 2024", "than", ",", "people", "İ", "ﬁ"
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=8)), max_size=12))
def test_every_phrase_slices_back_from_the_question(pieces: list[str]) -> None:
    question = " ".join(pieces)
    asked = read(question)
    for part in (*asked.times, *asked.outlets, *([asked.preferred] if asked.preferred else [])):
        assert part.phrase == question[part.start : part.end] != ""
        assert part.phrase.strip() == part.phrase
    for part in asked.times:
        assert part.filter.since or part.filter.until
        if part.filter.since and part.filter.until:
            assert part.filter.since <= part.filter.until


# --- from when "last month" counts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (date(2024, 5, 18), TODAY),
        (date(2024, 5, 19), TODAY),  # another time zone
        (date(2024, 4, 17), TODAY),
        (date(2024, 4, 16), date(2024, 4, 16)),
        (date(1963, 12, 27), date(1963, 12, 27)),
        (None, None),
    ],
)
def test_an_old_library_is_asked_from_where_it_ends(
    newest: date | None, expected: date | None
) -> None:
    assert reference_day(newest, TODAY) == expected


# --- what is tried, in turn ---------------------------------------------------------------------

LAST_WEEK = Phrase("last week", 0, 9, Filter(day(5, 6), day(5, 12)))
SINCE = Phrase("since April", 10, 21, Filter(day(4, 1)))
GUARDIAN = Phrase("Guardian", 30, 38, Filter(sources=frozenset({"The Guardian"})))
REUTERS = Phrase("Reuters", 40, 47, Filter(sources=frozenset({"Reuters"})))
LATEST = Phrase("latest", 50, 56, Filter())


def tried(
    asked: FoundFilter, given: Filter | None = None
) -> list[tuple[Filter, tuple[str, ...], tuple[str, ...]]]:
    return [(f, r.found, r.dropped) for f, r in narrowings(asked, given or Filter())]


def test_times_are_dropped_before_outlets() -> None:
    guardian = frozenset({"The Guardian"})
    assert tried(FoundFilter((LAST_WEEK,), (GUARDIAN,))) == [
        (Filter(day(5, 6), day(5, 12), guardian), ("last week", "Guardian"), ()),
        (Filter(sources=guardian), ("Guardian",), ("last week",)),
        (Filter(), (), ("last week", "Guardian")),
    ]


def test_nothing_is_tried_twice() -> None:
    assert tried(FoundFilter()) == [(Filter(), (), ())]
    assert tried(FoundFilter(outlets=(REUTERS, GUARDIAN))) == [
        (Filter(sources=frozenset({"Reuters", "The Guardian"})), ("Reuters", "Guardian"), ()),
        (Filter(), (), ("Reuters", "Guardian")),
    ]


def test_what_was_given_stays_field_by_field() -> None:
    asked = FoundFilter((LAST_WEEK,), (GUARDIAN,))
    sources = Filter(sources=frozenset({"Reuters"}))
    assert tried(asked, sources) == [
        (Filter(day(5, 6), day(5, 12), sources.sources), ("last week",), ()),
        (sources, (), ("last week",)),
    ]
    until = Filter(until=day(5, 8))
    assert tried(asked, until)[0][0] == Filter(day(5, 6), day(5, 8), frozenset({"The Guardian"}))
    assert tried(asked, until)[-1][0] == until
    both = Filter(day(1, 1), day(1, 31), frozenset({"Reuters"}))
    assert tried(asked, both) == [(both, (), ())]


def test_days_that_contradict_the_given_ones_are_not_read() -> None:
    given = Filter(until=day(3, 1))
    assert tried(FoundFilter((SINCE,)), given) == [(given, (), ())]


def test_what_is_given_leaves_the_wish_for_the_newest() -> None:
    [(_, reading)] = narrowings(FoundFilter(preferred=LATEST), Filter(since=day(1, 1)))
    assert reading.preferred == LATEST


def test_what_was_asked_goes_before_how_it_was_understood() -> None:
    asked = FoundFilter((LAST_WEEK,))
    understood = FoundFilter((SINCE,), (GUARDIAN,), LATEST)
    assert asked | understood == FoundFilter((LAST_WEEK,), (GUARDIAN,), LATEST)
