from __future__ import annotations

from datetime import date

import pytest

from index.errors import UsageError
from ui.cli.days import first_day, last_day


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
