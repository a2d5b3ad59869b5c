"""From probabilities and truth to thresholds and rates, by hand and against brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.fitting.verdicts import (
    MOST_FALSE,
    Asked,
    Rate,
    Thresholds,
    answer_features,
    borne_out,
    chosen,
    cross_validated,
    fitted,
    loss,
    rates,
    statements,
)


def asked(draft: str, **more: object) -> Asked:
    fields: dict[str, object] = {
        "id": "1", "set": "xquad", "page": "Harbour", "question": "When did the tram open?",
        "answerable": True, "gold": ("1931",), "sentences": (), "draft": draft, "stated": 0.9,
        "supported": 0.8, "alone": 0.7,
    }  # fmt: skip
    return Asked(**{**fields, **more})  # type: ignore[arg-type]


# --- what is right ------------------------------------------------------------------------------


def test_a_short_answer_is_right_where_it_stands_in_the_draft() -> None:
    assert asked("It opened in 1931.").right
    assert not asked("It opened in 1913.").right
    assert not asked("It opened in 1931.", answerable=False).right


def test_a_long_answer_is_right_where_the_gold_sentences_bear_it_out() -> None:
    gold = ("The tram, built by Osk, opened in 1931 with two lines.",)

    def right(draft: str) -> bool:
        return asked(draft, sentences=gold, gold=("In 1931.",)).right

    assert right("The tram opened in 1931 with two lines.")
    assert right("The tram opened in 1931.")  # the question's own words count neither way
    assert not right("The tram opened in 1932 with two lines.")
    assert not right("The tram opened with cheering crowds and bands.")
    assert not right("The tram did open.")  # says the question again


def test_what_somebody_read_goes_before_the_rules() -> None:
    assert asked("In the spring after 1930.", read=True).right
    assert not asked("It didn't open in 1931.", read=False).right


def test_borne_out_needs_numbers_and_most_of_the_other_words() -> None:
    text = ["Halloran opened the bridge over the Dunmarrow in 1931."]
    assert borne_out("Halloran opened it in 1931.", "Who opened the bridge?", text)
    assert not borne_out("Halloran opened it in 1913.", "Who opened the bridge?", text)
    assert not borne_out("", "Who opened the bridge?", text)


def test_statements_are_those_whose_truth_is_known() -> None:
    each = ((True, 0.9), (False, 0.2), (None, 0.5))
    assert statements(asked("In 1931.", each=each)) == [(0.9, True), (0.2, False)]
    # a wrong draft isn't what the gold passage says; of the other nobody knows
    assert statements(asked("In 1913.", each=each)) == [(0.9, False)]
    assert statements(asked("In 1931.", each=each, answerable=False)) == []
    assert statements(asked("In 1931.", each=each, sentences=("In 1931.",))) == []


# --- weights ------------------------------------------------------------------------------------


def test_features_are_log_odds_in_the_order_of_the_weights() -> None:
    found = answer_features([asked("x", stated=0.5, supported=0.9, alone=0.1)])
    assert found == pytest.approx(np.array([[0.0, np.log(9), -np.log(9)]]))
    assert answer_features([]).shape == (0, 3)


def test_weights_go_by_name_and_with_what_tells_right_from_wrong() -> None:
    x = np.array([[2.0, 0.1], [3.0, -0.1], [-2.0, 0.1], [-3.0, -0.1]])
    weights = fitted(x, np.array([True, True, False, False]), ("stated", "alone"))
    assert list(weights) == ["intercept", "stated", "alone"]
    assert weights["stated"] > 0.5
    assert abs(weights["alone"]) < 0.1
    assert abs(weights["intercept"]) < 0.01


def test_no_page_is_judged_by_itself() -> None:
    """The signal is turned round on one page: whoever learnt from it would get it right."""
    x = np.array([[1.0]] * 8 + [[-1.0]] * 8 + [[1.0], [-1.0]] * 4)
    right = np.array([True] * 8 + [False] * 8 + [False, True] * 4)
    pages = [f"p{n % 4}" for n in range(16)] + ["turned"] * 8
    found = cross_validated(x, right, pages, folds=0)
    assert (found[16::2] > 0.5).all()
    assert (found[17::2] < 0.5).all()


# --- thresholds ---------------------------------------------------------------------------------

#       right  right  wrong  right  wrong
FIVE = np.array([0.9, 0.8, 0.6, 0.5, 0.2])
TRUTH = np.array([True, True, False, True, False])


def test_the_loss_by_hand() -> None:
    # stated: two right; to check: one wrong (1), one right (1/4); withheld: one wrong
    assert loss(FIVE, TRUTH, Thresholds(0.7, 0.4)) == 1.25
    # stated: two right, one wrong (10); withheld: one right (1), one wrong
    assert loss(FIVE, TRUTH, Thresholds(0.55, 0.55)) == 11
    assert loss(FIVE, TRUTH, Thresholds(1.0, 1.0)) == 3  # three right ones withheld


def test_the_thresholds_of_least_loss_by_hand() -> None:
    """Nothing to check: showing 0.6 and 0.5 costs 3.25, withholding both 1."""
    assert chosen(FIVE, TRUTH) == Thresholds(0.7, 0.7)
    # with four more right ones at 0.5, showing to check costs 3 + 5/4, withholding 5
    more = np.array([0.9, 0.8, 0.6, *[0.5] * 5, 0.2])
    right = np.array([True, True, False, *[True] * 5, False])
    assert chosen(more, right) == Thresholds(0.7, 0.35)


def test_at_most_two_in_a_hundred_stated_are_false() -> None:
    """The surest is wrong: stating the 40 after it would cost 10 and save 40, but 1 of 41 is too
    many; of 51 it isn't."""
    for n, stated in ((40, False), (50, True)):
        p = np.array([0.99, *[0.9] * n])
        right = np.array([False, *[True] * n])
        assert (chosen(p, right).stated_from == 0.0) is stated
        assert chosen(p, right).shown_from == 0.0


