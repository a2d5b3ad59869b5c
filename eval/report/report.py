"""report.html: one file that opens from disk and asks for nothing.

Style, script, plots and data are inside it, and its content security policy forbids the rest.
Questions, answers and articles are hostile: what Python writes is escaped, the data is JSON that
can't end its script element, and the script puts text on the page as text only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from eval.metrics.calibration import reliability, risk_coverage
from eval.report.compare import Comparison
from eval.report.plain import MANY, facts
from eval.report.plots import Series, plot, reliability_series, thinned
from eval.report.tables import ScoredRecord, Table, heading, shown
from eval.stats import Interval
from eval.suite import Figure, Suite

ASSETS = Path(__file__).parent / "assets"
HIDDEN = ("answer", "article", "kinds", "relevant")  # of the gold: ids, and what is shown apart
Held = Sequence[tuple[Suite, Sequence[ScoredRecord]]]


def html(
    run: dict[str, Any],
    held: Held,
    tables: Sequence[Table],
    compared: Sequence[Comparison],
    earlier: dict[str, Any] | None,
) -> str:
    """The whole page."""
    by_name = {t.suite: t for t in tables}
    sections = [_section(s, r, by_name[s.name]) for s, r in held]
    links = "".join(f'<a href="#{escape(s.name)}">{escape(s.name)}</a>' for s, _ in held)
    summary = _summary(held, by_name)
    if compared:
        sections.append(_compared(compared, earlier or {}))
        links += '<a href="#against">against</a>'
    head = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts(run))
    blanks = {
        "css": (ASSETS / "report.css").read_text("utf-8"),
        "script": (ASSETS / "report.js").read_text("utf-8"),
        "links": links + '<a href="#browser">every question</a>',
        "facts": head,
        "sections": summary + "".join(sections),
        "data": embedded(
            [_browsed(s, r) for s, records in held if s.name != "speed" for r in records]
        ),
    }
    page = (ASSETS / "report.html").read_text("utf-8")
    pieces = page.split("@@")  # text, name, text, name, …: nothing put in is read again
    return "".join(blanks[p] if n % 2 else p for n, p in enumerate(pieces))


def embedded(value: object) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _summary(held: Held, by_name: dict[str, Table]) -> str:
    """The headline figure of every suite, a row a group (the pooled one where there is one)."""
    rows = []
    for suite, _ in held:
        table, figure = by_name[suite.name], suite.figure(suite.headline)
        if figure not in table.figures:
            continue
        n = table.figures.index(figure)
        for row in table.rows[:1] if suite.pooled else table.rows:
            if row.cells[n] is not None:
                rows += [
                    f'<tr><th scope="row"><a href="#{escape(suite.name)}">{escape(suite.name)}</a>'
                    f"</th><td>{escape(row.group)}</td><td>{escape(heading(figure))}</td>"
                    f"{_cell(row.cells[n], figure)}</tr>"
                ]
    if not rows:
        return ""
    return (
        '<section id="summary"><h2>At a glance</h2><div class="wide"><table class="glance"><tbody>'
        f"{''.join(rows)}</tbody></table></div></section>"
    )


def _grid(table: Table) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Column heads and rows of cells; groups across, or down where there are many."""
    groups = [
        f'<th scope="{{}}">{escape(r.group)}<small>asked {r.asked}{_failed(r.failed)}</small></th>'
        for r in table.rows
    ]
    figures = [
        f'<th scope="{{}}">{escape(heading(f))}<small>{escape(f.about)}{_better(f)}</small></th>'
        for f in table.figures
    ]
    cells = [[_cell(r.cells[n], f) for r in table.rows] for n, f in enumerate(table.figures)]
    if len(table.rows) <= MANY:
        heads, sides, body = groups, figures, cells
    else:
        heads, sides, body = figures, groups, [list(column) for column in zip(*cells, strict=True)]
    return (
        [h.format("col") for h in heads],
        [(s.format("row"), row) for s, row in zip(sides, body, strict=True)],
    )


def _section(suite: Suite, records: Sequence[ScoredRecord], table: Table) -> str:
    heads, rows = _grid(table)
    titles = "".join(heads)
    body = "".join(f"<tr>{side}{''.join(cells)}</tr>" for side, cells in rows)
    most = max((n for _, n, _ in table.wrong), default=1)
    wrong = "".join(
        f'<li><button type="button" data-suite="{escape(suite.name)}" '
        f'data-wrong="{escape(what)}"><b>{n}</b><span>{escape(what)}</span>'
        f'<i style="width:{100 * n / most:.0f}%"></i></button></li>'
        for what, n, _ in table.wrong
    )
    plots = "".join(_plot(name, records) for name in suite.plots)
    return (
        f'<section id="{escape(suite.name)}"><h2>{escape(suite.name)}</h2>'
        f"<p>{escape(suite.about)}</p>"
        f'<div class="wide"><table><thead><tr><th></th>{titles}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
        + (f'<h3>What went wrong</h3><ul class="wrong">{wrong}</ul>' if wrong else "")
        + (f'<div class="plots">{plots}</div>' if plots else "")
        + "</section>"
    )


def _failed(n: int) -> str:
    return f", {n} could not be" if n else ""


def _better(figure: Figure) -> str:
    return {"lower": " · lower is better"}.get(figure.better, "")


def _cell(cell: Interval | None, figure: Figure) -> str:
    if cell is None:
        return '<td class="none">not scored</td>'
    span = "" if cell.low is None else f"{shown(cell.low, figure)} – {shown(cell.high, figure)}"
    value = shown(cell.value, figure)
    return f'<td><b>{value}</b><small>{span} <span class="n">n {cell.n}</span></small></td>'


