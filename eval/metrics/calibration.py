"""Scores in 0..1 against yes/no labels. Rows: column 0 the score, column 1 the label (0 or 1).

AUC                P(score of a random yes > score of a random no), ties count half
balanced accuracy  (share of yes at or over the threshold + share of no under it) / 2
ECE                Σ_bins (n_b / n) · |mean score_b - share of yes_b|, ten equal-width bins
                   (Naeini et al. 2015)
Brier score        mean of (score - label)²  (Brier 1950)
AURC               area under risk against coverage (Geifman, El-Yaniv 2017): questions in
                   order of falling confidence; risk = share wrong among those answered so far
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from eval.stats import Floats, Statistic

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability plot: where its scores lie on average, and how often it's true."""

    score: float
    rate: float
    n: int


def auc(rows: Floats) -> float:
    """nan where all labels are the same."""
    scores, yes = rows[:, 0], rows[:, 1] > 0
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return math.nan
    ranks = rankdata(scores)
    return float((ranks[yes].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def balanced_accuracy(threshold: float) -> Statistic:
    def statistic(rows: Floats) -> float:
        said, yes = rows[:, 0] >= threshold, rows[:, 1] > 0
        if not yes.any() or yes.all():
            return math.nan
        return float((said[yes].mean() + (~said[~yes]).mean()) / 2)

    return statistic


def reliability(rows: Floats) -> list[Bin]:
    """The bins that hold anything, in order of score."""
    place = np.minimum((rows[:, 0] * BINS).astype(int), BINS - 1)
    found = []
    for b in range(BINS):
        inside = rows[place == b]
        if len(inside):
            means = inside.mean(axis=0)
            found.append(Bin(float(means[0]), float(means[1]), len(inside)))
    return found


def ece(rows: Floats) -> float:
    if not len(rows):
        return math.nan
    return sum(b.n / len(rows) * abs(b.score - b.rate) for b in reliability(rows))


def brier(rows: Floats) -> float:
    """Mean squared difference between score and truth."""
    return float(np.mean((rows[:, 0] - rows[:, 1]) ** 2)) if len(rows) else math.nan


def risk_coverage(rows: Floats) -> list[tuple[float, float]]:
    """(coverage, risk) after each question, most confident first; column 1: 1 where right."""
    order = np.argsort(-rows[:, 0], kind="stable")
    wrong = 1 - rows[order, 1]
    answered = np.arange(1, len(rows) + 1)
    return [
        (float(c), float(r))
        for c, r in zip(answered / len(rows), np.cumsum(wrong) / answered, strict=True)
    ]


def aurc(rows: Floats) -> float:
    return float(np.mean([risk for _, risk in risk_coverage(rows)])) if len(rows) else math.nan
