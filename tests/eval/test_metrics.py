"""Metrics against values worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.calibration import (
    auc,
    aurc,
    balanced_accuracy,
    ece,
    reliability,
    risk_coverage,
)
from eval.metrics.overlap import gold_sentence_recall, rouge_l
from eval.metrics.ranking import rank_scores
from eval.metrics.text import (
    contains,
    contains_all,
    contains_any,
    exact_match,
    normalised,
    token_f1,
    unmarked,
)


def test_ranking_of_one_relevant_at_rank_two_and_one_missed() -> None:
    found = rank_scores(["a", "b", "c"], {"b": 1, "z": 1})
    ideal = 1 + 1 / math.log2(3)
    assert found["nDCG@10"] == pytest.approx((1 / math.log2(3)) / ideal)
    assert found["Recall@4"] == 0.5
    assert found["MRR@10"] == 0.5
    assert found["Hits@4"] == 1
    assert found["MAP@10"] == pytest.approx((1 / 2) / 2)


def test_ranking_uses_grades_for_ndcg_and_every_relevant_rank_for_map() -> None:
    found = rank_scores(["low", "no", "high"], {"high": 2, "low": 1})
    gained = 1 / math.log2(2) + 2 / math.log2(4)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert found["nDCG@10"] == pytest.approx(gained / ideal)
    assert found["MAP@10"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert found["MRR@10"] == 1


def test_ranking_looks_no_further_than_its_depth() -> None:
    ranked = [f"d{n}" for n in range(1, 12)]
    fifth, eleventh = rank_scores(ranked, {"d5": 1}), rank_scores(ranked, {"d11": 1})
    assert (fifth["Hits@4"], fifth["Hits@10"], fifth["MRR@10"]) == (0, 1, 0.2)
    assert (eleventh["Hits@10"], eleventh["MRR@10"], eleventh["MAP@10"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("The 1,204 people.", "1204 people"),
        ("711, 988 people; 5, 20 and 3,1415", "711988 people 5 20 and 31415"),
        ("  A  man,  an ox  ", "man ox"),
        ("2.65 crowns", "265 crowns"),
        ("St. Osk’s bell", "st osks bell"),
    ],
)
def test_normalising(written: str, kept: str) -> None:
    assert normalised(written) == kept


def test_exact_match_and_f1_are_squads() -> None:
    assert exact_match("The monks!", ["monks"]) == 1
    assert exact_match("by monks", ["monks"]) == 0
    # words: given {it, was, founded, by, monks} and {monks}: P 1/5, R 1, F 1/3
    assert token_f1("It was founded by monks.", ["monks"]) == pytest.approx(1 / 3)
    assert token_f1("It was founded by monks.", ["nuns", "founded by monks"]) == pytest.approx(
        2 * (3 / 5) / (3 / 5 + 1)
    )


def test_contains_keeps_to_whole_words() -> None:
    assert contains("It cost 212 million crowns. [1]", "212 million")
    assert not contains("It cost 1212 million crowns.", "212 million")
    assert contains("By 61 percent", "61")
    assert not contains("anything", "...")
    assert contains_any("in 1246 by monks", ["nuns", "monks"]) == 1
    assert contains_all("in 1246 by monks", ["1246", "nuns"]) == 0
    assert contains_all("in 1246 by monks", []) == 0


def test_marks_of_citations_are_not_words() -> None:
    assert unmarked("It opened. [1] It closed. [12]") == "It opened. It closed."


def test_rouge_l_by_hand() -> None:
    # longest common subsequence of (police kill gunman) and (police killed the gunman): stemmed,
    # police-kill-gunman, 3 of 4 and 3 of 3: F = 2·.75·1/1.75
    assert rouge_l("police kill gunman", ["police killed the gunman"]) == pytest.approx(6 / 7)
    assert rouge_l("police kill gunman", ["unrelated", "police kill gunman"]) == 1


def test_gold_sentence_recall_needs_half_of_a_sentences_content_words() -> None:
    gold = ["Stems slow the waves.", "Sheep graze on it."]  # stems slow waves; sheep graze
    assert gold_sentence_recall("The stems slow them", gold) == 0.5
    assert gold_sentence_recall("stems slow while sheep rest", gold) == 1
    assert gold_sentence_recall("anything", []) is None


def rows(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, dtype=float)


def test_auc_counts_pairs_and_halves_ties() -> None:
    # pairs yes over no: .9>.5, .9>.1, .5=.5, .5>.1: 3.5 of 4
    assert auc(rows((0.9, 1), (0.5, 1), (0.5, 0), (0.1, 0))) == 3.5 / 4
    assert math.isnan(auc(rows((0.9, 1), (0.1, 1))))


@given(
    st.lists(
        st.tuples(st.integers(0, 6).map(lambda n: n / 6), st.sampled_from([0.0, 1.0])),
        min_size=2,
        max_size=30,
    )
)
def test_auc_is_the_share_of_ordered_pairs(pairs: list[tuple[float, float]]) -> None:
    yes = [s for s, label in pairs if label]
    no = [s for s, label in pairs if not label]
    if not yes or not no:
        assert math.isnan(auc(rows(*pairs)))
        return
    ordered = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    assert auc(rows(*pairs)) == pytest.approx(ordered / (len(yes) * len(no)))


def test_balanced_accuracy_weighs_both_labels_the_same() -> None:
    found = balanced_accuracy(0.5)(rows((0.9, 1), (0.6, 1), (0.4, 1), (0.2, 1), (0.6, 0)))
    assert found == (2 / 4 + 0 / 1) / 2


def test_ece_by_hand() -> None:
    # bin .2-.3: scores .2, .3 (the upper bin holds .3); bin .9-1: score 1 belongs to the last
    sample = rows((0.22, 0), (0.28, 1), (1.0, 1), (0.9, 0))
    assert ece(sample) == pytest.approx((2 / 4) * abs(0.25 - 0.5) + (2 / 4) * abs(0.95 - 0.5))
    low, high = reliability(sample)
    assert low.score == pytest.approx(0.25)
    assert high.score == pytest.approx(0.95)
    assert (low.rate, low.n) == (high.rate, high.n) == (0.5, 2)


def test_risk_and_coverage_leave_the_least_sure_out_first() -> None:
    sample = rows((0.2, 0), (0.9, 1), (0.5, 1), (0.4, 0))
    assert risk_coverage(sample) == [
        (0.25, 0.0),
        (0.5, 0.0),
        (0.75, pytest.approx(1 / 3)),
        (1, 0.5),
    ]
    assert aurc(sample) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
