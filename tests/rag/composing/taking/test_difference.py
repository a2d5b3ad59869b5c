from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.composing.taking.difference import difference


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        # 240/146 = 1.644; 239.5/146.5 = 1.635, 240.5/145.5 = 1.653
        (
            "Trade was $240bn in 2023.",
            "Trade was $146bn in 2021.",
            "$240bn is about 64% more than $146bn.",
        ),
        ("It lost €300.00.", "It lost €200.00.", "€300.00 is 50% more than €200.00."),
        (
            "Trade grew by 64%.",
            "It grew by 46 per cent.",
            "64% is 18 percentage points more than 46 per cent.",
        ),
        ("A share of 1.5%.", "A share of 0.5%.", "1.5% is 1 percentage point more than 0.5%."),
        ("Trade came to $240bn.", "It was $240.1bn.", "$240.1bn and $240bn agree, one is rounded."),
        ("It grew by 64%.", "A rise of 64%.", "Both say 64%."),
        ("It grew by 64%.", "A rise of 64 per cent.", "64% and 64 per cent are the same amount."),
        ("Five ministers came.", "Three ministers came.", "Five is 2 more than Three."),
        (
            "It carries 50.0 billion cubic metres of gas a year.",
            "It carries 25.0 billion cubic metres a year.",
            "50.0 billion is 2 times 25.0 billion.",
        ),
    ],
)
def test_what_differs_is_worked_out(one: str, other: str, said: str) -> None:
    assert difference(one, other) == said
    assert set(difference(other, one).split()) >= set(said.split()[-1:])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It sells $300m a month.", "It sells $240bn a year."),  # other times
        ("It has 420 ships.", "It has 300 people."),  # other things
        ("It lost $5bn.", "It lost €4bn."),  # other money
        ("It grew by 64%.", "It grew to $240bn."),
        ("More than 600 ships came.", "500 ships came."),  # a bound
        ("It was founded in 1920.", "It was founded in 1935."),
        ("70% of tools and 90% of chips.", "A share of 40%."),  # which of the two?
        ("Nothing is said.", "It grew by 64%."),
        ("", ""),
    ],
)
def test_nothing_is_derived_from_what_is_not_alike(one: str, other: str) -> None:
    assert difference(one, other) == difference(other, one) == ""


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_greater_amount_is_never_said_to_be_less(a: int, b: int) -> None:
    said = difference(f"It cost ${a}.", f"It cost ${b}.")
    if " more than " in said or " times " in said:
        first, last = (int(w.strip("$.")) for w in said.split() if w.startswith("$"))
        assert first > last


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert isinstance(difference(one, other), str)
