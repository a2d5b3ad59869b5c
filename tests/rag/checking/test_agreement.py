"""Dates, names and negation between a claim and its source. Worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from rag.checking.agreement import compare, holds_name, names, negations
from rag.checking.facts.days import days

FRIDAY = date(2024, 5, 17)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("on 17 May", (None, 5, 17, None)),
        ("on May 17, 2024", (2024, 5, 17, None)),
        ("the 3rd of March", (None, 3, 3, None)),
        ("2024-05-17", (2024, 5, 17, None)),
        ("in June 1998", (1998, 6, None, None)),
        ("on Sept. 5", (None, 9, 5, None)),
        ("last Friday", (None, None, None, 4)),
    ],
)
def test_reads_a_date(text: str, parts: tuple[int | None, ...]) -> None:
    (day,) = days(text)
    assert (day.year, day.month, day.day, day.weekday) == parts


@pytest.mark.parametrize("text", ["He may go.", "They march on.", "Mar the paint", "a decent man"])
def test_words_that_look_like_months(text: str) -> None:
    assert days(text) == ()


@pytest.mark.parametrize(
    ("claim", "source", "published"),
    [
        ("It was on 17 May.", "It was on Friday.", FRIDAY),
        ("It was on Friday.", "It was on 17 May.", date(2024, 5, 18)),
        ("It was on May 17, 2024.", "It was on 17 May.", FRIDAY),
        ("It was in May.", "It was on 17 May.", None),
        ("It was on 17 May.", "It was today.", FRIDAY),
        ("It was in 2024.", "It was this year.", FRIDAY),
    ],
)
def test_dates_that_are_borne_out(claim: str, source: str, published: date | None) -> None:
    assert compare(claim, source, published).missing == ()


@pytest.mark.parametrize(
    ("claim", "source", "published", "missing"),
    [
        ("It was on 17 May.", "It was on Friday.", None, "17 May"),
        ("It was on 17 May.", "It was on Thursday.", date(2024, 5, 20), "17 May"),
        ("It was on 17 May.", "It was in May.", None, "17 May"),
        ("It was on May 17, 2023.", "It was on 17 May 2024.", None, "May 17, 2023"),
        ("It was on Friday.", "It was on Thursday.", None, "Friday"),
    ],
)
def test_dates_that_are_not(claim: str, source: str, published: date | None, missing: str) -> None:
    assert compare(claim, source, published).missing_dates == (missing,)


def test_the_year_of_publication_goes_without_saying_unless_the_quote_says_another() -> None:
    claim = "It was put under sanctions in 2024."
    around = "The institute is known. It was put under sanctions."
    for quote, missing in [("It was put under sanctions in 2020.", ("2024",)), (around, ())]:
        found = compare(claim, f"{quote} {around}", FRIDAY, quote=quote)
        assert found.missing_numbers == missing


def test_names() -> None:
    assert names("The Bank of England said Vladimir Putin met Xi in Beijing.") == (
        "Bank of England",
        "Vladimir Putin",
        "Xi",
        "Beijing",
    )
    assert names("Trade grew on Monday in March.") == ()


@pytest.mark.parametrize(
    ("text", "name", "held"),
    [
        ("Joe Biden's plan", "Biden", True),
        ("the EU said", "European Union", True),
        ("the U.S. envoy", "US", True),
        ("the Chinese premier", "China", True),
        ("talks in Ukraine", "Ukrainian", True),
        ("the English court", "England", True),
        ("the Franco - German pact", "Franco-German", True),
        ("Kim and Khloé", "Khloe", True),
        ("in Australia", "Austrian", False),
        ("in Iran", "Iraq", False),
        ("Michelle Obama spoke", "Barack Obama", False),
        ("a bank in england", "Bank of England", True),
    ],
)
def test_holds_a_name(text: str, name: str, held: bool) -> None:
    assert holds_name(text, name) is held


def test_what_is_missing_is_named() -> None:
    found = compare(
        "In Paris, Emmanuel Macron pledged 40 million euros.",
        "In Paris, Olaf Scholz pledged 30 million euros.",
    )
    assert found.missing_names == ("Emmanuel Macron",)
    assert found.missing_numbers == ("40 million euros",)
    assert found.share == pytest.approx(1 / 3)  # of Paris, Emmanuel Macron and the amount


def test_a_name_in_the_title_is_not_missing() -> None:
    assert compare("On Monday, Macron left.", "On Monday, he left.", about="Macron").missing == ()


def test_negation() -> None:
    assert negations("He didn't go and never will.") == 2
    assert compare("He went.", "He did not go.").negation_differs
    assert not compare("He refused to go.", "He did not go.").negation_differs
