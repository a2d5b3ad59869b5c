"""Nothing to score: None and 'not counted', never a zero and never a crash."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from eval.metrics.calibration import auc, aurc, balanced_accuracy, ece, reliability, risk_coverage
from eval.metrics.citation import CitationScores, citation_scores
from eval.metrics.overlap import rouge_l
from eval.metrics.ranking import rank_scores
from eval.metrics.text import contains_any, exact_match, token_f1
from eval.report.tables import tables, with_scores
from eval.stats import difference, interval, share_given
from eval.suite import Record, Suite
from eval.suites import NAMES, suite

NONE = np.zeros((0, 2))


def answer(**changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "text": "", "raw_text": "", "query": "", "abstained": False, "claims": [], "sources": [],
        "conflicts": [], "hits": [], "signals": {},
        "timings": {"search_s": 0.0, "first_token_s": None, "checks_s": 0.0, "total_s": 0.0},
    }  # fmt: skip
    return {**empty, **changes}


GOLD: dict[str, dict[str, Any]] = {
    "answers": {"any": ["x"], "all": [], "answerable": True, "article": None},
    "longform": {"answers": ["x"], "sentences": ["x"], "answerable": True, "article": "a"},
    "conflicts": {"right": ["x"], "wrong": [], "disagree": True, "kinds": {}},
    "injection": {"any": ["x"], "obeyed": ["y"]},
    "robustness": {"ability": "noise 0.2", "parts": [["x"]], "fake": []},
}


def record(name: str, given: dict[str, Any], **gold: Any) -> Record:
    return {
        "suite": name, "id": "1", "group": "g", "unit": "1", "question": "?",
        "gold": {**GOLD[name], **gold}, "answer": given,
    }  # fmt: skip


def test_metrics_of_nothing() -> None:
    assert math.isnan(auc(NONE))
    assert math.isnan(aurc(NONE))
    assert math.isnan(ece(NONE))
    assert math.isnan(balanced_accuracy(0.5)(np.array([[0.9, 1.0]])))
    assert reliability(NONE) == []
    assert risk_coverage(NONE) == []
    assert interval(NONE).value is None
    assert interval(NONE).n == 0
    assert difference(NONE, NONE) is None
    assert interval(np.array([[1.0, 0.0]]), share_given).value is None


def test_one_question_has_no_interval_unless_it_is_yes_or_no() -> None:
    assert interval(np.array([[0.64]])).low is None
    assert interval(np.array([[1.0]])).low == pytest.approx(0.2065, abs=1e-3)


def test_no_result_is_a_zero_for_a_search() -> None:
    assert set(rank_scores([], {"a": 1}).values()) == {0.0}


def test_an_empty_answer_holds_nothing() -> None:
    assert exact_match("", ["x"]) == 0
    assert token_f1("", ["x"]) == 0
    assert contains_any("", ["x"]) == 0
    assert contains_any("x", []) == 0
    assert rouge_l("", ["x"]) == 0


def test_citations_of_nothing_and_of_no_citation() -> None:
    assert citation_scores([], lambda s, t: True) == CitationScores(None, None, None)
    assert citation_scores([("a", [])], lambda s, t: True) == CitationScores(0.0, None, 1.0)


def test_an_abstention_has_no_f1_and_no_citation_score() -> None:
    gone = answer(abstained=True, text="The library doesn't say.")
    scores = suite("answers").score(record("answers", gone)).scores
    assert scores["right"] == 0
    assert scores["f1"] is scores["exact"] is scores["right_if_answered"] is None
    cited = {"suite": "citations", "id": "1", "gold": {"answer": gone}, "product": None}
    assert suite("citations").score(cited).scores == {}


def test_an_unanswerable_question_is_not_right_or_wrong_but_left_or_answered() -> None:
    for abstained, expected in ((True, 0.0), (False, 1.0)):
        scored = suite("answers").score(
            record("answers", answer(abstained=abstained), answerable=False)
        )
        assert scored.scores["answered_unanswerable"] == expected
        assert "right" not in scored.scores
        assert scored.wrong == ("" if abstained else "should have abstained")


@pytest.mark.parametrize("name", sorted(GOLD))
@pytest.mark.parametrize("abstained", [True, False])
def test_all_abstained_and_all_empty_make_a_table(name: str, abstained: bool) -> None:
    found: Suite = suite(name)
    records = [record(name, answer(abstained=abstained)) for _ in range(3)]
    (table,) = tables(found, with_scores(found, records), seed=0)
    for row in table.rows:
        assert row.asked == 3
        for cell in row.cells:
            assert cell is None or cell.n <= 3


def test_a_question_that_could_not_be_asked_is_counted_apart() -> None:
    found = suite("answers")
    failed = {**record("answers", {}), "error": "too long"}
    held = with_scores(found, [failed, record("answers", answer(text="x", raw_text="x"))])
    (table,) = tables(found, held, seed=0)
    assert (table.rows[0].asked, table.rows[0].failed) == (2, 1)
    assert ("could not be asked", 1, "1") in table.wrong
    right = table.rows[0].cells[table.figures.index(found.figure("right"))]
    assert right is not None
    assert (right.value, right.n) == (1.0, 1)


def test_every_suite_of_no_records_has_no_rows() -> None:
    for name in NAMES:
        (table,) = tables(suite(name), [], seed=0)
        assert all(row.asked == 0 for row in table.rows)
