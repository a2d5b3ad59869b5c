"""An answer while it is being made: the stages, whose turn it is, the draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag.answer import Claim, filter_dict
from rag.compose import BULLETS
from rag.events import (
    ClaimChecked,
    Done,
    Event,
    Passages,
    Progress,
    Searching,
    Token,
    Understood,
)
from rag.service import Loading, Waiting
from rag.understanding.kinds import Kind
from ui import wording
from ui.page.rendering.chips import found_filters
from ui.page.rendering.markup import esc, plural, seconds
from ui.page.rendering.render import question
from ui.page.rendering.sentences import MARKS, item, items, labelled, sentence
from ui.page.rendering.understood import corrected, understood

STAGES = ("Searching", "Reading", "Writing", "Checking")


@dataclass(frozen=True, slots=True)
class Live:
    """Where an answer is: `stage` indexes STAGES, `times` holds the seconds of the stages before.

    `place` counts the people who are before this one. `elapsed` is the current stage's seconds.
    `loading` names a model that has to be there first. So many `passages` have been read, `of` so
    many that are to be, where that is known.
    """

    question: str
    chat: str = ""
    query: str = ""
    loading: str = ""
    stage: int = 0
    times: tuple[float, ...] = ()
    elapsed: float = 0.0
    place: int = 0
    filter: Mapping[str, Any] | None = None
    passages: int = 0
    of: int = 0
    kind: Kind | None = None
    corrected: tuple[tuple[str, str], ...] = ()
    draft: str = ""
    claims: tuple[Claim, ...] = ()


def told(p: Live, event: Event | Loading | Waiting) -> tuple[Live, int]:
    """With what an event says, and the stage that it belongs to."""
    match event:
        case Waiting(place=place):
            return replace(p, place=place), p.stage
        case Loading(model=model):
            return replace(p, loading=model, place=0), p.stage
        case Understood(query=query, kind=kind, corrected=corrected):
            new = replace(p, query=query, kind=kind, corrected=corrected, loading="", place=0)
            return new, p.stage
        case Progress(read=read, of=of):
            return replace(p, passages=read, of=of), max(p.stage, 1)
        case Searching(query=query, filter=applied, reading=reading):
            chips = filter_dict(applied, reading)
            return replace(p, query=query, loading="", place=0, filter=chips), p.stage
        case Passages(context_ids=ids):
            return replace(p, passages=p.passages or len(ids)), max(p.stage, 1)
        case Token(text=text):
            return replace(p, draft=p.draft + text), max(p.stage, 2)
        case ClaimChecked(claim=claim):
            # (articles' own sentences come while passages are still read)
            return replace(p, claims=(*p.claims, claim)), max(p.stage, 3 if p.draft else 1)
        case Done():
            return p, p.stage


def live(p: Live) -> str:
    doing = _queue(p.place) if p.place else _loading(p) if p.loading else _stages(p)
    kind = f'<p class="kind">{esc(wording.KINDS[p.kind])}</p>' if p.kind else ""
    read = corrected(p.corrected) or understood(p.question, p.query)
    chips = found_filters(p.filter, 0) if p.filter else ""
    return (
        f'<article class="turn live" data-chat="{esc(p.chat)}">{question(p.question)}'
        f'{kind}{read}{chips}<p class="stages">{doing}</p>{_so_far(p)}</article>'
    )


def _so_far(p: Live) -> str:
    """What is checked, and the draft after it; items one below the other, as they will stand."""
    shown = [c for c in p.claims if c.shown]
    rest = _unchecked(p.draft, p.claims)
    if p.kind in BULLETS:
        rows = "".join(item(c.label, _checked(c)) for c in shown)
        checked = items(rows, any(c.label for c in shown))
    else:
        checked = "".join(labelled(c.label) + _checked(c) for c in shown)
    if not (checked or rest):
        return ""
    cursor = '<span class="cursor" aria-hidden="true"></span>' if p.stage == 2 else ""
    draft = f'<span class="draft">{esc(rest)}</span>'
    return f'<div class="answer live">{checked}{draft}{cursor}</div>'


def _checked(c: Claim) -> str:
    cls, mark = MARKS[c.verdict]
    words = sentence({"text": c.text, "verdict": c.verdict, "lacking": c.lacking})
    sign = f'<span class="mark" aria-hidden="true">{mark}</span>'
    return f'<span class="claim {cls}"><span class="words">{words}</span>{sign}</span> '


def _queue(place: int) -> str:
    before = "One question is" if place == 1 else f"{place} questions are"
    return f'<span class="now">{before} before yours</span>'


def _loading(p: Live) -> str:
    took = f" <i>{p.elapsed:.0f} s</i>" if p.elapsed >= 1 else ""
    return f'<span class="now">Loading {esc(p.loading)}{took}</span>'


def _stages(p: Live) -> str:
    parts = []
    for i, name in enumerate(STAGES):
        if i < p.stage:
            took = seconds(p.times[i]) if i < len(p.times) else ""
            parts.append(f'<span class="past">{name} <i>{took}</i></span>')
        elif i == p.stage:
            what = _of_passages(p) if p.passages and (i == 1 or p.of > p.passages) else ""
            took = f" <i>{p.elapsed:.0f} s</i>" if p.elapsed >= 1 else ""
            parts.append(f'<span class="now">{name}{what}{took}</span>')
        else:
            parts.append(f'<span class="later">{name}</span>')
    return "".join(parts)


def _of_passages(p: Live) -> str:
    if p.of > p.passages:
        return f" {p.passages} of {plural(p.of, 'passage')}"
    return f" {plural(p.passages, 'passage')}"


def _unchecked(draft: str, claims: Sequence[Claim]) -> str:
    """The draft after the sentences that have been checked, as far as they can be found in it."""
    at = 0
    for c in claims:
        found = draft.find(c.text, at)
        if found >= 0:
            at = found + len(c.text)
    return draft[at:] if at or not claims else ""
