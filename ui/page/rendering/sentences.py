"""What an answer says: sentences, items, sides, articles, each with the numbers of its sources and
its verdict. Pure, like ui.page.rendering.render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.compose import BULLETS
from ui import wording
from ui.page.rendering.evidence import cite
from ui.page.rendering.markup import button, day, esc, plural

AnswerJson = Mapping[str, Any]
ClaimJson = Mapping[str, Any]

# A verdict's class and sign.
MARKS = {"stated": ("stated", "✓"), "check this": ("check", "?"), "withheld": ("withheld", "✕")}


def body(answer: AnswerJson, turn: int) -> str:
    """As the kind of the question wants it: a text, items, or a table of sides; before it what is
    said without a source, after it how complete it is."""
    sources = {s["n"]: s for s in answer["sources"]}
    shown = [c for c in answer["claims"] if c["shown"]]
    kind = answer.get("kind", "fact")
    alone = len(answer["claims"]) == 1
    if kind == "comparison" and any(_label(c) for c in shown):
        inside = _sides(shown, sources, turn)
    elif kind in BULLETS:
        inside = _items(shown, sources, turn)
    else:
        inside = " ".join(labelled(_label(c)) + claim(c, sources, turn, alone=alone) for c in shown)
    return (
        _paragraph("said", answer.get("said"))
        + _articles(answer.get("articles") or (), turn)
        + (f'<div class="answer">{inside}</div>' if inside else "")
        + _paragraph("closing", answer.get("note"))
    )


def _paragraph(cls: str, text: object) -> str:
    return f'<p class="{cls}">{esc(text)}</p>' if str(text or "").strip() else ""


def _label(claim: ClaimJson) -> str:
    return str(claim.get("label") or "")


def labelled(label: str) -> str:
    """What stands before a sentence: Yes or No, an outlet's name."""
    return f'<b class="label">{esc(label)}</b> ' if label else ""


def item(label: str, inside: str) -> str:
    return f"<li>{labelled(label)}{inside}</li>"


def items(rows: str, labels: bool) -> str:
    return f'<ul class="items{" dated" if labels else ""}">{rows}</ul>' if rows else ""


def _items(shown: Sequence[ClaimJson], sources: Mapping[int, Any], turn: int) -> str:
    rows = "".join(item(_label(c), claim(c, sources, turn)) for c in shown)
    return items(rows, any(map(_label, shown)))


def _sides(shown: Sequence[ClaimJson], sources: Mapping[int, Any], turn: int) -> str:
    """A row a side, with the numbers of its sources; what belongs to no side stands below."""
    by_side: dict[str, list[str]] = {}
    for c in shown:
        by_side.setdefault(_label(c), []).append(claim(c, sources, turn))
    rest = by_side.pop("", [])
    rows = "".join(
        f'<tr><th scope="row">{esc(side)}</th><td>{" ".join(said)}</td></tr>'
        for side, said in by_side.items()
    )
    below = f'<p class="rest">{" ".join(rest)}</p>' if rest else ""
    return f'<table class="compared"><tbody>{rows}</tbody></table>{below}'


def _articles(articles: Sequence[Mapping[str, Any]], turn: int) -> str:
    """The library's own articles, numbered as a follow-up may call them ("the second one")."""
    if not articles:
        return ""
    rows = "".join(
        f'<tr><td class="num">{n}</td><td>'
        + button("open", esc(a["title"] or "Untitled"), cls="link", article=a["article_id"],
                 spans="", turn=turn)
        + ('<span class="tag">copy</span>' if a.get("copy_of") else "")
        + f'</td><td class="outlet">{esc(a["source"] or "")}</td>'
        f'<td class="date">{day(a["published"])}</td></tr>'
        for n, a in enumerate(articles, 1)
    )  # fmt: skip
    head = '<th class="num">#</th><th>Article</th><th>Outlet</th><th>Published</th>'
    return (
        f'<div class="scroll"><table class="listed"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def claim(
    claim: ClaimJson,
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
    label = verdict(claim)
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


def verdict(claim: ClaimJson) -> str:
    return wording.verdict(claim["verdict"], claim["text"], claim.get("lacking", ()))


def sentence(claim: ClaimJson, start: int = 0, end: int | None = None) -> str:
    """A claim's words from one place to another: those that the quote lacks underlined, struck out
    where it was withheld."""
    text = claim["text"][start:end]
    lacking = claim.get("lacking", ()) if claim["verdict"] == "check this" else ()
    inside = "".join(
        f"<u>{esc(piece)}</u>" if missing else esc(piece)
        for piece, missing in wording.pieces(text, [(a - start, b - start) for a, b in lacking])
    )
    return f"<s>{inside}</s>" if inside and claim["verdict"] == "withheld" else inside


def _last_word(claim: ClaimJson) -> tuple[str, str]:
    """The numbers stay on the line of the last word, unless it is a line by itself."""
    text = claim["text"]
    at = text.rfind(" ") + 1
    if len(text) - at > 24:
        at = len(text)
    return sentence(claim, 0, at), sentence(claim, at)


def trust(claims: Sequence[ClaimJson], sources: int) -> str:
    """The line that a reader looks at first after the words of several sentences; one sentence
    says its own verdict."""
    if len(claims) < 2:
        return ""
    parts = [f'<span class="{cls}">{words}</span>' for cls, words in _counts(claims)]
    return f'<p class="trust">{"".join(parts)}<span>{plural(sources, "source")}</span></p>'


def told(answer: AnswerJson) -> str:
    """What a screen reader is told when the answer is there."""
    first = [wording.disagree([s["value"] for s in c["sides"]]) for c in answer["conflicts"]]
    if said := answer.get("said"):
        first.append(said)
    shown = [verdict(c) for c in answer["claims"] if c["shown"]]
    if len(shown) > 1:
        return ". ".join([*first, ", ".join(words for _, words in _counts(answer["claims"]))])
    return ". ".join([*first, *shown])


def _counts(claims: Sequence[ClaimJson]) -> list[tuple[str, str]]:
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
