"""An Answer (its JSON form) into what a reader sees. Pure: text in, HTML out, all of it escaped.

The JSON form, not the object, so that an answer looks the same while it is new and when it comes
back from the conversations' file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.conversations import Turn
from ui.markup import button, day, esc, plural, seconds

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
        body = f'<p class="note failed" role="alert">{esc(turn.note)}</p>'
    else:
        stopped = "Stopped. What was written until then has not been checked."
        body = _draft(turn.draft) + f'<p class="note stopped">{stopped}</p>'
    return (
        f'<article class="turn {esc(turn.state)}" data-turn="{turn.id}" id="turn-{turn.id}">'
        f"{question(turn.question)}{body}{_actions(turn, last)}</article>"
    )


def question(question: str) -> str:
    return f'<h3 class="question"><span class="sr">You asked: </span>{esc(question)}</h3>'


def _draft(draft: str) -> str:
    return f'<p class="answer draft">{esc(draft)}</p>' if draft.strip() else ""


# ---- an answer ----


def answer(answer: AnswerJson, turn: Turn) -> str:
    main = _abstention(answer, turn.id) if answer["abstained"] else _body(answer, turn.id)
    return (
        understood(answer["question"], answer["query"])
        + found_filters(answer.get("filter") or {}, turn.id)
        + main
        + _conflicts(answer, turn.id)
        + _dropped(answer)
        + _considered(answer, turn.id)
        + _times(answer)
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
        + _trust(answer["claims"], len(answer["sources"]))
        + _sources(answer, turn)
    )


def claim(claim: Mapping[str, Any], sources: Mapping[int, Mapping[str, Any]], turn: int) -> str:
    """A sentence, a button for each article it rests on, and a quiet mark."""
    cls, mark, meaning = MARKS[claim["verdict"]]
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for citation in claim["citations"]:
        grouped.setdefault(citation["n"], []).append(citation)
    buttons = "".join(cite(n, spans, sources.get(n, {}), turn) for n, spans in grouped.items())
    label = f"{meaning} ({round(claim['score'] * 100)} of 100)"
    return (
        f'<span class="claim {cls}"><span class="words">{esc(claim["text"])}</span>'
        f'<span class="refs">{buttons}<span class="mark" role="img" title="{label}"'
        f' aria-label="{label}">{mark}</span></span></span>'
    )


def cite(
    n: int, citations: Sequence[Mapping[str, Any]], source: Mapping[str, Any], turn: int
) -> str:
    """The numbered button: opens the article at the quote; hovering shows the quote."""
    first = citations[0]
    title = f"Source {n}: {source.get('title', '')}{_by(source)}"
    return (
        '<button type="button" class="cite" data-act="open"'
        f' data-article="{esc(first["article_id"])}" data-spans="{_spans(citations)}"'
        f' data-turn="{turn}" data-n="{n}" data-by="{esc(source.get("title", ""))}'
        f'{esc(_by(source))}" data-quote="{esc(" … ".join(c["quote"] for c in citations))}"'
        f' aria-label="{esc(title)}">{n}</button>'
    )


def _spans(citations: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(f"{int(c['start'])}-{int(c['end'])}" for c in citations)


def _by(source: Mapping[str, Any]) -> str:
    parts = [source.get("source") or "", day(source.get("published"))]
    text = ", ".join(part for part in parts if part)
    return f" · {text}" if text else ""


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
        parts.append(f'<span class="partly">◐ {part} partly</span>')
    if bare:
        parts.append(f'<span class="no">✕ {bare} not supported</span>')
    if dropped:
        parts.append(f"<span>{dropped} left out</span>")
    parts.append(f"<span>{plural(sources, 'source')}</span>")
    return f'<p class="trust">{"".join(parts)}</p>'


def _sources(answer: AnswerJson, turn: int) -> str:
    first: dict[int, list[Mapping[str, Any]]] = {}
    for c in (c for claim in answer["claims"] if claim["shown"] for c in claim["citations"]):
        first.setdefault(c["n"], []).append(c)
    rows = "".join(
        f'<li><span class="n" aria-hidden="true">{n}</span>'
        + button(
            "open",
            f'<span class="title">{esc(s["title"])}</span><span class="by">{esc(_by(s)[3:])}</span>'
            + ('<span class="tag">copy</span>' if s.get("copy_of") else ""),
            cls="source",
            article=s["article_id"],
            spans=_spans(first.get(n, [])),
            turn=turn,
            n=n,
        )
        + "</li>"
        for s in answer["sources"]
        for n in (s["n"],)
    )
    return f'<ul class="sources" aria-label="Sources">{rows}</ul>' if rows else ""


def _abstention(answer: AnswerJson, turn: int) -> str:
    nearest = list(answer.get("hits") or ())[:3]
    cards = "".join(
        button(
            "open",
            f'<span class="title">{esc(hit["title"])}</span>'
            f'<span class="by">{esc(_by(hit)[3:])}</span>'
            f'<span class="excerpt">{esc(_clip(hit["text"], 260))}</span>',
            cls="card",
            article=hit["article_id"],
            spans=_spans([hit]),
            turn=turn,
        )
        for hit in nearest
    )
    text = answer["text"].strip() or "The articles in the library don’t hold the answer."
    return (
        '<div class="abstention" role="status"><p class="headline">Not in the library</p>'
        f"<p>{esc(text)}</p></div>"
        + (
            f'<p class="label">The nearest passages</p><div class="cards">{cards}</div>'
            if cards
            else ""
        )
    )


def _conflicts(answer: AnswerJson, turn: int) -> str:
    sources = {s["n"]: s for s in answer["sources"]}
    blocks = []
    for conflict in answer["conflicts"]:
        sides = "".join(
            '<div class="side">'
            f'<p class="value">{esc(side["value"])}'
            + ('<span class="tag">newest</span>' if side["newest"] else "")
            + ('<span class="tag">correction</span>' if side["correction"] else "")
            + f'</p><blockquote>{esc(side["quote"])}</blockquote><p class="by">'
            + esc(_by(sources.get(side["n"], {}))[3:])
            + cite(side["n"], [side], sources.get(side["n"], {}), turn)
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
        f'<li><s>{esc(c["raw"])}</s><span class="why">Shortened to what its source supports.'
        "</span></li>"
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
    return _details("dropped", f"What the model wrote that isn’t shown: {label}", items, "ul")


def _why(claim: Mapping[str, Any]) -> str:
    score = f" (support {round(claim['score'] * 100)} of 100)"
    if not claim["citations"]:
        return "No passage says this" + score
    return {
        "supported": "It repeats another sentence",
        "partly supported": "Its source says only some of this",
        "unsupported": "The nearest words don’t say this",
    }[claim["verdict"]] + score


def _considered(answer: AnswerJson, turn: int) -> str:
    hits = answer.get("hits") or ()
    if not hits:
        return ""
    cited = {
        c["passage_id"] for claim in answer["claims"] if claim["shown"] for c in claim["citations"]
    }
    rows = "".join(
        f'<tr class="{"read" if hit["in_context"] else "unread"}">'
        f'<td class="num">{hit["rank"]}</td><td>'
        + button(
            "open",
            f'<span class="title">{esc(hit["title"])}</span>'
            f'<span class="by">{esc(_by(hit)[3:])}</span>'
            f'<span class="excerpt">{esc(_clip(hit["text"], 150))}</span>',
            cls="source",
            article=hit["article_id"],
            spans=_spans([hit]),
            turn=turn,
        )
        + f'</td><td class="num">{hit["dense"]:.2f}</td>'
        f'<td class="num">{"–" if hit["lexical"] is None else format(hit["lexical"], ".1f")}</td>'
        f'<td class="num">{hit["score"]:.4f}</td><td>{_use(hit, cited)}</td></tr>'
        for hit in hits
    )
    head = (
        "<thead><tr><th>#</th><th>Passage</th>"
        '<th title="How near its meaning is to the question (cosine)">Meaning</th>'
        '<th title="How well its words match the question (BM25)">Words</th>'
        '<th title="Both rankings fused; higher is better">Score</th><th>Use</th></tr></thead>'
    )
    read = sum(bool(hit["in_context"]) for hit in hits)
    label = f"{plural(len(hits), 'passage')} considered, {read} read"
    return _details("considered", label, f"{head}<tbody>{rows}</tbody>", "table")


def _use(hit: Mapping[str, Any], cited: set[str]) -> str:
    if hit["passage_id"] in cited:
        return "cited"
    return "read" if hit["in_context"] else "not read"


def _times(answer: AnswerJson) -> str:
    """Searching, reading, writing, checking, and all of it."""
    t = answer["timings"]
    steps = [("searched", t["search_s"])]
    if t["first_token_s"] is not None:
        steps.append(("read", t["first_token_s"] - t["search_s"]))
        steps.append(("wrote", t["total_s"] - t["first_token_s"] - t["checks_s"]))
    steps.append(("checked", t["checks_s"]))
    parts = " · ".join(f"{name} {seconds(max(0.0, s))}" for name, s in steps)
    model = esc((answer.get("model") or {}).get("generator", ""))
    return (
        f'<p class="times"><b>{seconds(t["total_s"])}</b> {parts}'
        + (f" · {model}" if model else "")
        + "</p>"
    )


def _details(kind: str, label: str, inside: str, tag: str) -> str:
    return (
        f'<details class="{kind}"><summary>{label}</summary>'
        f'<div class="scroll"><{tag}>{inside}</{tag}></div></details>'
    )


def _actions(turn: Turn, last: bool) -> str:
    parts = []
    if turn.answer is not None:
        parts.append(button("copy", "Copy", turn=turn.id, title="Copy with footnotes"))
        for vote, way, name in ((1, "up", "Good answer"), (-1, "down", "Bad answer")):
            on = f"thumb {way}" + (" on" if turn.vote == vote else "")
            parts.append(button("vote", _THUMB, cls=on, turn=turn.id, vote=vote, title=name))
    if turn.state != "running":
        if last:
            parts.append(button("retry", "Ask again", turn=turn.id))
        parts.append(
            button("edit", "Edit", turn=turn.id, question=turn.question, title="Edit the question")
        )
    said = f'<span class="remark">{esc(turn.remark)}</span>' if turn.remark else ""
    return f'<div class="actions">{"".join(parts)}{said}</div>' if parts else ""


# ---- filters ----


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
    preferred = value.get("preferred")
    if preferred:
        days = [day(preferred[end]) for end in ("since", "until") if preferred.get(end)]
        label = "articles of " + " to ".join(days) if days else "newer articles"
        chip = _chip("unfilter", label, "preferred", "", {"turn": turn})
        parts.append(f"<span>Preferring</span> {chip}")
    if said := [*(value.get("found") or ()), *([preferred["phrase"]] if preferred else ())]:
        parts.append(f"<span>read from {_quoted(said)}</span>")
    if dropped := value.get("dropped"):
        parts.append(f"<span>No article fits {_quoted(dropped)}: searched without</span>")
    return f'<p class="chips">{" ".join(parts)}</p>' if parts else ""


def _quoted(phrases: Sequence[str]) -> str:
    return ", ".join(f"“{esc(phrase)}”" for phrase in phrases)


def _clip(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"
