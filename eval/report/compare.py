"""Two runs, question by question: only questions that both asked count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.tables import ScoredRecord
from eval.stats import Difference, difference
from eval.suite import Figure, Scored, Suite


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that was right in one run and not in the other, by the suite's headline."""

    id: str
    question: str
    old: str
    new: str
    better: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    suite: str
    group: str
    rows: tuple[tuple[Figure, Difference], ...]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    new_record: ScoredRecord
    new: Scored
    old_record: ScoredRecord
    old: Scored


def compare(
    suite: Suite, new: Sequence[ScoredRecord], old: Sequence[ScoredRecord], seed: int
) -> list[Comparison]:
    """A comparison a group, where the runs share questions."""
    before = {r.record["id"]: (r, r.scored) for r in old if r.scored}
    found: list[Comparison] = []
    for group in sorted({r.record["group"] for r in new}):
        pairs = [
            _Pair(r, r.scored, *before[r.record["id"]])
            for r in new
            if r.record["group"] == group and r.scored and r.record["id"] in before
        ]
        rows = []
        for figure in suite.figures:
            both = [p for p in pairs if len(figure.rows([p.new])) and len(figure.rows([p.old]))]
            if not both:
                continue
            made = difference(
                figure.rows([p.new for p in both]),
                figure.rows([p.old for p in both]),
                figure.statistic,
                seed=seed,
            )
            if made is not None:
                rows.append((figure, made))
        if rows:
            found.append(Comparison(suite.name, group, tuple(rows), tuple(_flips(suite, pairs))))
    return found


def _flips(suite: Suite, pairs: Sequence[_Pair]) -> list[Flip]:
    figure = suite.figure(suite.headline)
    column, sign = figure.columns[0], -1 if figure.better == "lower" else 1
    found = []
    for p in pairs:
        now, then = p.new.scores.get(column), p.old.scores.get(column)
        if now is None or then is None or (now >= 0.5) == (then >= 0.5):
            continue
        found.append(
            Flip(
                p.new_record.record["id"],
                p.new_record.record["question"],
                _said(p.old_record),
                _said(p.new_record),
                sign * (now - then) > 0,
            )
        )
    return found


def _said(r: ScoredRecord) -> str:
    answer = r.record.get("answer")
    return str(answer["text"]) if answer else r.wrong
