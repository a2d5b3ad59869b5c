"""How sure a figure is: bootstrap intervals and paired comparisons, seeded.

    interval   percentile bootstrap over questions (Efron 1979), 95%
    difference paired bootstrap of a difference, with a sign-flip permutation p-value for means

Questions are resampled as if drawn independently; questions on the same article are not quite
independent, so intervals are a little too narrow where many questions share one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]
"""From rows of scores, shape (questions, columns), to one figure (nan where undefined)."""

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval and how many questions it counts; None: nothing to score."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`new - old` over the questions that both runs hold, with its 95% interval.

    `p` is two-sided, from sign-flip permutations; None for a figure that isn't a mean.
    """

    value: float
    low: float
    high: float
    n: int
    wins: int
    losses: int
    ties: int
    p: float | None


def mean(rows: Floats) -> float:
    """Mean of the first column."""
    return float(rows[:, 0].mean()) if len(rows) else math.nan


def median(rows: Floats) -> float:
    """Median of the first column."""
    return float(np.median(rows[:, 0])) if len(rows) else math.nan


def percentile95(rows: Floats) -> float:
    """95th percentile of the first column."""
    return float(np.percentile(rows[:, 0], 95)) if len(rows) else math.nan


def ratio_of_medians(rows: Floats) -> float:
    """Median of the first column over the median of the second: the same run's baseline."""
    return median(rows) / median(rows[:, 1:]) if len(rows) and median(rows[:, 1:]) else math.nan


def share_given(rows: Floats) -> float:
    """Mean of the first column where the second is 1: precision, recall. nan where none is."""
    chosen = rows[rows[:, 1] > 0]
    return mean(chosen)


def share_of_sums(rows: Floats) -> float:
    """Sum of the first column over that of the second, both counts: of all sentences, some."""
    whole = float(rows[:, 1].sum())
    return float(rows[:, 0].sum()) / whole if whole else math.nan


def interval(rows: Floats, statistic: Statistic = mean, *, seed: int = 0) -> Interval:
    """Percentile bootstrap over rows; no limits from a single row.

    A yes/no score that is the same for every question (or sentence) would get an interval of no
    width, so it gets Wilson's (1927) instead.
    """
    n = len(rows)
    value = statistic(rows)
    if not n or math.isnan(value):
        return Interval(None, None, None, n)
    counted = _counted(rows, statistic)
    yes_no = statistic is share_of_sums or (
        statistic in (mean, share_given) and _binary(rows[:, 0])
    )
    if yes_no and value in (0.0, 1.0):
        low, high = wilson(round(value * counted), counted)
        return Interval(value, low, high, counted)
    samples = _resample(rows, statistic, seed) if counted > 1 else rows[:0, 0]
    if not len(samples):
        return Interval(value, None, None, counted)
    low, high = _limits(samples)
    return Interval(value, low, high, counted)


def difference(
    new: Floats, old: Floats, statistic: Statistic = mean, *, seed: int = 0
) -> Difference | None:
    """Paired: row i of both is the same question. None where either side can't be scored."""
    if new.shape != old.shape:
        raise ValueError(f"rows that don't pair: {new.shape} against {old.shape}")
    value = statistic(new) - statistic(old)
    if not len(new) or math.isnan(value):
        return None
    both = np.concatenate([new, old], axis=1)
    width = new.shape[1]

    def gap(rows: Floats) -> float:
        return statistic(rows[:, :width]) - statistic(rows[:, width:])

    if statistic is mean:
        samples = _resample(new[:, :1] - old[:, :1], mean, seed)
        p = float(
            scipy_stats.permutation_test(
                (new[:, 0], old[:, 0]),
                lambda a, b, axis: np.mean(a - b, axis=axis),
                permutation_type="samples",
                vectorized=True,
                n_resamples=5000,
                rng=np.random.default_rng(seed),
            ).pvalue
        )
    else:
        samples, p = _resample(both, gap, seed), None
    low, high = _limits(samples) if len(samples) else (math.nan, math.nan)
    change = new[:, 0] - old[:, 0]
    return Difference(
        value=value,
        low=low,
        high=high,
        n=len(new),
        wins=int((change > 0).sum()),
        losses=int((change < 0).sum()),
        ties=int((change == 0).sum()),
        p=p,
    )


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927)."""
    found = scipy_stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def _resample(rows: Floats, statistic: Statistic, seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    picks = generator.integers(0, len(rows), size=(RESAMPLES, len(rows)))
    if statistic is mean:
        samples = rows[:, 0][picks].mean(axis=1)
    else:
        samples = np.array([statistic(rows[pick]) for pick in picks])
    kept: Floats = samples[~np.isnan(samples)]
    return kept


def _limits(samples: Floats) -> tuple[float, float]:
    edge = (1 - LEVEL) / 2
    low, high = np.quantile(samples, [edge, 1 - edge])
    return float(low), float(high)


def _counted(rows: Floats, statistic: Statistic) -> int:
    if statistic is share_of_sums:
        return int(rows[:, 1].sum())
    return int((rows[:, 1] > 0).sum()) if statistic is share_given else len(rows)


def _binary(column: Floats) -> bool:
    return bool(np.isin(column, (0.0, 1.0)).all())
