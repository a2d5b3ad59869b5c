"""An Answer (its JSON form) into what a reader sees. Pure: text in, HTML out, all of it escaped.

The JSON form, not the object, so that an answer looks the same while it is new and when it comes
back from the conversations' file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.compose import abstention_text, unanswered_text
from ui import wording
from ui.page.changes.shown import Aged, aged, marked
from ui.page.conversations import Turn
from ui.page.rendering import actions, evidence, sentences
from ui.page.rendering.chips import found_filters
from ui.page.rendering.evidence import by, cite, sources
from ui.page.rendering.markup import esc
from ui.page.rendering.understood import corrected, kind, understood
from ui.page.suggesting.proposals import after

AnswerJson = Mapping[str, Any]

_STOPPED = "Stopped. What was written until then has not been checked."
_STANDS = "Stopped: what was checked until then stands, and there may be more."


def transcript(turns: Sequence[Turn], under: Mapping[int, Sequence[Aged]] | None = None) -> str:
    """That scores mean little is said once, at the first answer that it is true of. `under`: what
    has changed under the answers, by turn."""
    doubtful = next((t for t in turns if t.answer and not _calibrated(t.answer)), None)
    return "".join(
        turn(t, last=t is turns[-1], doubtful=t is doubtful, since=(under or {}).get(t.id, ()))
        for t in turns
    )


def _calibrated(answer: AnswerJson) -> bool:
    return (answer.get("model") or {}).get("calibrated") != "no"


def turn(
    turn: Turn, *, last: bool = True, doubtful: bool = False, since: Sequence[Aged] = ()
) -> str:
    """One question with what came of it, and what has changed under that since."""
    following = ""
    if turn.answer is not None:
        body = aged(since, turn.id) + answer(marked(turn.answer, since), turn)
        if turn.state == "stopped":
            body += f'<p class="note stopped">{_STANDS}</p>'
        if doubtful:
            body += f'<p class="note uncalibrated">{wording.UNCALIBRATED}</p>'
        if last:
            following = actions.proposals(after(turn.answer), "next", "Ask next")
    elif turn.state == "running":
        body = _draft(turn.draft) + '<p class="note running">Being answered in another window…</p>'
    elif turn.state == "failed":
        body = f'<p class="note failed">{esc(turn.note)}</p>'
    else:
        body = _draft(turn.draft) + f'<p class="note stopped">{_STOPPED}</p>'
    return (
        f'<article class="turn {esc(turn.state)}" data-turn="{turn.id}" id="turn-{turn.id}"'
        f' data-chat="{esc(turn.chat)}">'
        f"{question(turn.question)}{body}{actions.row(turn, last)}{following}</article>"
    )


def question(question: str) -> str:
    return f'<h3 class="question"><span class="sr">You asked: </span>{esc(question)}</h3>'


def _draft(draft: str) -> str:
    return f'<p class="answer draft">{esc(draft)}</p>' if draft.strip() else ""


# ---- an answer ----


def answer(answer: AnswerJson, turn: Turn) -> str:
    shown = _abstention if answer["abstained"] else _body
    put_right = answer.get("corrected") or ()
    return (
        kind(answer, turn.id)
        + understood(answer["question"], "" if put_right else answer["query"])
        + corrected(put_right, turn.id)
        + found_filters(answer.get("filter") or {}, turn.id)
        + shown(answer, turn.id)
    )


def _body(answer: AnswerJson, turn: int) -> str:
    """What the sources disagree on leads: a sentence with a tick above it would hide it."""
    return (
        _conflicts(answer, turn)
        + f'<div class="said-all" data-told="{esc(sentences.told(answer))}">'
        + sentences.body(answer, turn)
        + "</div>"
        + _unanswered(answer)
        + actions.reading_on(answer, turn)
        + sentences.trust(answer["claims"], len(answer["sources"]))
        + sources(answer, turn)
    )


def _abstention(answer: AnswerJson, turn: int) -> str:
    """In how much it was looked for, and what is nearest, each article once; the library doesn't
    hold it only where all that speaks of it was read."""
    coverage = actions.coverage(answer)
    whole = coverage.read >= coverage.of
    headline = "Not in the library" if whole else "No answer found yet"
    cards = evidence.nearest(answer, turn)
    withheld = " ".join(
        sentences.sentence(c) for c in answer["claims"] if c["shown"] and c["verdict"] == "withheld"
    )
    return (
        f'<div class="abstention" data-told="{headline}">'
        f'<p class="headline">{headline}</p><p>{esc(abstention_text((), coverage))}</p>'
        f"{actions.reading_on(answer, turn)}</div>"
        + (
            f'<p class="label">{wording.WITHHELD}</p><p class="struck">{withheld}</p>'
            if withheld
            else ""
        )
        + (f'<p class="label">The nearest</p><div class="cards">{cards}</div>' if cards else "")
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
        values = [side["value"] for side in conflict["sides"]]
        blocks.append(
            '<section class="conflict" aria-label="Sources disagree">'
            f'<p class="headline">{esc(wording.disagree(values))}'
            f'<span class="about">{esc(conflict["about"])}</span></p>'
            f'<div class="sides">{sides}</div></section>'
        )
    return "".join(blocks)
