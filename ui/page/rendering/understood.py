"""How a question was understood, under it: what it was taken to ask, as what kind (which can be
changed), with which words put right. Pure, like ui.page.rendering.render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui import wording
from ui.page.rendering.markup import button, esc

_UNOFFERED = ("smalltalk", "other")  # nobody asks for these


def understood(question: str, query: str) -> str:
    """How a follow-up was read, where that isn't what was typed."""
    if not query or " ".join(query.split()).casefold() == " ".join(question.split()).casefold():
        return ""
    return f'<p class="understood"><span>Understood as</span> <q>{esc(query)}</q></p>'


def corrected(pairs: Sequence[Sequence[str]], turn: int = 0) -> str:
    """Words that were put as the library spells them; with a turn, as typed again with a press."""
    if not pairs:
        return ""
    words = wording.listed([f"“{esc(taken)}” for “{esc(typed)}”" for typed, taken in pairs], "and")
    undo = button("retyped", "Search as typed", cls="inline", turn=turn) if turn else ""
    return f'<p class="understood corrected"><span>Searched {words}</span> {undo}</p>'


def kind(answer: Mapping[str, Any], turn: int) -> str:
    """The kind that it was answered as, and the others that it can be asked again as. Answers from
    before there were kinds have none."""
    now = answer.get("kind")
    if not now:
        return ""
    options = "".join(
        f'<option value="{name}"{" selected" if name == now else ""}>{esc(words)}</option>'
        for name, words in wording.KINDS.items()
        if name == now or name not in _UNOFFERED
    )
    return (
        f'<p class="kind"><select data-choose="kind" data-turn="{turn}"'
        ' title="Asks again as something else"'
        f' aria-label="Answered as">{options}</select></p>'
    )
