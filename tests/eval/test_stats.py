from __future__ import annotations

import numpy as np
import pytest

from eval.metrics.calibration import auc
from eval.stats import (
    difference,
    interval,
    mean,
    median,
    percentile95,
    ratio_of_medians,
    share_given,
    share_of_sums,
    wilson,
)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float).reshape(-1, 1)


def test_the_bootstrap_of_a_mean_has_the_width_that_theory_gives() -> None:
    sample = np.random.default_rng(1).normal(10, 2, size=(400, 1))
    found = interval(sample, seed=3)
    error = sample.std() / 20
    assert found.low is not None
    assert found.high is not None
    assert found.low == pytest.approx(sample.mean() - 1.96 * error, abs=0.25 * error)
    assert found.high == pytest.approx(sample.mean() + 1.96 * error, abs=0.25 * error)
    assert found.n == 400


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    sample = column(*np.random.default_rng(0).random(30))
    assert interval(sample, seed=5) == interval(sample, seed=5)
    assert interval(sample, seed=5).low != interval(sample, seed=6).low


def test_all_right_is_not_certain() -> None:
    """Ten of ten: Wilson's interval by hand: (1, n / (n + z²)) = 10 / 13.84."""
    found = interval(column(*[1.0] * 10))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(10 / (10 + 1.96**2), abs=1e-3)
    assert wilson(0, 10)[1] == pytest.approx(1 - 10 / (10 + 1.96**2), abs=1e-3)


def test_share_given_counts_only_those_given() -> None:
    rows = np.array([[1, 1], [0, 1], [1, 0], [1, 0]], dtype=float)
    found = interval(rows, share_given)
    assert found.value == 0.5
    assert found.n == 2


def test_medians_ratios_percentiles() -> None:
    rows = np.array([[1, 2], [3, 4], [100, 6]], dtype=float)
    assert median(rows) == 3
    assert ratio_of_medians(rows) == 3 / 4
    assert percentile95(column(*range(101))) == 95


def test_a_difference_pairs_question_with_question() -> None:
    old = column(*[0.0] * 12, *[1.0] * 8)
    new = column(*[1.0] * 6, *[0.0] * 6, *[1.0] * 8)
    found = difference(new, old)
    assert found is not None
    assert found.value == pytest.approx(6 / 20)
    assert (found.wins, found.losses, found.ties) == (6, 0, 14)
    assert found.low > 0
    # six changes, all one way: two-sided sign flips give 2/2⁶
    assert found.p == pytest.approx(2 / 64, abs=0.01)


def test_no_difference_is_not_significant() -> None:
    rng = np.random.default_rng(2)
    a = column(*rng.integers(0, 2, 60))
    b = column(*rng.permutation(a[:, 0]))
    found = difference(a, b)
    assert found is not None
    assert found.value == 0
    assert found.low < 0 < found.high
    assert found.p is not None
    assert found.p > 0.5


def test_a_difference_of_aucs_resamples_both_runs_together() -> None:
    labels = np.array([1, 0] * 30, dtype=float)
    good = np.stack([labels * 0.5 + np.linspace(0, 0.4, 60), labels], axis=1)
    bad = np.stack([np.tile([0.1, 0.2, 0.3], 20), labels], axis=1)
    found = difference(good, bad, auc)
    assert found is not None
    assert found.value == auc(good) - auc(bad)
    assert found.low > 0
    assert found.p is None


def test_rows_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="don't pair"):
        difference(column(1, 2), column(1))


def test_mean_is_of_the_first_column() -> None:
    assert mean(np.array([[1.0, 9.0], [3.0, 9.0]])) == 2


def test_a_share_of_sums_counts_sentences_not_answers() -> None:
    rows = np.array([[1.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    assert share_of_sums(rows) == 0.2
    assert np.isnan(share_of_sums(rows[2:]))
    found = interval(rows, share_of_sums)
    assert (found.value, found.n) == (0.2, 5)
