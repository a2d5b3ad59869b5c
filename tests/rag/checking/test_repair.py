"""A claim is cut to what holds, or left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.repair import shortened

SOURCE = (
    "The central bank of Norland cut its main rate to 3.5% on Friday. Its governor, Ines Falk, "
    "said that prices had stopped rising. The rate had been 4% since March."
)


@pytest.mark.parametrize(
    ("claim", "left"),
    [
        (
            "The central bank cut its main rate to 3.5%, its third cut in 2019.",
            "The central bank cut its main rate to 3.5%.",
        ),
        (
            "The central bank cut its rate to 3.5% on Friday, and Sweden followed, to 2%.",
            "The central bank cut its rate to 3.5% on Friday.",
        ),
        (
            "The central bank cut its main rate to 3.5% after a vote of 7 to 2.",
            "The central bank cut its main rate to 3.5%.",
        ),
        (
            "Governor Ines Falk, a former minister aged 58, said prices had stopped rising.",
            "Governor Ines Falk said prices had stopped rising.",
        ),
    ],
)
def test_what_does_not_hold_is_cut(claim: str, left: str) -> None:
    assert shortened(claim, SOURCE) == left


@pytest.mark.parametrize(
    "claim",
    [
        "The central bank cut its main rate to 3.5% on Friday, said Ines Falk.",  # all of it holds
        "The central bank cut its main rate to 2.5%, its third cut in 2019.",  # none of it would
        "In 2019, the central bank cut its main rate to 3.5%.",  # it opens with what fails
        "Sweden cut it, and so on.",
        "",
    ],
)
def test_what_cannot_be_cut_is_left(claim: str) -> None:
    assert shortened(claim, SOURCE) is None


@given(st.text(max_size=120))
def test_only_words_of_the_claim_are_left(claim: str) -> None:
    left = shortened(claim, SOURCE)
    if left is not None:
        assert len(left) <= len(claim) + 1
        assert set(left[:-1].split()) <= set(claim.replace(",", " ,").split()) | set(claim.split())
