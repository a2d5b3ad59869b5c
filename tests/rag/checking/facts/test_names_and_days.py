"""Dates and names in texts, and which are the same. Worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from rag.checking.facts.days import days, same_day
from rag.checking.facts.names import holds_name, names

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
    ("one", "other", "published", "same"),
    [
        ("on 17 May", "on Friday", FRIDAY, True),
        ("on Friday", "on 17 May", date(2024, 5, 18), True),
        ("on May 17, 2024", "on 17 May", FRIDAY, True),
        ("in May", "on 17 May", None, True),
        ("on 17 May", "on Friday", None, False),
        ("on 17 May", "on Thursday", date(2024, 5, 20), False),
        ("on 17 May", "in May", None, False),
        ("on May 17, 2023", "on 17 May 2024", None, False),
        ("on Friday", "on Thursday", None, False),
    ],
)
def test_the_same_day(one: str, other: str, published: date | None, same: bool) -> None:
    (mine,), (theirs,) = days(one), days(other)
    assert same_day(mine, theirs, published) is same


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
