from __future__ import annotations

from datetime import date

import pytest

from index.errors import UsageError
from index.search import Filter
from ui.filters import first_day, last_day, make_filter


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-05-17", date(2024, 5, 17), date(2024, 5, 17)),
        ("2024-5-7", date(2024, 5, 7), date(2024, 5, 7)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
        (" 2024 ", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_month_or_year_is_taken_from_its_first_day_to_its_last(
    text: str, first: date, last: date
) -> None:
    assert first_day(text) == first
    assert last_day(text) == last


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13",
        "2024-00",
        "2023-02-29",
        "17.05.2024",
        "0000",
        "24-05-17",
        "2024-5-",
    ],
)
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    for read in (first_day, last_day):
        with pytest.raises(UsageError, match="write it like 2024-05-17") as caught:
            read(text)
        assert caught.value.exit_code == 2
        assert repr(text) in str(caught.value)


def test_nothing_chosen_is_no_filter() -> None:
    assert make_filter("", None, []) is None


def test_a_filter_is_of_days_and_outlets() -> None:
    wanted = Filter(date(2025, 1, 2), date(2025, 2, 28), frozenset({"A", "B"}))
    assert make_filter("2025-01-02", "2025-02", ["A", "B"]) == wanted
    with pytest.raises(UsageError, match="'soon' is no date"):
        make_filter("", "soon", [])


def test_a_first_day_after_the_last_one_is_said_instead_of_finding_nothing() -> None:
    with pytest.raises(UsageError, match="from 2025-02-01 on and until 2025-01-01; swap them"):
        make_filter("2025-02-01", "2025-01-01", [])
    assert make_filter("2025-01-01", "2025-01-01", [])
