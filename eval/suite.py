"""What a suite is: questions with gold, a way to ask them, a pure scoring, and its figures.

`load` and `score` touch no model. `start` gets a Bench and yields the function that asks one
question; what that returns goes into answers.jsonl and is all that `score` may look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eval.stats import Floats, Interval, Statistic, interval, mean
from index.article import Article

if TYPE_CHECKING:
    from eval.bench import Bench

Record = dict[str, Any]
"""One line of answers.jsonl: suite, id, group, unit, question, gold, and what `ask` returned."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question to ask. `unit` is the question it is a setting of: `--limit` counts units, so
    that every setting gets the same questions. `sources`: the only ones searched; empty: all.
    `history`: the turns before it, as (question, answer)."""

    id: str
    group: str
    unit: str
    question: str
    gold: dict[str, Any]
    sources: frozenset[str] = frozenset()
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """A suite's questions and the articles that they are asked over."""

    items: list[Item]
    articles: list[Article] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a suite may build its questions from: `records` are those of the suites it needs;
    `questions` and `articles`, a file and a folder, are people's own."""

    data: Path | None
    seed: int
    options: dict[str, str]
    records: list[Record] = field(default_factory=list)
    questions: Path | None = None
    articles: Path | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores by name, None where there is nothing to score; what went wrong, empty if nothing."""

    scores: dict[str, float | None]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of a suite's tables: a statistic of some scores, over the records that have
    all of them."""

    name: str
    columns: tuple[str, ...]
    about: str
    statistic: Statistic = mean
    better: Literal["higher", "lower", ""] = "higher"
    unit: Literal["share", "number", "ms", "per s", "MB", "ratio", "tokens"] = "share"

    def rows(self, scored: Sequence[Scored]) -> Floats:
        found = [[s.scores.get(c) for c in self.columns] for s in scored]
        kept = [row for row in found if all(v is not None for v in row)]
        return np.array(kept, dtype=np.float64).reshape(len(kept), len(self.columns))

    def of(self, scored: Sequence[Scored], seed: int) -> Interval:
        return interval(self.rows(scored), self.statistic, seed=seed)


Ask = Callable[[Item], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Suite:
    """`headline` is the figure shown while it runs; `plots` names those that the report draws
    (`risk`, `latency`, `reliability`); `needs`: suites whose records it is computed from.
    `pooled`: its groups are kinds of one thing, so a row of all of them makes sense."""

    name: str
    about: str
    figures: tuple[Figure, ...]
    headline: str
    load: Callable[[Given], Material]
    start: Callable[[Bench, Material], AbstractContextManager[Ask]]
    score: Callable[[Record], Scored]
    plots: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    pooled: bool = False

    def figure(self, name: str) -> Figure:
        return next(f for f in self.figures if f.name == name)
