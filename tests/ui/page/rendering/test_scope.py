"""What is said of the part of the library that was searched."""

from __future__ import annotations

from datetime import date

import pytest

from index.search import Filter
from rag.understanding.filters.asked_filter import Phrase, Reading
from ui.page.rendering.scope import days_of, searched

MAY_6, MAY_12 = date(2024, 5, 6), date(2024, 5, 12)
OFF = "--no-filters-from-question searches without"


@pytest.mark.parametrize(
    ("filter", "reading", "said"),
    [
        (Filter(), Reading(), ""),
        (Filter(MAY_6, MAY_12, frozenset({"A"})), Reading(), ""),  # all of it was given
        (
            Filter(MAY_6),
            Reading(("last week",)),
            f"Only articles from 2024-05-06 on (from “last week”); {OFF}.",
        ),
        (
            Filter(MAY_6, MAY_12, frozenset({"B", "A"})),
            Reading(("last week", "B", "A")),
            "Only articles from 2024-05-06 to 2024-05-12, by A or B "
            f"(from “last week”, “B”, “A”); {OFF}.",
        ),
        (
            Filter(),
            Reading(dropped=("on Monday",)),
            "No article fits “on Monday”: searched without.",
        ),
        (
            Filter(),
            Reading(preferred=Phrase("latest", 0, 6, Filter())),
            f"Preferring newer articles (from “latest”); {OFF}.",
        ),
        (
            Filter(sources=frozenset({"A"})),
            Reading(("A",), ("last week",), Phrase("latest", 0, 6, Filter())),
            "Only articles by A (from “A”); Preferring newer articles (from “latest”); "
            f"{OFF}; No article fits “last week”: searched without.",
        ),
    ],
)
def test_what_the_question_said_and_nothing_else(
    filter: Filter, reading: Reading, said: str
) -> None:
    assert searched(filter, reading) == said


def test_days() -> None:
    assert days_of(Filter(MAY_6, MAY_6)) == "of 2024-05-06"
    assert days_of(Filter(until=MAY_6)) == "until 2024-05-06"
    assert days_of(Filter()) == ""
