"""Probabilities to one, and to a verdict. Worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from rag.checking import verdict
from rag.checking.verdict import Calibration, Judged, calibration, log_odds, shipped

HAND = Calibration(
    answer={"intercept": -1.0, "stated": 0.5, "supported": 1.0, "alone": 0.25},
    statement={"intercept": 0.5, "alone": 2.0},
    stated_from=0.9,
    shown_from=0.5,
    fits=True,
)


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_probability_is_the_logistic_of_the_weighted_log_odds() -> None:
    # log-odds of .5, .8, .9: 0, ln 4, ln 9
    judged = Judged(stated=0.5, supported=0.8, alone=0.9)
    expected = logistic(-1.0 + math.log(4) + 0.25 * math.log(9))
    assert HAND.probability(judged) == pytest.approx(expected)
    assert HAND.statement_probability(0.8) == pytest.approx(logistic(0.5 + 2 * math.log(4)))


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (1.0, "stated"),
        (0.9, "stated"),
        (0.899, "check this"),
        (0.5, "check this"),
        (0.499, "withheld"),
        (0.0, "withheld"),
        (math.nan, "withheld"),
    ],
)
def test_the_thresholds_are_the_least_that_count(probability: float, expected: str) -> None:
    assert HAND.verdict(probability) == expected


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-12])
def test_certainty_is_bounded(p: float) -> None:
    assert abs(log_odds(p)) == pytest.approx(math.log(0.9999 / 0.0001), rel=1e-6)


class Named:
    def __init__(self, **identity: str) -> None:
        self.identity = identity


def test_with_another_judge_the_calibration_says_that_it_does_not_fit() -> None:
    own = Named(**shipped()["judge"])
    other = Named(**{**shipped()["judge"], "adapter": "0" * 64})
    assert calibration(own).fits  # type: ignore[arg-type]
    assert not calibration(other).fits  # type: ignore[arg-type]
    assert replace(calibration(own), fits=False) == calibration(other)  # type: ignore[arg-type]


def test_what_ships_raises_with_each_of_the_judges_probabilities() -> None:
    made = calibration(Named(**shipped()["judge"]))  # type: ignore[arg-type]
    sure = Judged(0.99, 0.99, 0.99)
    for name in ("stated", "supported", "alone"):
        assert made.probability(replace(sure, **{name: 0.2})) < made.probability(sure)
    assert made.verdict(made.probability(sure)) == "stated"
    assert made.verdict(made.probability(Judged(0.01, 0.01, 0.01))) == "withheld"
    assert verdict.shipped()["thresholds"]["shown_from"] <= made.stated_from


def test_readme_gives_the_error_rates_that_were_measured() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    rates = shipped()["cross_validated"]["verdicts"]
    for words, verdict_ in (
        ("Stated in the source", "stated"),
        ("Check this", "check this"),
        ("withheld, not shown", "withheld"),
    ):
        rate = rates[verdict_]
        assert f"| {words} | {rate['false']} of {rate['n']}" in readme
