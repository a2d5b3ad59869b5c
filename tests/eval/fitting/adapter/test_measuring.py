"""Held-out sets and what is counted on them, by hand-worked values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.fitting.adapter.held_out import Claims, Reading, claims, passages_of, readings, some_of
from eval.fitting.adapter.measuring import Job, as_json, figures, of_claims, of_readings, table


class Fake:
    """Writes the passage's last word, and is sure of whatever is among the sure words."""

    def __init__(self, sure: Sequence[str]) -> None:
        self._sure = sure

    def yes(self, jobs: Sequence[Job]) -> list[list[float]]:
        return [
            [0.9 if any(s in (said or ask) for s in self._sure) else 0.1 for ask, said in job.asks]
            for job in jobs
        ]

    def write(self, jobs: Sequence[Job]) -> list[list[str]]:
        return [[job.passages[0].split()[-1] for _ in job.asks] for job in jobs]


def test_figures_by_hand() -> None:
    found = figures(
        stated=[0.9, 0.8, 0.4, 0.6], checked=[0.9, 0.3, 0.9, 0.7], right=[1, 1, 0, 0],
        own=[1, 1, 1, 0],
    )  # fmt: skip
    assert found["draft right"].value == pytest.approx(2 / 3)
    assert found["draft right"].n == 3
    assert found["stated AUC"].value == pytest.approx(2 / 3)  # .9 and .8 over .6, .4 under it
    assert found["stated balanced accuracy"].value == pytest.approx((2 / 3 + 0) / 2)
    assert found["check AUC"].value == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert found["wrong of shown"].value == pytest.approx(1 / 2)  # the first and the last
    assert found["right shown"].value == pytest.approx(1 / 2)


def test_readings_are_asked_for_drafts_and_judged_on_them() -> None:
    held = [Reading(("It is blue",), (("What colour?", ("blue",)), ("What size?", ())))]
    found = of_readings(Fake(["colour", "blue"]), held)
    assert found["draft right"].value == 1
    assert found["stated AUC"].value == 1
    assert found["check AUC"].value == 0.5  # the same draft, right for one of the two
    assert found["wrong of shown"].value == 0


def test_claims_are_asked_as_statements() -> None:
    held = [Claims(("It is blue.",), (("It is blue.", True), ("It is red.", False)))]
    found = of_claims(Fake(["blue"]), held)
    assert (found["AUC"].value, found["balanced accuracy"].value) == (1, 1)
    assert "| x | AUC | 1.000" in table({"x": found})
    assert as_json({"x": found})["x"]["AUC"]["n"] == 2


def test_nothing_to_score_isnt_zero() -> None:
    found = figures([], [], [], [])
    assert all(cell.value is None for cell in found.values())


def test_an_article_is_cut_at_sentences() -> None:
    text = " ".join(f"Sentence number {n} has these words." for n in range(60))
    found = passages_of(text)
    assert " ".join(found) == text
    assert all(len(p.split()) <= 160 and p.endswith(".") for p in found)
    assert len(passages_of(text * 9)) == 10


def test_foreign_questions_are_of_the_page_and_not_answered_there(tmp_path: Path) -> None:
    def paragraph(n: int) -> dict[str, object]:
        text = f"Bridge {n} cost {n}00 crowns."
        qas = [{"id": str(n), "question": f"Cost of {n}?", "answers": [{"text": f"{n}00"}]}]
        return {"context": text, "qas": qas}

    page = {"title": "Some_Bridges", "paragraphs": [paragraph(n) for n in range(1, 5)]}
    folder = tmp_path / "xquad"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"data": [page]}))
    found = readings(tmp_path)
    assert len(found) == 2
    for one in found:
        assert all(passage.startswith("Some Bridges\n") for passage in one.passages)
        text = " ".join(one.passages)
        own = [gold for _, gold in one.questions if gold]
        assert len(own) == 2
        assert all(answer in text for gold in own for answer in gold)
        assert len(one.questions) == 4
    assert readings(tmp_path) == found


def test_claims_of_one_article_stand_together(tmp_path: Path) -> None:
    folder = tmp_path / "qags"
    folder.mkdir()
    votes = [{"response": r} for r in ("yes", "yes", "no")]
    said = [{"sentence": "Blue.", "responses": votes}]
    said.append({"sentence": "Red.", "responses": votes[2:]})
    row = {"article": "It is blue.", "summary_sentences": said}
    (folder / "xsum.jsonl").write_text(json.dumps(row) + "\n")
    assert claims(tmp_path, "xsum") == [
        Claims(("It is blue.",), (("Blue.", True), ("Red.", False)))
    ]


def test_a_larger_part_holds_a_smaller_one() -> None:
    assert some_of(range(20), 10)[:5] == some_of(range(20), 5)
    assert sorted(some_of(range(20), None)) == list(range(20))
