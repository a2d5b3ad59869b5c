"""The stage `measure`: what an adapter does on held-out sets, in torch or through llama.cpp.

    draft right        share of answerable questions whose written sentence holds the answer
    stated             AUC and balanced accuracy (at even odds) of P(stated), own against foreign
    check              AUC of P(borne out) of its own sentences, right against all others
    wrong of shown     share that isn't right, of those with both probabilities over .5
    right shown        share of the right ones that is shown
    claims             AUC and balanced accuracy of P(borne out) of a statement

A figure has its 95% bootstrap interval over questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from eval.fitting.adapter.form import question_tail, statement_tail
from eval.fitting.adapter.held_out import Claims, Reading, claims, readings, some_of
from eval.metrics.calibration import auc, balanced_accuracy
from eval.metrics.text import contains_any
from eval.stats import Interval, Statistic, interval, mean, share_given

LONGEST = 56  # tokens of a sentence
T = TypeVar("T")
Figures = dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Job:
    """Passages and what is asked of them: (the user's words, the sentence that is judged or None).

    Without a sentence the verdict on the words is meant, or in `write` the sentence after a Yes.
    """

    passages: tuple[str, ...]
    asks: tuple[tuple[str, str | None], ...]


class Reader(Protocol):
    """The base with its adapter on, whatever runs it."""

    def yes(self, jobs: Sequence[Job]) -> list[list[float]]:
        """P(Yes) of each ask of each job."""
        ...

    def write(self, jobs: Sequence[Job]) -> list[list[str]]:
        """The sentence written after a Yes, however likely that is."""
        ...


def measure(
    reader: Reader, data: Path, limit: int | None, names: Sequence[str]
) -> dict[str, Figures]:
    """Of each set; `limit`: its contexts."""
    found = {}
    for name in names:
        if name == "xquad":
            found[name] = of_readings(reader, some_of(readings(data), limit))
        else:
            found[f"qags {name}"] = of_claims(reader, some_of(claims(data, name), limit))
    return found


def of_readings(reader: Reader, held: Sequence[Reading]) -> Figures:
    asked = [
        Job(one.passages, tuple((question_tail(q), None) for q, _ in one.questions)) for one in held
    ]
    stated = _flat(reader.yes(asked))
    drafts = reader.write(asked)
    judged = [
        Job(job.passages, tuple((ask, text) for (ask, _), text in zip(job.asks, some, strict=True)))
        for job, some in zip(asked, drafts, strict=True)
    ]
    checked = _flat(reader.yes(judged))
    answers = [gold for one in held for _, gold in one.questions]
    right = [contains_any(text, gold) for text, gold in zip(_flat(drafts), answers, strict=True)]
    return figures(stated, checked, right, [float(bool(gold)) for gold in answers])


def figures(
    stated: Sequence[float],
    checked: Sequence[float],
    right: Sequence[float],
    own: Sequence[float],
) -> Figures:
    """One entry a question: both probabilities, whether the draft is right, whether it could be."""
    shown = [float(a > 0.5 and b > 0.5) for a, b in zip(stated, checked, strict=True)]
    wrong = [1 - value for value in right]
    return {
        "draft right": _interval(share_given, right, own),
        "stated AUC": _interval(auc, stated, own),
        "stated balanced accuracy": _interval(balanced_accuracy(0.5), stated, own),
        "check AUC": _interval(auc, checked, right),
        "wrong of shown": _interval(share_given, wrong, shown),
        "right shown": _interval(share_given, shown, right),
        "shown": _interval(mean, shown),
    }


def of_claims(reader: Reader, held: Sequence[Claims]) -> Figures:
    jobs = [
        Job(one.passages, tuple((statement_tail(text), None) for text, _ in one.claims))
        for one in held
    ]
    yes = _flat(reader.yes(jobs))
    true = [float(label) for one in held for _, label in one.claims]
    return {
        "AUC": _interval(auc, yes, true),
        "balanced accuracy": _interval(balanced_accuracy(0.5), yes, true),
    }


def table(found: dict[str, Figures]) -> str:
    """As Markdown, one line a figure."""
    lines = ["| set | figure | value [95%] | n |", "| --- | --- | ---: | ---: |"]
    for name, some in found.items():
        for figure, cell in some.items():
            value = "–" if cell.value is None else f"{cell.value:.3f}"
            if cell.low is not None and cell.high is not None:
                value += f" [{cell.low:.3f}, {cell.high:.3f}]"
            lines.append(f"| {name} | {figure} | {value} | {cell.n} |")
    return "\n".join(lines)


def as_json(found: dict[str, Figures]) -> dict[str, dict[str, dict[str, float | int | None]]]:
    return {name: {f: asdict(cell) for f, cell in some.items()} for name, some in found.items()}


def _flat(lists: Sequence[Sequence[T]]) -> list[T]:
    return [value for some in lists for value in some]


def _interval(statistic: Statistic, *columns: Sequence[float]) -> Interval:
    return interval(np.array(columns, dtype=np.float64).T, statistic)
