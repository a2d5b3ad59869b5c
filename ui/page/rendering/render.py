"""An Answer (its JSON form) into what a reader sees. Pure: text in, HTML out, all of it escaped.

The JSON form, not the object, so that an answer looks the same while it is new and when it comes
back from the conversations' file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.compose import unanswered_text
from ui.page.conversations import Turn
from ui.page.rendering import evidence
from ui.page.rendering.chips import found_filters
from ui.page.rendering.evidence import by, cite, considered, details, sources, times
from ui.page.rendering.markup import button, esc, plural

AnswerJson = Mapping[str, Any]

_THUMB = (
    '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M2.5 9h3v8h-3z"/>'
    '<path d="M5.5 9.2 9.4 2c1.6 0 2.3 1.1 2 2.6L10.8 8h4.9c1.2 0 2 1 1.7 2.2l-1.3 5.3'
    'c-.2.9-1 1.5-1.9 1.5H5.5z"/></svg>'
)

MARKS = {
    "supported": ("yes", "✓", "Supported: the quoted words say this"),
    "partly supported": ("partly", "◐", "Partly supported: the quoted words say some of this"),
    "unsupported": ("no", "✕", "Not supported by the quoted words"),
}


def transcript(turns: Sequence[Turn]) -> str:
    return "".join(turn(t, last=t is turns[-1]) for t in turns)


def turn(turn: Turn, *, last: bool = True) -> str:
    """One question with what came of it."""
    if turn.answer is not None:
        body = answer(turn.answer, turn)
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
        + _dropped(answer)
        + considered(answer, turn.id)
        + times(answer)
    )


def understood(question: str, query: str) -> str:
    """How a follow-up was read, where that isn't what was typed."""
    if not query or " ".join(query.split()).casefold() == " ".join(question.split()).casefold():
        return ""
    return f'<p class="understood"><span>Understood as</span> <q>{esc(query)}</q></p>'


def _body(answer: AnswerJson, turn: int) -> str:
    titles = {s["n"]: s for s in answer["sources"]}
    shown = [c for c in answer["claims"] if c["shown"]]
    claims = " ".join(claim(c, titles, turn) for c in shown)
    return (
        f'<div class="answer">{claims}</div>'
        + _unanswered(answer)
        + _trust(answer["claims"], len(answer["sources"]))
        + _conflicts(answer, turn)
        + sources(answer, turn)
    )


def claim(claim: Mapping[str, Any], sources: Mapping[int, Mapping[str, Any]], turn: int) -> str:
    """A sentence, a button for each article it rests on, and a quiet mark."""
    cls, mark, meaning = MARKS[claim["verdict"]]
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for citation in claim["citations"]:
        grouped.setdefault(citation["n"], []).append(citation)
    buttons = "".join(cite(n, spans, sources.get(n, {}), turn) for n, spans in grouped.items())
    label = f"{meaning} ({round(claim['score'] * 100)} of 100)"
    words, last = _last_word(claim["text"])
    return (
        f'<span class="claim {cls}"><span class="words">{esc(words)}</span>'
        f'<span class="refs"><span class="words">{esc(last)}</span>{buttons}'
        f'<button type="button" class="mark" data-act="mark" tabindex="-1" data-note="{label}"'
        f' aria-label="{label}">{mark}</button></span></span>'
    )


def _last_word(text: str) -> tuple[str, str]:
    """The numbers stay on the line of the last word, unless it is a line by itself."""
    words, space, last = text.rpartition(" ")
    return (words + space, last) if len(last) <= 24 else (text, "")


def _trust(claims: Sequence[Mapping[str, Any]], sources: int) -> str:
    """The line that a reader looks at first after the words."""
    shown = [c["verdict"] for c in claims if c["shown"]]
    full, part = shown.count("supported"), shown.count("partly supported")
    bare = len(shown) - full - part
    dropped = sum(not c["shown"] for c in claims)
    parts = []
    if full:
        parts.append(f'<span class="yes">✓ {plural(full, "sentence")} supported</span>')
    if part:
        many = f"{part}" if full else plural(part, "sentence")
        parts.append(f'<span class="partly">◐ {many} partly{"" if full else " supported"}</span>')
    if bare:
        many = f"{bare}" if full or part else plural(bare, "sentence")
        parts.append(f'<span class="no">✕ {many} not supported</span>')
    if dropped:
        parts.append(button("left", f"{dropped} left out", title="See what was left out, and why"))
    parts.append(f"<span>{plural(sources, 'source')}</span>")
    return f'<p class="trust">{"".join(parts)}</p>'


def _abstention(answer: AnswerJson, turn: int) -> str:
    cards = evidence.nearest(answer, turn)
    text = answer["text"].strip() or "The articles in the library don’t hold the answer."
    return (
        '<div class="abstention"><p class="headline">Not in the library</p>'
        f"<p>{esc(text)}</p></div>"
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
            '<section class="conflict" aria-label="The articles disagree">'
            f'<p class="headline">The articles disagree: {esc(conflict["about"])}</p>'
            f'<div class="sides">{sides}</div></section>'
        )
    return "".join(blocks)


def _dropped(answer: AnswerJson) -> str:
    dropped = [c for c in answer["claims"] if not c["shown"]]
    changed = [c for c in answer["claims"] if c["shown"] and c.get("raw")]
    if not dropped and not changed:
        return ""
    items = "".join(
        f'<li><s>{esc(c["raw"] or c["text"])}</s><span class="why">{_why(c)}</span></li>'
        for c in dropped
    ) + "".join(
        f'<li class="cut"><s>{esc(c["raw"])}</s>'
        '<span class="why">Shortened to what its source supports.</span></li>'
        for c in changed
    )
    label = " and ".join(
        part
        for part in (
            f"{plural(len(dropped), 'sentence')} left out" if dropped else "",
            f"{len(changed)} shortened" if changed else "",
        )
        if part
    )
    return details("dropped", f"What the model wrote that isn’t shown: {label}", items, "ul")


def _why(claim: Mapping[str, Any]) -> str:
    score = f" (support {round(claim['score'] * 100)} of 100)"
    if not claim["citations"]:
        return "No passage says this" + score
    return {
        "supported": "The library doesn’t answer the part of the question that it is for",
        "partly supported": "Its source says only some of this",
        "unsupported": "The nearest words don’t say this",
    }[claim["verdict"]] + score


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