def test_equally_likely_sentences_stay_together() -> None:
    same = np.array([0.5, 0.5, 0.5])
    assert chosen(same, np.array([True, True, False])).stated_from in (0.0, 1.0)


def test_nothing_right_is_never_stated_and_nothing_at_all_is_well() -> None:
    assert chosen(np.array([0.9, 0.1]), np.array([False, False])) == Thresholds(1.0, 1.0)
    assert chosen(np.array([]), np.array([], dtype=bool)) == Thresholds(1.0, 1.0)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.45, 0.6, 0.8, 0.95]), st.booleans())))
def test_no_other_thresholds_lose_less(rows: list[tuple[float, bool]]) -> None:
    p = np.array([score for score, _ in rows], dtype=np.float64)
    right = np.array([true for _, true in rows], dtype=bool)
    found = chosen(p, right)
    assert found.stated_from >= found.shown_from
    stated = rates(p, right, found)[0]
    assert stated.false <= MOST_FALSE * stated.n
    values = sorted({0.0, 1.0, *(a / 2 + b / 2 for a, b in pairwise(sorted(set(p))))})
    for shown in values:
        for state in (v for v in values if v >= shown):
            other = Thresholds(state, shown)
            first = rates(p, right, other)[0]
            if first.false <= MOST_FALSE * first.n:
                assert loss(p, right, found) <= loss(p, right, other) + 1e-9


# --- rates --------------------------------------------------------------------------------------


def test_rates_by_verdict() -> None:
    found = rates(FIVE, TRUTH, Thresholds(0.7, 0.4))
    assert found == (Rate("stated", 2, 0), Rate("check this", 2, 1), Rate("withheld", 1, 1))
    assert found[1].as_json() == {
        "n": 2, "false": 1, "share": 0.5, "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
    }  # fmt: skip
    assert Rate("stated", 0, 0).as_json()["share"] is None
