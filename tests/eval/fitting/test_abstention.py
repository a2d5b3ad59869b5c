"""Which answers the decision to show is fitted on, and what they are called; the fit by rank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from eval.fitting.abstention import CANDIDATES, cross_validated, rows


def record(id: str, gold: dict[str, Any], raw: str, query: str = "Who came?") -> dict[str, Any]:
    return {
        "suite": "answers",
        "id": id,
        "unit": id,
        "group": "own",
        "gold": {"any": [], "all": [], **gold},
        "answer": {"query": query, "raw_text": raw, "signals": dict.fromkeys(CANDIDATES, 0.5)},
    }


def run(folder: Path, records: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    (folder / "answers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    return folder


def test_an_answer_is_to_be_shown_if_its_draft_is_right_and_the_question_has_one(
    tmp_path: Path,
) -> None:
    records = [
        record("one", {"any": ["Kim", "Park"]}, "Park came."),
        record("wrong", {"any": ["Kim"]}, "Park came."),
        record("half", {"all": ["Kim", "Park"]}, "Park came."),
        record("none", {"any": [], "answerable": False}, "Park came."),
        {**record("no signals", {"any": ["Kim"]}, "Kim."), "answer": {"signals": {}}},
        {**record("elsewhere", {"any": ["Kim"]}, "Kim."), "suite": "injection"},
        record("parts", {"any": ["Kim"]}, "Kim. In May.", "Who came first? When was it opened?"),
    ]
    found = rows([run(tmp_path / "run", records)])
    assert [(row.question, row.label) for row in found] == [
        ("one", 1), ("wrong", 0), ("half", 0), ("none", 0),
    ]  # fmt: skip


def test_a_question_is_judged_by_a_fit_that_has_not_seen_it() -> None:
    """Noise that names the question would be learned by heart otherwise."""
    rng = np.random.default_rng(1)
    y = np.repeat(rng.integers(0, 2, 60), 2)
    groups = [str(n) for n in np.repeat(np.arange(60), 2)]
    name = np.repeat(rng.normal(size=(60, 50)), 2, axis=0)
    probability = cross_validated(name, y, groups)
    assert abs(roc_auc_score(y, probability) - 0.5) < 0.2
    signal = np.column_stack([y + rng.normal(scale=0.1, size=120), name[:, 0]])
    assert roc_auc_score(y, cross_validated(signal, y, groups)) > 0.95
