"""Filters as they are chosen, shown as chips, and taken off one by one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from index.search import Filter
from ui.page.rendering.markup import button, day, esc, plural


def filter_chips(value: Mapping[str, Any], act: str, turn: int | None = None) -> str:
    """Removable chips of a filter's JSON form."""
    chips = []
    data: dict[str, object] = {} if turn is None else {"turn": turn}
    for kind, word in (("since", "from"), ("until", "until")):
        if value.get(kind):
            chips.append(_chip(act, f"{word} {day(value[kind])}", kind, value[kind], data))
    chips += [_chip(act, name, "source", name, data) for name in value.get("sources") or ()]
    return "".join(chips)


def _chip(act: str, label: str, kind: str, value: object, data: Mapping[str, Any]) -> str:
    remove = button(act, "×", title=f"Remove “{label}”", kind=kind, value=value, **data)
    return f'<span class="chip">{esc(label)}{remove}</span>'


def found_filters(value: Mapping[str, Any], turn: int) -> str:
    """What an answer was narrowed to, chip by chip, and the question's words that it is read from.

    Conversations from before this was read from questions lack those keys.
    """
    parts = []
    if chips := filter_chips(value, "unfilter", turn):
        parts.append(f"<span>Only articles</span> {chips}")
    if undated := value.get("undated"):
        parts.append(f"<span>{left_out(undated)}</span>")
    preferred = value.get("preferred")
    if preferred:
        chip = _chip("unfilter", "newer articles", "preferred", "", {"turn": turn})
        parts.append(f"<span>Preferring</span> {chip}")
    if said := [*(value.get("found") or ()), *([preferred["phrase"]] if preferred else ())]:
        parts.append(f"<span>read from {_quoted(said)}</span>")
    if dropped := value.get("dropped"):
        parts.append(f"<span>No article fits {_quoted(dropped)}: searched without</span>")
    return f'<p class="chips">{" ".join(parts)}</p>' if parts else ""


def left_out(undated: int) -> str:
    """What a limit by date leaves out without anybody having said so."""
    return f"{plural(undated, 'article')} without a date left out"


def _quoted(phrases: Sequence[str]) -> str:
    return ", ".join(f"“{esc(phrase)}”" for phrase in phrases)


def without(value: Mapping[str, Any], kind: str, which: str) -> Filter:
    """A filter's JSON form less one of its chips, to ask again with exactly what is left."""

    def day(which: str) -> date | None:
        return date.fromisoformat(value[which]) if value.get(which) and which != kind else None

    return Filter(
        since=day("since"),
        until=day("until"),
        sources=frozenset(
            s for s in value.get("sources") or () if not (kind == "source" and s == which)
        ),
    )
