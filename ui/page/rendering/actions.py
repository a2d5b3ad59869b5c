"""What can be done with an answer: one row of icons, what is behind "more", where to go on. Pure,
like ui.page.rendering.render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.answer import Coverage
from ui.page.conversations import Turn
from ui.page.rendering.evidence import considered, times
from ui.page.rendering.markup import button, esc
from ui.page.suggesting.proposals import Proposal

READ_ON = ("overview", "day", "timeline", "list", "other")  # kinds that more passages add to


def _icon(*paths: str) -> str:
    lines = "".join(f'<path d="{path}"/>' for path in paths)
    return f'<svg viewBox="0 0 20 20" aria-hidden="true">{lines}</svg>'


_COPY = _icon("M7 7h9v10H7z", "M13 7V3H4v10h3")
_THUMB = _icon(
    "M2.5 9h3v8h-3z",
    "M5.5 9.2 9.4 2c1.6 0 2.3 1.1 2 2.6L10.8 8h4.9c1.2 0 2 1 1.7 2.2l-1.3 5.3c-.2.9-1 1.5-1.9 "
    "1.5H5.5z",
)
_RETRY = _icon("M16 10a6 6 0 1 1-1.8-4.3", "M16.5 2.5v4h-4")
_EDIT = _icon("M3.5 16.5l.8-3.6L13.6 3.6l2.8 2.8-9.3 9.3z", "M11.6 5.6l2.8 2.8")
_MORE = _icon("M4.5 10h.01", "M10 10h.01", "M15.5 10h.01")


def row(turn: Turn, last: bool) -> str:
    parts = []
    if turn.answer is not None:
        parts.append(button("copy", _COPY, cls="icon", turn=turn.id, title="Copy with footnotes"))
        for vote, way, name in ((1, "up", "Good answer"), (-1, "down", "Bad answer")):
            on = turn.vote == vote
            parts.append(
                button(
                    "vote",
                    _THUMB,
                    cls=f"icon thumb {way}{' on' if on else ''}",
                    title=name,
                    pressed=on,
                    turn=turn.id,
                    vote=vote,
                    remark=turn.remark,
                    expected=turn.expected,
                )
            )
    if turn.state != "running":
        if last:
            parts.append(button("retry", _RETRY, cls="icon", turn=turn.id, title="Ask again"))
        parts.append(
            button("edit", _EDIT, cls="icon", turn=turn.id, question=turn.question,
                   title="Edit the question")
        )  # fmt: skip
    behind = more(turn.answer, turn.id) if turn.answer is not None else ""
    if behind:
        parts.append(
            f'<button type="button" class="icon more" data-act="more" data-turn="{turn.id}"'
            f' title="More of this answer" aria-label="More of this answer"'
            f' aria-expanded="false" aria-controls="behind-{turn.id}">{_MORE}</button>'
        )
    said = f'<span class="remark">{esc(turn.remark)}</span>' if turn.remark else ""
    if not parts:
        return ""
    return f'<div class="actions">{"".join(parts)}{said}</div>{behind}'


def more(answer: Mapping[str, Any], turn: int) -> str:
    """Times, model, passages: for who wants to know."""
    return (
        f'<div class="behind" id="behind-{turn}" hidden>{times(answer)}'
        f"{considered(answer, turn)}</div>"
    )


def coverage(answer: Mapping[str, Any]) -> Coverage:
    """Answers from before it was counted have read everything, as far as they say."""
    kept = answer.get("coverage") or {}
    return Coverage(int(kept.get("read", 0)), int(kept.get("of", 0)))


def reading_on(answer: Mapping[str, Any], turn: int) -> str:
    """How much was read, and a button for the rest, where there is one."""
    c = coverage(answer)
    if c.read >= c.of or not (answer["abstained"] or answer.get("kind") in READ_ON):
        return ""
    read = f"I read {c.read} of {c.of} passages."
    said = "" if answer["abstained"] or answer.get("note") else f"<span>{read}</span> "
    return f'<p class="onward">{said}{button("further", "Read more", cls="plain", turn=turn)}</p>'


def proposals(these: Sequence[Proposal], cls: str, name: str) -> str:
    """Questions to ask with one press, as the kind that they are meant as."""
    rows = "".join(
        "<li>"
        + button("suggest", esc(p.question), question=p.question, ask=p.kind, article=p.article)
        + "</li>"
        for p in these
    )
    return f'<ul class="{cls}" aria-label="{esc(name)}">{rows}</ul>' if rows else ""
