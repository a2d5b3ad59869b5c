"""Outlets by the short names that people use; what isn't there names what is."""

from __future__ import annotations

import pytest

from index.errors import UsageError
from index.sources import named

HELD = {
    "BBC News": 40,
    "The Sample Courier": 3,
    "New York Times": 7,
    "Courier Mail": 1,
    "Le Monde": 2,
}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("BBC News", {"BBC News"}),
        ("bbc news", {"BBC News"}),
        ("BBC", {"BBC News"}),
        ("the Sample Courier", {"The Sample Courier"}),
        ("sample courier", {"The Sample Courier"}),
        ("the Courier", {"The Sample Courier"}),
        ("NYT", {"New York Times"}),
        ("monde", {"Le Monde"}),
    ],
)
def test_short_names(asked: str, meant: set[str]) -> None:
    assert named([asked], HELD) == meant


def test_a_name_as_it_stands_goes_before_a_part_of_another() -> None:
    assert named(["Courier"], {"Courier": 1, "Courier Mail": 1}) == {"Courier"}
    assert named(["the courier"], {"Courier": 1, "Courier Mail": 1}) == {"Courier"}


@pytest.mark.parametrize("asked", ["Courrier", "BB", "News BBC", "", "?!"])
def test_one_that_is_not_there_names_those_that_are(asked: str) -> None:
    with pytest.raises(UsageError, match="the library has no outlet") as told:
        named(["BBC", asked], HELD)
    assert all(f"'{source}'" in str(told.value) for source in HELD)


def test_the_closest_is_named_first_and_not_too_many() -> None:
    many = {f"Paper {n}": n for n in range(40)} | {"Le Monde": 1}
    with pytest.raises(UsageError, match=r"it has 'Le Monde', .* and 31 more$"):
        named(["Le Mnde"], many)


def test_a_library_without_outlets() -> None:
    with pytest.raises(UsageError, match="none of its articles names one"):
        named(["BBC"], {})
