"""A run's tables on the terminal and in report.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table as RichTable

from eval.report.compare import Comparison
from eval.report.tables import Table, heading, shown
from eval.stats import Interval
from eval.suite import Figure

MANY = 4  # groups that stand side by side

# --- the terminal -----------------------------------------------------------------------------


def show(tables: Sequence[Table], compared: Sequence[Comparison], console: Console) -> None:
    for table in tables:
        made = RichTable(title=table.suite, title_justify="left")
        heads, rows = _plain_grid(table)
        for n, head in enumerate(heads):
            made.add_column(escape_markup(head), justify="right" if n else "left")
        for row in rows:
            made.add_row(*map(escape_markup, row))
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


def _plain_grid(table: Table) -> tuple[list[str], list[list[str]]]:
    """As `_grid`, as text: heads, then rows that begin with their own."""
    groups = [f"{r.group} ({r.asked})" for r in table.rows]
    figures = [heading(f) for f in table.figures]
    cells = [[_text(r.cells[n], f) for r in table.rows] for n, f in enumerate(table.figures)]
    if len(table.rows) <= MANY:
        return ["", *groups], [[f, *row] for f, row in zip(figures, cells, strict=True)]
    turned = zip(*cells, strict=True)
    return ["", *figures], [[g, *row] for g, row in zip(groups, turned, strict=True)]


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
    lines += [
        "Figures with their 95% interval and how many questions they count (n); in brackets after "
        "a group, how many were asked.",
        "",
    ]
    for table in tables:
        lines += [f"## {table.suite}", ""]
        heads, rows = _plain_grid(table)
        lines.append("| " + " | ".join(map(_md, heads)) + " |")
        lines.append("| --- |" + " ---: |" * (len(heads) - 1))
        lines += ["| " + " | ".join(map(_md, row)) + " |" for row in rows]
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
