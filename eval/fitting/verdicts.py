"""From judged answers whose truth is known to weights, thresholds and rates. Pure.

    weights      logistic regression (L2, C = 1) over log-odds: Platt scaling (1999) of three
                 probabilities at once
    thresholds   the least loss on cross-validated probabilities, with at most MOST_FALSE of what is
                 stated false. In a sentence's place, by verdict:

                     stated       false 10
                     check this   false 3     right 1/4
                     withheld                 right 1

Folds are of whole pages, so that no page is judged by itself. `eval.fitting.calibration` is the
command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict

from eval.metrics.overlap import content_words
from eval.metrics.support import supports
from eval.metrics.text import contains, contains_any
from eval.stats import Floats, wilson
from rag.checking.verdict import Judged, Verdict, log_odds

FALSE_STATED, FALSE_CHECK, RIGHT_WITHHELD, RIGHT_CHECK = 10.0, 1.0, 1.0, 0.25
MOST_FALSE = 0.02  # of what is stated
FOLDS = 5
STRENGTH = 1.0  # C of the L2 penalty
VERDICTS: tuple[Verdict, ...] = ("stated", "check this", "withheld")
Labels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its draft, judged. `gold`: strings of which a right draft holds one, or, with
    `sentences`, answers that they give at length; `each`: for passages that were read, whether it
    holds a gold string (None: not known) and what the Judge says of the draft over it alone.

    `read`: whether the draft is right, by somebody who read it; goes before the rules.
    """

    id: str
    set: str
    page: str
    question: str
    answerable: bool
    gold: tuple[str, ...]
    sentences: tuple[str, ...]
    draft: str
    stated: float
    supported: float
    alone: float
    each: tuple[tuple[bool | None, float], ...] = ()
    read: bool | None = None

    @property
    def right(self) -> bool:
        """A short answer is in it, or the gold sentences and answers bear it out; never where the
        question has no answer."""
        if self.read is not None:
            return self.read
        if not self.answerable:
            return False
        if not self.sentences:
            return bool(contains_any(self.draft, self.gold))
        return borne_out(self.draft, self.question, [*self.sentences, *self.gold])


def borne_out(draft: str, question: str, texts: Sequence[str]) -> bool:
    """Whether texts hold what a draft adds to its question: every number, and at least 70% of the
    other content words (`eval.metrics.support`); False where it adds nothing."""
    asked = set(content_words(question))
    own = " ".join(word for word in content_words(draft) if word not in asked)
    return bool(own) and supports(own, texts)


def holds(text: str, gold: Sequence[str]) -> bool:
    return any(contains(text, one) for one in gold)


def statements(asked: Asked) -> list[tuple[float, bool]]:
    """Of a draft over one passage each: what the Judge says, and the truth, where it is known: a
    right draft is borne out by a passage with a gold string, by no other; a wrong one isn't by a
    passage with a gold string (over another it may say what that says)."""
    if not asked.answerable or asked.sentences or not asked.draft:
        return []
    known = [(bool(held), p) for held, p in asked.each if held is not None]
    return [(p, held and asked.right) for held, p in known if held or asked.right]


# --- weights --------------------------------------------------------------------------------------


def answer_features(rows: Sequence[Asked]) -> Floats:
    """Log-odds, shape (rows, 3), in the order of `Judged.features`."""
    judged = [Judged(r.stated, r.supported, r.alone).features() for r in rows]
    return np.array([list(f.values()) for f in judged], dtype=np.float64).reshape(len(rows), 3)


def statement_features(alone: Sequence[float]) -> Floats:
    return np.array([[log_odds(p)] for p in alone], dtype=np.float64).reshape(len(alone), 1)


def fitted(x: Floats, right: Labels, names: Sequence[str]) -> dict[str, float]:
    """The weights by name, with the intercept, as `rag.checking.verdict.Calibration` takes them."""
    model = _model().fit(x, right)
    rows = zip(("intercept", *names), (model.intercept_[0], *model.coef_[0]), strict=True)
    return {name: round(float(weight), 4) for name, weight in rows}


def cross_validated(x: Floats, right: Labels, groups: Sequence[str], folds: int = FOLDS) -> Floats:
    """Probabilities by models that have seen nothing of the row's group; `folds=0` leaves one group
    out at a time."""
    cv = GroupKFold(folds, shuffle=True, random_state=0) if folds else LeaveOneGroupOut()
    found: Floats = cross_val_predict(
        _model(), x, right, groups=list(groups), cv=cv, method="predict_proba"
    )
    return found[:, 1]


def _model() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH)


# --- thresholds -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thresholds:
    stated_from: float
    shown_from: float

    def verdict(self, probability: float) -> Verdict:
        if probability >= self.stated_from:
            return "stated"
        return "check this" if probability >= self.shown_from else "withheld"


def loss(probability: Floats, right: Labels, chosen: Thresholds) -> float:
    """Summed over the sentences."""
    cost = {
        ("stated", False): FALSE_STATED,
        ("check this", False): FALSE_CHECK,
        ("check this", True): RIGHT_CHECK,
        ("withheld", True): RIGHT_WITHHELD,
    }
    pairs = zip(probability, right, strict=True)
    return sum(cost.get((chosen.verdict(p), bool(r)), 0.0) for p, r in pairs)


def chosen(probability: Floats, right: Labels) -> Thresholds:
    """The thresholds of least loss. Nothing is stated (from 1) where nothing can be."""
    order = np.argsort(-probability, kind="stable")
    p, r = probability[order], right[order].astype(np.float64)
    rights = np.concatenate([[0.0], np.cumsum(r)])
    falses = np.concatenate([[0.0], np.cumsum(1 - r)])
    # After how many sentences a threshold can lie: between two that aren't equally likely.
    cuts = np.array([0, *(np.flatnonzero(np.diff(p)) + 1), len(p)])
    state = (FALSE_STATED - FALSE_CHECK) * falses - RIGHT_CHECK * rights
    show = FALSE_CHECK * falses - (RIGHT_WITHHELD - RIGHT_CHECK) * rights
    best = (np.inf, 0, 0)
    for i in cuts[falses[cuts] <= MOST_FALSE * cuts]:
        after = cuts[cuts >= i]
        j = after[int(np.argmin(show[after]))]
        best = min(best, (float(state[i] + show[j]), int(i), int(j)))
    _, stated, shown = best
    return Thresholds(_between(p, stated), _between(p, shown))


def _between(falling: Floats, count: int) -> float:
    """What lies between the first `count` and the others."""
    if count == 0:
        return 1.0
    if count == len(falling):
        return 0.0
    return round(float(falling[count - 1] + falling[count]) / 2, 5)


# --- rates ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """Of the sentences of a verdict, how many are false, with Wilson's 95% interval."""

    verdict: Verdict
    n: int
    false: int

    def as_json(self) -> dict[str, float | int | None]:
        low, high = wilson(self.false, self.n) if self.n else (None, None)
        share = self.false / self.n if self.n else None
        numbers = {"share": share, "low": low, "high": high}
        kept = {k: None if v is None else round(v, 4) for k, v in numbers.items()}
        return {"n": self.n, "false": self.false, **kept}


def rates(probability: Floats, right: Labels, thresholds: Thresholds) -> tuple[Rate, ...]:
    """Of every verdict, in the order of VERDICTS."""
    said = np.array([thresholds.verdict(p) for p in probability], dtype=object)
    found = []
    for verdict in VERDICTS:
        here = said == verdict
        found.append(Rate(verdict, int(here.sum()), int((here & ~right).sum())))
    return tuple(found)
