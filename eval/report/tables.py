"""From records to tables: a row a group, a column a figure, each with its interval and n."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eval.stats import Interval
from eval.suite import Figure, Record, Scored, Suite

ALL = "all"


@dataclass(frozen=True, slots=True)
class ScoredRecord:
    """`scored` is None for a question that couldn't be asked (`record["error"]`)."""

    record: Record
    scored: Scored | None

    @property
    def wrong(self) -> str:
        return self.scored.wrong if self.scored else "could not be asked"


@dataclass(frozen=True, slots=True)
class Row:
    group: str
    asked: int
    failed: int
    cells: tuple[Interval | None, ...]  # None: no question of this group has the scores


@dataclass(frozen=True, slots=True)
class Table:
    suite: str
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    wrong: tuple[tuple[str, int, str], ...]  # what went wrong, how often, the id of one


def with_scores(suite: Suite, records: Sequence[Record]) -> list[ScoredRecord]:
    return [ScoredRecord(r, None if "error" in r else suite.score(r)) for r in records]


def tables(suite: Suite, records: Sequence[ScoredRecord], seed: int) -> list[Table]:
    """One table a suite, without the figures that nobody has."""
    by_group: dict[str, list[ScoredRecord]] = {ALL: list(records)} if suite.pooled else {}
    for record in sorted(records, key=lambda r: str(r.record["group"])):
        by_group.setdefault(record.record["group"], []).append(record)
    found: list[Row] = []
    for group, inside in by_group.items():
        scored = [r.scored for r in inside if r.scored is not None]
        cells: list[Interval | None] = []
        for figure in suite.figures:
            cell = figure.of(scored, seed)
            cells.append(None if cell.value is None else cell)
        found.append(Row(group, len(inside), len(inside) - len(scored), tuple(cells)))
    kept = [n for n in range(len(suite.figures)) if any(row.cells[n] for row in found)]
    counts = Counter(r.wrong for r in records if r.wrong)
    example = {r.wrong: str(r.record["id"]) for r in reversed(records) if r.wrong}
    return [
        Table(
            suite.name,
            tuple(suite.figures[n] for n in kept),
            tuple(Row(r.group, r.asked, r.failed, tuple(r.cells[n] for n in kept)) for r in found),
            tuple((what, n, example[what]) for what, n in counts.most_common()),
        )
    ]


def shown(value: float | None, figure: Figure) -> str:
    """A figure as it is printed: shares in percent."""
    if value is None:
        return "–"
    match figure.unit:
        case "share":
            return f"{100 * value:.1f}"
        case "number" | "ratio":
            return f"{value:.3g}"
        case _:
            return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def heading(figure: Figure) -> str:
    units = {"share": "%", "number": "", "ratio": "×"}
    unit = units.get(figure.unit, figure.unit)
    return f"{figure.name}, {unit}" if unit else figure.name
