"""An Answer (its JSON form) into what a reader sees. Pure: text in, HTML out, all of it escaped.

The JSON form, not the object, so that an answer looks the same while it is new and when it comes
back from the conversations' file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.compose import unanswered_text
from ui import wording
from ui.page.conversations import Turn
from ui.page.rendering import evidence
from ui.page.rendering.chips import found_filters
from ui.page.rendering.evidence import by, cite, considered, sources, times
from ui.page.rendering.markup import button, esc, plural

AnswerJson = Mapping[str, Any]

_THUMB = (
    '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M2.5 9h3v8h-3z"/>'
    '<path d="M5.5 9.2 9.4 2c1.6 0 2.3 1.1 2 2.6L10.8 8h4.9c1.2 0 2 1 1.7 2.2l-1.3 5.3'
    'c-.2.9-1 1.5-1.9 1.5H5.5z"/></svg>'
)

# A verdict's class and sign.
MARKS = {"stated": ("stated", "✓"), "check this": ("check", "?"), "withheld": ("withheld", "✕")}


def transcript(turns: Sequence[Turn]) -> str:
    """That scores mean little is said once, at the first answer that it is true of."""
    doubtful = next((t for t in turns if t.answer and not _calibrated(t.answer)), None)
    return "".join(turn(t, last=t is turns[-1], doubtful=t is doubtful) for t in turns)


def _calibrated(answer: AnswerJson) -> bool:
    return (answer.get("model") or {}).get("calibrated") != "no"


def turn(turn: Turn, *, last: bool = True, doubtful: bool = False) -> str:
    """One question with what came of it."""
    if turn.answer is not None:
        body = answer(turn.answer, turn)
        if doubtful:
            body += f'<p class="note uncalibrated">{wording.UNCALIBRATED}</p>'
    elif turn.state == "running":
        body = _draft(turn.draft) + '<p class="note running">Being answered in another window…</p>'
    elif turn.state == "failed":
        body = f'<p class="note failed">{esc(turn.note)}</p>'
    else:
        stopped = "Stopped. What was written until then has not been checked."
        body = _draft(turn.draft) + f'<p class="note stopped">{stopped}</p>'
    return (
        f'<article class="turn {esc(turn.state)}" data-turn="{turn.id}" id="turn-{turn.id}"'
        f' data-chat="{esc(turn.chat)}">'
        f"{question(turn.question)}{body}{_actions(turn, last)}</article>"
    )


def question(question: str) -> str:
    return f'<h3 class="question"><span class="sr">You asked: </span>{esc(question)}</h3>'


def _draft(draft: str) -> str:
    return f'<p class="answer draft">{esc(draft)}</p>' if draft.strip() else ""


# ---- an answer ----


def answer(answer: AnswerJson, turn: Turn) -> str:
    shown = _abstention if answer["abstained"] else _body
    main = shown(answer, turn.id)
    return (
        understood(answer["question"], answer["query"])
        + found_filters(answer.get("filter") or {}, turn.id)
        + main
        + considered(answer, turn.id)
        + times(answer)
    )


def understood(question: str, query: str) -> str:
    """How a follow-up was read, where that isn't what was typed."""
    if not query or " ".join(query.split()).casefold() == " ".join(question.split()).casefold():
        return ""
    return f'<p class="understood"><span>Understood as</span> <q>{esc(query)}</q></p>'


def _body(answer: AnswerJson, turn: int) -> str:
    """What the sources disagree on leads: a sentence with a tick above it would hide it."""
    titles = {s["n"]: s for s in answer["sources"]}
    shown = [c for c in answer["claims"] if c["shown"]]
    alone = len(answer["claims"]) == 1
    claims = " ".join(claim(c, titles, turn, alone=alone) for c in shown)
    trust = "" if alone else _trust(answer["claims"], len(answer["sources"]))
    return (
        _conflicts(answer, turn)
        + f'<div class="answer" data-told="{esc(_told(answer))}">{claims}</div>'
        + _unanswered(answer)
        + trust
        + sources(answer, turn)
    )


def _told(answer: AnswerJson) -> str:
    """What a screen reader is told when the answer is there."""
    first = [wording.disagree(_values(conflict)) for conflict in answer["conflicts"]]
    shown = [_verdict(c) for c in answer["claims"] if c["shown"]]
    if len(shown) > 1:
        return ". ".join([*first, ", ".join(words for _, words in _counts(answer["claims"]))])
    return ". ".join([*first, *shown])


def claim(
    claim: Mapping[str, Any],
    sources: Mapping[int, Mapping[str, Any]],
    turn: int,
    *,
    alone: bool = False,
) -> str:
    """A sentence, a button for each article it rests on, and its verdict: in words where there is
    something to do, or nothing else to say it."""
    cls, mark = MARKS[claim["verdict"]]
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for citation in claim["citations"]:
        grouped.setdefault(citation["n"], []).append(citation)
    buttons = "".join(cite(n, spans, sources.get(n, {}), turn) for n, spans in grouped.items())
    label = _verdict(claim)
    words, last = _last_word(claim)
    if claim["verdict"] == "stated" and not alone:
        button = (
            f'<button type="button" class="mark" data-act="mark" tabindex="-1" data-note="{label}"'
            f' aria-label="{label}">{mark}</button></span>'
        )
    else:
        button = f'</span> <span class="verdict">{mark} {esc(label)}</span>'
    return (
        f'<span class="claim {cls}"><span class="words">{words}</span>'
        f'<span class="refs"><span class="words">{last}</span>{buttons}{button}</span>'
    )


