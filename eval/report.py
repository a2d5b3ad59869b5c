"""report.html and report.md of a run, and the tables on the terminal.

report.html is one file that opens from disk and asks for nothing: style, script, plots and data
are inside it, and its content security policy forbids the rest. Questions, answers and articles
are hostile: what Python writes is escaped, the data is JSON that can't end its script element,
and the script puts text on the page as text only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from eval.compare import Comparison
from eval.folder import RunFolder
from eval.metrics.calibration import reliability, risk_coverage
from eval.plots import Series, plot, thinned
from eval.stats import Interval, wilson
from eval.suite import Figure, Suite
from eval.tables import ScoredRecord, Table, heading, shown

ASSETS = Path(__file__).parent / "assets"
Held = Sequence[tuple[Suite, Sequence[ScoredRecord]]]


def write(
    folder: RunFolder,
    run: dict[str, Any],
    held: Held,
    tables: Sequence[Table],
    compared: Sequence[Comparison],
    earlier: dict[str, Any] | None,
) -> Path:
    """Both reports; returns the path of report.html."""
    folder.write("report.md", markdown(run, tables, compared))
    return folder.write("report.html", html(run, held, tables, compared, earlier))


# --- the terminal -----------------------------------------------------------------------------


def show(tables: Sequence[Table], compared: Sequence[Comparison], console: Console) -> None:
    for table in tables:
        made = RichTable(title=table.suite, title_justify="left")
        made.add_column("")
        for row in table.rows:
            made.add_column(f"{row.group} (asked {row.asked})", justify="right")
        for n, figure in enumerate(table.figures):
            made.add_row(heading(figure), *(_text(row.cells[n], figure) for row in table.rows))
        console.print(made)
    for comparison in compared:
        made = RichTable(
            title=f"{comparison.suite}, {comparison.group}: against the earlier run",
            title_justify="left",
        )
        for name in ("", "change", "wins", "losses", "ties", "p"):
            made.add_column(name, justify="right" if name else "left")
        for figure, d in comparison.rows:
            made.add_row(
                heading(figure),
                _change(figure, d.value, d.low, d.high),
                str(d.wins),
                str(d.losses),
                str(d.ties),
                "–" if d.p is None else f"{d.p:.3f}",
            )
        console.print(made)


def _text(cell: Interval | None, figure: Figure) -> str:
    if cell is None:
        return "–"
    span = "" if cell.low is None else f" [{shown(cell.low, figure)}, {shown(cell.high, figure)}]"
    return f"{shown(cell.value, figure)}{span} n={cell.n}"


def _change(figure: Figure, value: float, low: float, high: float) -> str:
    sign = "+" if value > 0 else ""
    return f"{sign}{shown(value, figure)} [{shown(low, figure)}, {shown(high, figure)}]"


# --- report.md ----------------------------------------------------------------------------------


def markdown(run: dict[str, Any], tables: Sequence[Table], compared: Sequence[Comparison]) -> str:
    lines = ["# Dateline eval", "", *(f"- {name}: {_md(value)}" for name, value in facts(run)), ""]
    lines += ["Figures with their 95% interval and the number of questions counted.", ""]
    for table in tables:
        lines += [f"## {table.suite}", ""]
        lines += ["| " + " | ".join(["", *(_md(r.group) for r in table.rows)]) + " |"]
        lines += ["| --- |" + " ---: |" * len(table.rows)]
        lines += ["| asked | " + " | ".join(str(r.asked) for r in table.rows) + " |"]
        for n, figure in enumerate(table.figures):
            cells = [_text(r.cells[n], figure) for r in table.rows]
            lines.append(f"| {_md(heading(figure))} | {' | '.join(cells)} |")
        lines.append("")
        if table.wrong:
            lines += ["What went wrong:", ""]
            lines += [f"- {n} × {_md(what)} (such as `{_md(one)}`)" for what, n, one in table.wrong]
            lines.append("")
    for c in compared:
        lines += [f"## {c.suite}, {_md(c.group)}: against the earlier run", ""]
        lines += [
            "| | change | n | wins | losses | ties | p |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for figure, d in c.rows:
            p = "–" if d.p is None else f"{d.p:.3f}"
            change = _change(figure, d.value, d.low, d.high)
            lines.append(
                f"| {_md(heading(figure))} | {change} | {d.n} | {d.wins} | {d.losses} "
                f"| {d.ties} | {p} |"
            )
        lines += ["", f"Flipped: {len(c.flips)}"]
        lines += [f"- {'better' if f.better else 'worse'}: `{_md(f.id)}`" for f in c.flips] + [""]
    return "\n".join(lines)


def _md(text: object) -> str:
    kept = str(text).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return " ".join(kept.split())


def facts(run: dict[str, Any]) -> list[tuple[str, str]]:
    """What a reader has to know before the figures."""
    models, machine = run.get("models", {}), run.get("machine", {})
    return [
        ("measured", str(run.get("started", ""))[:16].replace("T", " ") + " UTC"),
        (
            "generator",
            f"{models.get('generator', '–')} "
            f"({str(models.get('generator_sha256', ''))[:12] or 'no hash'})",
        ),
        ("encoder", str(models.get("encoder", "–"))),
        (
            "settings",
            ", ".join(f"{k}={v}" for k, v in run.get("settings", {}).items()) or "as shipped",
        ),
        ("questions", f"at most {run['limit']} a suite" if run.get("limit") else "all"),
        ("seed", str(run.get("seed"))),
        (
            "machine",
            f"{machine.get('processor', '')}, {machine.get('cores', '?')} cores, "
            f"{machine.get('memory_mib', 0) // 1024} GiB",
        ),
    ]


# --- report.html --------------------------------------------------------------------------------


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
    if compared:
        sections.append(_compared(compared, earlier or {}))
        links += '<a href="#against">against</a>'
    head = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts(run))
    blanks = {
        "css": (ASSETS / "report.css").read_text("utf-8"),
        "script": (ASSETS / "report.js").read_text("utf-8"),
        "links": links + '<a href="#browser">every question</a>',
        "facts": head,
        "sections": "".join(sections),
        "data": embedded([_browsed(s, r) for s, records in held for r in records]),
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


def _section(suite: Suite, records: Sequence[ScoredRecord], table: Table) -> str:
    titles = "".join(
        f"<th>{escape(r.group)}<small>asked {r.asked}{_failed(r.failed)}</small></th>"
        for r in table.rows
    )
    body = "".join(
        f'<tr><th scope="row">{escape(heading(f))}<small>{escape(f.about)}'
        f"{_better(f)}</small></th>" + "".join(_cell(r.cells[n], f) for r in table.rows) + "</tr>"
        for n, f in enumerate(table.figures)
    )
    most = max((n for _, n, _ in table.wrong), default=1)
    wrong = "".join(
        f'<li><button type="button" data-suite="{escape(suite.name)}" '
        f'data-wrong="{escape(what)}"><b>{n}</b><span>{escape(what)}</span>'
        f'<meter max="{most}" value="{n}"></meter></button></li>'
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
    return f"<td><b>{value}</b><small>{span}</small><small>n {cell.n}</small></td>"


def _plot(name: str, records: Sequence[ScoredRecord]) -> str:
    scored = [(r.record["group"], r.scored.scores) for r in records if r.scored]
    groups = sorted({g for g, _ in scored})

    def rows(group: str, *columns: str) -> list[list[float]]:
        found = [[s.get(c) for c in columns] for g, s in scored if g == group]
        return [[float(v) for v in row if v is not None] for row in found if None not in row]

    if name == "risk":
        right = "draft_right" if any("draft_right" in s for _, s in scored) else "answerable"
        series = [
            Series(g, thinned(risk_coverage(np.array(found))))
            for g in groups
            if (found := rows(g, "confidence", right))
        ]
        label = "wrong" if right == "draft_right" else "unanswerable"
        return (
            plot(
                "Risk against coverage: the least sure left out first",
                series,
                "share answered",
                f"share {label}",
            )
            if series
            else ""
        )
    if name == "reliability":
        series = []
        for g in groups:
            bins = reliability(np.array(rows(g, "score", "label")))
            series.append(
                Series(
                    g,
                    [(b.score, b.rate) for b in bins],
                    joined=False,
                    bars=[wilson(round(b.rate * b.n), b.n) for b in bins],
                    sizes=[3 + min(7.0, b.n**0.5 / 2) for b in bins],
                    notes=[
                        f"{b.n} claims: score {b.score:.2f}, supported {b.rate:.2f}" for b in bins
                    ],
                )
            )
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
        "gold": {k: v for k, v in gold.items() if k not in ("answer", "kinds")},
        "answer": _short(answer) if answer else None,
        "more": {k: record[k] for k in ("passage", "titles", "ranked") if k in record},
    }  # fmt: skip


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    kept = ("text", "raw_text", "query", "abstained", "claims", "sources", "conflicts", "timings",
            "signals")  # fmt: skip
    hits = [
        {k: h[k] for k in ("passage_id", "start", "title", "source", "text", "dense")}
        for h in answer["hits"]
        if h["in_context"]
    ]
    return {**{k: answer[k] for k in kept}, "hits": hits}
