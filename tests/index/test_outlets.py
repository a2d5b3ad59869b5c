"""Which outlets a person means by a name. Worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.outlets import matching, short_names

SOURCES = [
    "BBC News", "The Sample Courier", "The Guardian", "guardian", "The New York Times",
    "Global Times", "Reuters", "World News Daily", "The", ""
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("The Sample Courier", {"The Sample Courier"}),
        ("the sample courier", {"The Sample Courier"}),
        ("Sample Courier", {"The Sample Courier"}),
        ("Courier", {"The Sample Courier"}),
        ("the Courier", {"The Sample Courier"}),
        ("BBC", {"BBC News"}),
        ("The BBC", {"BBC News"}),
        ("Guardian", {"The Guardian", "guardian"}),  # spellings of one name
        ("New York Times", {"The New York Times"}),
        ("NYT", {"The New York Times"}),
        ("Times", {"The New York Times", "Global Times"}),  # short for both
        ("REUTERS", {"Reuters"}),
        # what is no short name
        ("Sample", set()),
        ("New York", set()),
        ("News", set()),
        ("Daily", set()),
        ("The", set()),
        ("Courier-Mail", set()),
        ("Specimen", set()),
        ("", set()),
        ("?", set()),
    ],
)
def test_names_that_people_use(name: str, sources: set[str]) -> None:
    assert matching(name, SOURCES) == sources


def test_a_whole_name_goes_before_what_it_is_short_for() -> None:
    assert matching("Courier", ["Courier", "The Sample Courier"]) == {"Courier"}


@given(st.text(max_size=30), st.lists(st.text(max_size=20), max_size=5))
def test_any_source_with_a_word_in_it_answers_to_its_own_name(name: str, others: list[str]) -> None:
    found = matching(name, [name, *others])
    assert found <= {name, *others}
    assert name in found or not found


def test_a_name_without_end_is_called_nothing_for_short() -> None:
    """A regression: a page that calls its outlet 8,000 words made every search by outlet hang."""
    assert short_names(" ".join(f"w{n}" for n in range(11))) == frozenset()
    assert ("w9",) in short_names(" ".join(f"w{n}" for n in range(10)))
