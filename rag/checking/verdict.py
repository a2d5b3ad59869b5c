"""What the Judge's probabilities mean: how likely a sentence is right, and the verdict on it. Pure.

Its probabilities are sure of themselves, and each errs in its own way, so one calibrated
probability is made of them: a logistic regression over their log-odds (Platt 1999), fitted on
answers whose truth is known and that took no part in training
(`python -m eval.fitting.calibration`).

The thresholds are those with the least loss on the same answers, where a false sentence shown as
stated costs ten of a right one withheld, one shown to be checked as much as one, and a right one
that must be checked a quarter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rag.generating.judge import Judge

Verdict = Literal["stated", "check this", "withheld"]

_FILE = Path(__file__).with_name("calibration.json")
_SURE = 1e-4  # probabilities nearer to 0 or 1 are taken for this


@dataclass(frozen=True, slots=True)
class Judged:
    """Of an answer's sentence, each 0..1: that the passages state an answer (`stated`), that this
    is it (`supported`), and that the best single passage bears it out (`alone`)."""

    stated: float
    supported: float
    alone: float

    def features(self) -> dict[str, float]:
        """Log-odds by name."""
        return {
            "stated": log_odds(self.stated),
            "supported": log_odds(self.supported),
            "alone": log_odds(self.alone),
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of log-odds, by name, for an answer's sentence and for a statement by itself; from
    which probability on a sentence is stated, or shown to be checked; whose they are.

    `fits` is False when another Judge is at work: its probabilities then mean less than they say.
    """

    answer: Mapping[str, float]
    statement: Mapping[str, float]
    stated_from: float
    shown_from: float
    fits: bool

    def probability(self, judged: Judged) -> float:
        return _logistic(self.answer, judged.features())

    def statement_probability(self, alone: float) -> float:
        """Of a sentence that answers no question, over one passage."""
        return _logistic(self.statement, {"alone": log_odds(alone)})

    def verdict(self, probability: float) -> Verdict:
        if not probability >= self.shown_from:
            return "withheld"
        return "stated" if probability >= self.stated_from else "check this"


def calibration(judge: Judge) -> Calibration:
    """The shipped one. Raises nothing: with another Judge it is used all the same, and says so."""
    data = shipped()
    return Calibration(
        data["answer"],
        data["statement"],
        data["thresholds"]["stated_from"],
        data["thresholds"]["shown_from"],
        data["judge"] == judge.identity,
    )


@cache
def shipped() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data


def log_odds(probability: float) -> float:
    p = min(max(probability, _SURE), 1 - _SURE)
    return math.log(p / (1 - p))


def _logistic(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    total = weights["intercept"] + sum(weights[name] * features[name] for name in features)
    return 1 / (1 + math.exp(-total))