def _plot(name: str, records: Sequence[ScoredRecord]) -> str:
    scored = [(r.record["group"], r.scored.scores) for r in records if r.scored]
    groups = sorted({g for g, _ in scored})

    def rows(group: str, *columns: str) -> list[list[float]]:
        found = [[s.get(c) for c in columns] for g, s in scored if g == group]
        return [[float(v) for v in row if v is not None] for row in found if None not in row]

    if name == "risk":
        right, label = "draft_good", "share of bad drafts"
        if not any(right in s for _, s in scored):
            right, label = "answerable", "share unanswerable"
        rated = [(g, found) for g in groups if (found := rows(g, "confidence", right))]
        if len(rated) > 1 and right == "draft_good":  # a group of only bad drafts says nothing
            rated = [("all", [row for _, found in rated for row in found])]
        series = [Series(g, thinned(risk_coverage(np.array(found)))) for g, found in rated]
        title = "Risk against coverage: the least sure left out first"
        return plot(title, series, "share answered", label) if series else ""
    if name == "reliability":
        series = []
        for g in groups:
            bins = reliability(np.array(rows(g, "score", "label")))
            series.append(reliability_series(g, bins))
        return plot(
            "Reliability: how often a score is right",
            series,
            "score",
            "share supported",
            diagonal=True,
        )
    if name == "latency":
        series = []
        for column, label in (("first_token_ms", "first token"), ("total_ms", "whole answer")):
            times = sorted(ms / 1000 for _, s in scored if (ms := s.get(column)) is not None)
            if times:
                points = [(t, (n + 1) / len(times)) for n, t in enumerate(times)]
                series.append(Series(label, thinned([(0.0, 0.0), *points])))
        longest = max((s.points[-1][0] for s in series), default=0.0)
        return (
            plot(
                "Answered within",
                series,
                "seconds",
                "share of questions",
                x_max=longest,
                percent=(False, True),
            )
            if longest
            else ""
        )
    raise ValueError(f"no plot {name!r}")


def _compared(compared: Sequence[Comparison], earlier: dict[str, Any]) -> str:
    parts = ['<section id="against"><h2>Against the earlier run</h2><p>']
    parts.append(" · ".join(f"{escape(k)}: {escape(v)}" for k, v in facts(earlier)))
    parts.append("</p>")
    for c in compared:
        parts.append(
            f'<h3>{escape(c.suite)}, {escape(c.group)}</h3><div class="wide"><table><thead><tr>'
            "<th></th><th>change</th><th>n</th><th>wins</th><th>losses</th><th>ties</th>"
            "<th>p</th></tr></thead><tbody>"
        )
        for f, d in c.rows:
            sure = d.low > 0 or d.high < 0
            good = (d.value > 0) == (f.better != "lower")
            mark = ("good" if good else "bad") if sure and f.better else ""
            parts.append(
                f'<tr><th scope="row">{escape(heading(f))}</th><td class="{mark}">'
                f"<b>{'+' if d.value > 0 else ''}{shown(d.value, f)}</b>"
                f"<small>{shown(d.low, f)} – {shown(d.high, f)}</small></td>"
                f"<td>{d.n}</td><td>{d.wins}</td><td>{d.losses}</td><td>{d.ties}</td>"
                f"<td>{'–' if d.p is None else f'{d.p:.3f}'}</td></tr>"
            )
        parts.append("</tbody></table></div>")
        if c.flips:
            parts.append(f"<details><summary>{len(c.flips)} questions flipped</summary><ul>")
            parts += [
                f'<li class="{"good" if f.better else "bad"}"><b>{escape(f.question)}</b>'
                f"<small>{escape(f.id)}</small><div>before: {escape(f.old)}</div>"
                f"<div>now: {escape(f.new)}</div></li>"
                for f in c.flips
            ]
            parts.append("</ul></details>")
    return "".join([*parts, "</section>"])


def _browsed(suite: Suite, r: ScoredRecord) -> dict[str, Any]:
    """What the browser of questions shows of one."""
    record = r.record
    gold = record["gold"]
    answer = record.get("answer") or gold.get("answer")
    return {
        "suite": suite.name,
        "id": record["id"],
        "group": record["group"],
        "question": record["question"],
        "wrong": r.wrong,
        "error": record.get("error"),
        "scores": {k: v for k, v in (r.scored.scores if r.scored else {}).items()
                   if v is not None},
        "gold": {k: v for k, v in gold.items() if k not in HIDDEN},
        "answer": _short(answer) if answer else None,
        "passage": record.get("passage"),
        "ranked": _ranked(record),
    }  # fmt: skip


def _ranked(record: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Of a search: the first ten and every relevant article, with rank and grade."""
    if "ranked" not in record:
        return None
    relevant, titles = record["relevant"], record["titles"]
    found = [
        {"rank": n, "title": titles.get(a, a), "grade": relevant.get(a, 0)}
        for n, a in enumerate(record["ranked"], 1)
        if n <= 10 or a in relevant
    ]
    missed = [a for a in relevant if a not in record["ranked"]]
    return found + [{"rank": None, "title": a, "grade": relevant[a]} for a in missed]


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    kept = ("text", "raw_text", "query", "abstained", "claims", "sources", "conflicts", "timings",
            "signals")  # fmt: skip
    hits = [
        {k: h[k] for k in ("passage_id", "start", "title", "source", "text", "dense")}
        for h in answer["hits"]
        if h["in_context"]
    ]
    return {**{k: answer[k] for k in kept}, "hits": hits}
