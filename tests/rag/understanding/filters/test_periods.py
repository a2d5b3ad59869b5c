"""Calendar arithmetic from a reference day; 18 May 2024 is a Saturday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.understanding.filters.periods import (
    ago,
    back,
    calendar_period,
    dated,
    later,
    latest_weekday,
    whole_month,
)

TODAY = date(2024, 5, 18)


@pytest.mark.parametrize(
    ("which", "unit", "first", "last"),
    [
        ("this", "week", date(2024, 5, 13), date(2024, 5, 19)),
        ("last", "week", date(2024, 5, 6), date(2024, 5, 12)),
        ("this", "weekend", date(2024, 5, 18), date(2024, 5, 19)),
        ("last", "weekend", date(2024, 5, 11), date(2024, 5, 12)),
        ("this", "month", date(2024, 5, 1), date(2024, 5, 31)),
        ("last", "month", date(2024, 4, 1), date(2024, 4, 30)),
        ("this", "year", date(2024, 1, 1), date(2024, 12, 31)),
        ("last", "year", date(2023, 1, 1), date(2023, 12, 31)),
    ],
)
def test_this_and_last(which: str, unit: str, first: date, last: date) -> None:
    assert calendar_period(which, unit, TODAY) == (first, last)


def test_last_month_of_january_is_in_the_year_before() -> None:
    assert calendar_period("last", "month", date(2024, 1, 31)) == whole_month(date(2023, 12, 5))


def test_units_back() -> None:
    assert back(TODAY, 36, "hour") == date(2024, 5, 16)
    assert back(TODAY, 2, "day") == date(2024, 5, 16)
    assert back(TODAY, 2, "week") == date(2024, 5, 4)
    assert back(date(2024, 3, 31), 1, "month") == date(2024, 2, 29)
    assert back(date(2024, 3, 31), 13, "month") == date(2023, 2, 28)


def test_the_longer_ago_the_less_exactly_it_is_meant() -> None:
    assert ago(TODAY, 3, "day") == (date(2024, 5, 15), date(2024, 5, 15))
    assert ago(TODAY, 2, "week") == (date(2024, 5, 1), date(2024, 5, 7))
    assert ago(TODAY, 2, "month") == (date(2024, 3, 3), date(2024, 4, 2))


def test_the_latest_weekday() -> None:
    assert latest_weekday(TODAY, 3) == date(2024, 5, 16)
    assert latest_weekday(TODAY, 5) == TODAY
    assert latest_weekday(TODAY, 5, before=True) == date(2024, 5, 11)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ((2023, None, None), (date(2023, 1, 1), date(2023, 12, 31))),
        ((2024, 2, None), (date(2024, 2, 1), date(2024, 2, 29))),
        ((2024, 5, 3), (date(2024, 5, 3), date(2024, 5, 3))),
        ((None, 3, None), (date(2024, 3, 1), date(2024, 3, 31))),
        ((None, 6, None), (date(2023, 6, 1), date(2023, 6, 30))),
        ((None, 5, 19), (date(2023, 5, 19), date(2023, 5, 19))),
        ((None, 2, 29), (date(2024, 2, 29), date(2024, 2, 29))),
        ((2023, 2, 29), None),
        ((None, 13, None), None),
        ((None, 6, 31), None),
        ((0, 1, 1), None),
    ],
)
def test_a_date_without_a_year_is_the_last_one_that_had_begun(
    stated: tuple[int | None, int | None, int | None], expected: tuple[date, date] | None
) -> None:
    assert dated(*stated, TODAY) == expected


@given(st.dates(), st.integers(0, 999), st.sampled_from(["hour", "day", "week", "month"]))
def test_going_back_never_goes_forward(day: date, count: int, unit: str) -> None:
    assert back(day, count, unit) <= day


@given(st.dates(), st.integers(-5_000_000, 5_000_000))
def test_later_stays_within_what_a_date_can_be(day: date, days: int) -> None:
    found = later(day, days)
    assert found in (date.min, date.max) or found - day == timedelta(days=days)


@given(st.dates(), st.sampled_from(["this", "last"]), st.sampled_from(["week", "month", "year"]))
def test_this_period_holds_the_day_and_the_last_one_ends_before_it(
    day: date, which: str, unit: str
) -> None:
    first, last = calendar_period(which, unit, day)
    assert first <= last
    if which == "this":
        assert first <= day <= last
    elif day > date(2, 1, 1):
        assert last < day
