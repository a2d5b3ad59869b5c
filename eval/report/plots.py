"""Small plots as inline SVG: no script, colours from the page's style sheet, every text escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from eval.metrics.calibration import Bin
from eval.stats import wilson

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 14, 44


@dataclass(frozen=True, slots=True)
class Series:
    """Points in data units. `bars` are (low, high) of y; `sizes` are radii in pixels."""

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = True
    bars: Sequence[tuple[float, float]] = ()
    sizes: Sequence[float] = ()
    notes: Sequence[str] = ()


def plot(
    title: str,
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    x_max: float = 1.0,
    y_max: float = 1.0,
    diagonal: bool = False,
    percent: tuple[bool, bool] = (True, True),
) -> str:
    """One <figure>. Both axes start at 0."""

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(value, x_max) / x_max

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, y_max) / y_max

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    for tick in _ticks(y_max):
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
            f'y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
            f'<text x="{LEFT - 7}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{_label(tick, percent[1])}</text>"
        ]
    for tick in _ticks(x_max):
        parts += [
            f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
            f"{_label(tick, percent[0])}</text>"
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(x_label)}</text>'
        f'<text class="axis" transform="translate(13 {middle}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    if diagonal:
        parts.append(
            f'<line class="even" x1="{x(0)}" y1="{y(0)}" x2="{x(x_max)}" y2="{y(y_max)}"/>'
        )
    for number, one in enumerate(series):
        parts += _drawn(one, number, x, y)
    parts.append("</svg>")
    legend = "".join(
        f'<span><i class="key s{n % 6}"></i>{escape(s.name)}</span>'
        for n, s in enumerate(series)
        if s.name
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{''.join(parts)}"
        f'<div class="legend">{legend}</div></figure>'
    )


def reliability_series(name: str, bins: Sequence[Bin]) -> Series:
    """The bins of a reliability plot, with Wilson's interval of each rate."""
    return Series(
        name,
        [(b.score, b.rate) for b in bins],
        joined=False,
        bars=[wilson(round(b.rate * b.n), b.n) for b in bins],
        sizes=[3 + min(7.0, b.n**0.5 / 2) for b in bins],
        notes=[f"{b.n} of score {b.score:.2f}: right {b.rate:.2f}" for b in bins],
    )


def as_file(figure: str) -> str:
    """The SVG of a figure as a file by itself, with its title and colours in it."""
    title = figure[figure.index("<figcaption>") + 12 : figure.index("</figcaption>")]
    svg = figure[figure.index("<svg") : figure.index("</svg>")]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * 2}" height="{HEIGHT * 2}"'
    named = f'<text class="title" x="{LEFT}" y="11">{title}</text></svg>\n'
    opening, _, rest = svg.removeprefix("<svg").partition(">")
    return f"{head}{opening}><style>{_STYLE}</style>{rest}{named}"


_STYLE = (
    "svg{background:#fff;font:11px sans-serif}.grid{stroke:#ddd}.even{stroke:#999;"
    "stroke-dasharray:4 4}.axis{fill:#555}.title{font-weight:bold}circle,line.s0,line.s1"
    "{opacity:.85}circle.s0{fill:#0a6ebd}line.s0{stroke:#0a6ebd}circle.s1{fill:#b4520a}"
    "line.s1{stroke:#b4520a}"
)


def _drawn(
    one: Series, number: int, x: Callable[[float], float], y: Callable[[float], float]
) -> list[str]:
    parts: list[str] = []
    style = f"s{number % 6}"
    if one.joined and len(one.points) > 1:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in one.points)
        parts.append(f'<polyline class="{style}" points="{path}"/>')
        return parts
    for n, (a, b) in enumerate(one.points):
        if n < len(one.bars):
            low, high = one.bars[n]
            parts.append(
                f'<line class="{style}" x1="{x(a):.1f}" x2="{x(a):.1f}" '
                f'y1="{y(low):.1f}" y2="{y(high):.1f}"/>'
            )
        radius = one.sizes[n] if n < len(one.sizes) else 3
        note = one.notes[n] if n < len(one.notes) else ""
        parts.append(
            f'<circle class="{style}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="{radius:.1f}">'
            f"<title>{escape(note)}</title></circle>"
        )
    return parts


def thinned(points: Sequence[tuple[float, float]], most: int = 200) -> list[tuple[float, float]]:
    """At most about `most` of the points, the first and the last among them."""
    step = max(1, math.ceil(len(points) / most))
    kept = list(points[::step])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def _ticks(top: float) -> list[float]:
    raw = top / 5
    size = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw * 0.999)
    return [n * step for n in range(int(top / step + 1e-9) + 1)]


def _label(value: float, percent: bool) -> str:
    return f"{100 * value:.0f}%" if percent else f"{value:g}"