def _verdict(claim: Mapping[str, Any]) -> str:
    return wording.verdict(claim["verdict"], claim["text"], claim.get("lacking", ()))


def sentence(claim: Mapping[str, Any], start: int = 0, end: int | None = None) -> str:
    """A claim's words from one place to another: those that the quote lacks underlined, struck out
    where it was withheld."""
    text = claim["text"][start:end]
    lacking = claim.get("lacking", ()) if claim["verdict"] == "check this" else ()
    inside = "".join(
        f"<u>{esc(piece)}</u>" if missing else esc(piece)
        for piece, missing in wording.pieces(text, [(a - start, b - start) for a, b in lacking])
    )
    return f"<s>{inside}</s>" if inside and claim["verdict"] == "withheld" else inside


def _last_word(claim: Mapping[str, Any]) -> tuple[str, str]:
    """The numbers stay on the line of the last word, unless it is a line by itself."""
    text = claim["text"]
    at = text.rfind(" ") + 1
    if len(text) - at > 24:
        at = len(text)
    return sentence(claim, 0, at), sentence(claim, at)


def _trust(claims: Sequence[Mapping[str, Any]], sources: int) -> str:
    """The line that a reader looks at first after the words of several sentences."""
    parts = [f'<span class="{cls}">{words}</span>' for cls, words in _counts(claims)]
    return f'<p class="trust">{"".join(parts)}<span>{plural(sources, "source")}</span></p>'


def _counts(claims: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """How many sentences there are of each verdict, with the verdict's class."""
    found = []
    for verdict, words in (
        ("stated", "stated in the source"),
        ("check this", "to check"),
        ("withheld", "withheld"),
    ):
        count = sum(c["verdict"] == verdict for c in claims)
        cls, mark = MARKS[verdict]
        if count:
            found.append((cls, f"{mark} {count} {words}"))
    return found


def _abstention(answer: AnswerJson, turn: int) -> str:
    cards = evidence.nearest(answer, turn)
    text = answer["text"].strip() or "The articles in the library don’t hold the answer."
    withheld = " ".join(
        sentence(c) for c in answer["claims"] if c["shown"] and c["verdict"] == "withheld"
    )
    return (
        '<div class="abstention" data-told="Not in the library">'
        f'<p class="headline">Not in the library</p><p>{esc(text)}</p></div>'
        + (
            f'<p class="label">{wording.WITHHELD}</p><p class="struck">{withheld}</p>'
            if withheld
            else ""
        )
        + (
            f'<p class="label">The nearest passages</p><div class="cards">{cards}</div>'
            if cards
            else ""
        )
    )


def _unanswered(answer: AnswerJson) -> str:
    """The parts of the question that the library doesn't answer."""
    return "".join(
        f'<p class="unanswered">{esc(unanswered_text(part))}</p>'
        for part in answer.get("unanswered", ())
    )


def _conflicts(answer: AnswerJson, turn: int) -> str:
    known = {s["n"]: s for s in answer["sources"]}
    blocks = []
    for conflict in answer["conflicts"]:
        sides = "".join(
            '<div class="side">'
            f'<p class="value">{esc(side["value"])}'
            + ('<span class="tag">newest</span>' if side["newest"] else "")
            + ('<span class="tag">correction</span>' if side["correction"] else "")
            + f'</p><blockquote>{esc(side["quote"])}</blockquote><p class="by">'
            + esc(by(known.get(side["n"], {}))[3:])
            + cite(side["n"], [side], known.get(side["n"], {}), turn)
            + "</p></div>"
            for side in conflict["sides"]
        )
        blocks.append(
            '<section class="conflict" aria-label="Sources disagree">'
            f'<p class="headline">{esc(wording.disagree(_values(conflict)))}'
            f'<span class="about">{esc(conflict["about"])}</span></p>'
            f'<div class="sides">{sides}</div></section>'
        )
    return "".join(blocks)


def _values(conflict: Mapping[str, Any]) -> list[str]:
    return [side["value"] for side in conflict["sides"]]


def _actions(turn: Turn, last: bool) -> str:
    parts = []
    if turn.answer is not None:
        parts.append(button("copy", "Copy", turn=turn.id, title="Copy with footnotes"))
        for vote, way, name in ((1, "up", "Good answer"), (-1, "down", "Bad answer")):
            on = turn.vote == vote
            parts.append(
                button(
                    "vote",
                    _THUMB,
                    cls=f"thumb {way}{' on' if on else ''}",
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
            parts.append(button("retry", "Ask again", turn=turn.id))
        parts.append(
            button("edit", "Edit", turn=turn.id, question=turn.question, title="Edit the question")
        )
    said = f'<span class="remark">{esc(turn.remark)}</span>' if turn.remark else ""
    return f'<div class="actions">{"".join(parts)}{said}</div>' if parts else ""
