"""Refit the weights of the abstention: `python -m eval.fitting.abstention RUN… [--write]`.

A RUN is the folder of a run of the `longform` or `answers` suite: every answer carries its signals,
whatever was decided. Label 1: the question is answerable and a passage of its own article was
before the model (longform), or the answer holds a right string (answers). Prints the area under
the ROC curve of each signal and of the combination in five-fold cross-validation grouped by
question, and precision and recall of abstaining at each threshold; --write puts weights fitted on
all of it into rag/checking/abstain.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.command import run
from eval.folder import read_run
from eval.metrics.text import contains_all, contains_any
from eval.suites.asking import context_articles
from rag.understanding.parts import parts

WEIGHTS = Path(__file__).parents[2] / "rag" / "checking" / "abstain.json"
CANDIDATES = (
    "dense",
    "dense_lead",
    "agreement",
    "question_covered",
    "mean_logprob",
    "min_logprob",
    "stated",
    "support",
)


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    setting: str
    label: int
    signals: dict[str, float]


def rows(folders: Sequence[Path]) -> list[Row]:
    """An answer in several parts is left out: the signals that it keeps are of one part."""
    found = []
    for folder in folders:
        for record in read_run(folder)[1]:
            answer = record.get("answer", {})
            signals = answer.get("signals", {})
            if len(parts(answer.get("query", ""))) > 1:
                continue
            if record["suite"] in {"longform", "answers"} and set(CANDIDATES) <= set(signals):
                setting = f"{record['suite']}, {record['group']}"
                found.append(Row(record["unit"], setting, _label(record), signals))
    return found


def _label(record: dict[str, Any]) -> int:
    gold = record["gold"]
    if not gold.get("answerable", True):
        return 0
    if "article" in gold and "sentences" in gold:
        return int(gold["article"] in context_articles(record))
    raw = record["answer"]["raw_text"]
    some = not gold["any"] or contains_any(raw, gold["any"])
    return int(some and (not gold["all"] or contains_all(raw, gold["all"])))


def model() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced"))


def cross_validated(x: NDArray[Any], y: NDArray[Any], groups: Sequence[str]) -> NDArray[Any]:
    folds = GroupKFold(5, shuffle=True, random_state=0)
    found: NDArray[Any] = cross_val_predict(
        model(), x, y, groups=groups, cv=folds, method="predict_proba"
    )
    return found[:, 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--signals", help="names, separated by commas (default: all)")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    names = tuple(given.signals.split(",")) if given.signals else CANDIDATES
    data = rows(given.runs)
    x = np.array([[row.signals[name] for name in names] for row in data])
    y = np.array([row.label for row in data])
    groups = [row.question for row in data]
    print(f"{len(y)} answers, {y.sum()} to be shown")
    for name, column in zip(names, x.T, strict=True):
        print(f"  {name:18s} AUC {roc_auc_score(y, column):.3f}")
    probability = cross_validated(x, y, groups)
    print(f"  {'together, 5-fold':18s} AUC {roc_auc_score(y, probability):.3f}")
    for setting in sorted({row.setting for row in data}):
        here = np.array([row.setting == setting for row in data])
        if 0 < y[here].sum() < here.sum():
            print(f"  {setting}: AUC {roc_auc_score(y[here], probability[here]):.3f}")
            table(y[here], probability[here])
    if given.write:
        write(names, x, y, probability)


def table(y: NDArray[Any], probability: NDArray[Any]) -> None:
    """Of abstaining below each threshold: precision, recall, and the share of answers lost."""
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        abstained = probability < threshold
        right = (abstained & (y == 0)).sum()
        precision = right / abstained.sum() if abstained.any() else float("nan")
        lost = (abstained & (y == 1)).sum() / (y == 1).sum()
        print(
            f"    below {threshold}: precision {precision:.3f}, "
            f"recall {right / (y == 0).sum():.3f}, right answers lost {lost:.3f}"
        )


def write(names: Sequence[str], x: NDArray[Any], y: NDArray[Any], cv: NDArray[Any]) -> None:
    scaler, regression = model().fit(x, y)
    abstained = cv < 0.5
    data = {
        "about": "Weights of rag/checking/abstain.py; refit: eval.fitting.abstention RUN… --write",
        "fitted": datetime.date.today().isoformat(),
        "answers": len(y),
        "cross_validated": {
            "auc": round(float(roc_auc_score(y, cv)), 3),
            "abstention_precision": round(float((y[abstained] == 0).mean()), 3),
            "abstention_recall": round(float(abstained[y == 0].mean()), 3),
        },
        "intercept": round(float(regression.intercept_[0]), 4),
        "signals": {
            name: {"weight": round(float(w), 4), "mean": round(float(m), 4), "scale": round(s, 4)}
            for name, w, m, s in zip(
                names, regression.coef_[0], scaler.mean_, map(float, scaler.scale_), strict=True
            )
        },
    }
    WEIGHTS.write_text(json.dumps(data, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
