"""A logistic regression that was fitted elsewhere: what verdicts and abstentions are decided by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Logistic:
    """`probability = sigmoid(intercept + Σ weight · (signal - mean) / scale)`."""

    intercept: float
    names: tuple[str, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    def probability(self, signals: Mapping[str, float]) -> float:
        """0 when any signal is missing or not a number: what can't be judged doesn't pass."""
        total = self.intercept
        rows = zip(self.names, self.weights, self.means, self.scales, strict=True)
        for name, weight, mean, scale in rows:
            value = signals.get(name, math.nan)
            if not math.isfinite(value):
                return 0.0
            total += weight * (value - mean) / scale
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


Column = tuple[float, ...]


def columns(data: Mapping[str, Any]) -> tuple[float, tuple[str, ...], Column, Column, Column]:
    """The fields of a Logistic, in order, from the JSON form that the fitting scripts write."""
    rows = data["signals"]

    def column(name: str) -> Column:
        return tuple(row[name] for row in rows.values())

    return data["intercept"], tuple(rows), column("weight"), column("mean"), column("scale")


def log_odds(probability: float) -> float:
    return math.log((probability + 1e-6) / (1 - probability + 1e-6))
