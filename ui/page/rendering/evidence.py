"""What an answer rests on: citations, sources, the passages that were considered, the time that
each step took. Pure, like ui.page.rendering.render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui import wording
from ui.page.rendering.markup import button, day, esc, plural, seconds
from ui.page.suggesting.proposals import summary


def cite(
    n: int, citations: Sequence[Mapping[str, Any]], source: Mapping[str, Any], turn: int
) -> str:
    """The numbered button: opens the article at the quote; hovering shows the quote, and what has
    become of it since (`aged`)."""
    first = citations[0]
    title = f"Source {n}: {source.get('title', '')}{by(source)}"
    aged = next((str(c["aged"]) for c in citations if c.get("aged")), "")
    since = f' data-aged="{esc(aged)}"' if aged else ""
    title += f"; {aged}" if aged else ""
    return (
        f'<button type="button" class="cite{" aged" if aged else ""}" data-act="open"{since}'
        f' data-article="{esc(first["article_id"])}" data-spans="{_spans(citations)}"'
        f' data-turn="{turn}" data-n="{n}" data-by="{esc(source.get("title", ""))}'
        f'{esc(by(source))}" data-quote="{esc(" … ".join(c["quote"] for c in citations))}"'
        f' aria-label="{esc(title)}">{n}</button>'
    )


def _spans(citations: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(f"{int(c['start'])}-{int(c['end'])}" for c in citations)


def by(source: Mapping[str, Any]) -> str:
    parts = [source.get("source") or "", day(source.get("published"))]
    text = ", ".join(part for part in parts if part)
    return f" · {text}" if text else ""


def sources(answer: Mapping[str, Any], turn: int) -> str:
    first: dict[int, list[Mapping[str, Any]]] = {}
    for c in (c for claim in answer["claims"] if claim["shown"] for c in claim["citations"]):
        first.setdefault(c["n"], []).append(c)
    for side in (side for conflict in answer["conflicts"] for side in conflict["sides"]):
        first.setdefault(side["n"], [side])  # an article that only disagrees
    rows = "".join(
        f'<li><span class="n" aria-hidden="true">{n}</span>'
        + button(
            "open",
            f'<span class="title">{esc(s["title"])}</span><span class="by">{esc(by(s)[3:])}</span>'
            + ('<span class="tag">copy</span>' if s.get("copy_of") else "")
            + _opening(first.get(n, [])),
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


def _opening(citations: Sequence[Mapping[str, Any]]) -> str:
    """The quote that an article is cited for, of which a card shows the first two lines."""
    quote = _clip(citations[0]["quote"], 400) if citations else ""
    return f'<span class="excerpt quote">{esc(quote)}</span>' if quote else ""


def nearest(answer: Mapping[str, Any], turn: int) -> str:
    """The best passages' articles, each once, where none of them answers."""
    best: dict[str, Mapping[str, Any]] = {}
    for hit in answer.get("hits") or ():
        best.setdefault(hit["article_id"], hit)
    return "".join(
        '<div class="near">'
        + button(
            "open",
            f'<span class="title">{esc(hit["title"])}</span>'
            f'<span class="by">{esc(by(hit)[3:])}</span>'
            f'<span class="excerpt">{esc(_clip(hit["text"], 260))}</span>',
            cls="card",
            article=hit["article_id"],
            spans=_spans([hit]),
            turn=turn,
        )
        + _summarise(hit)
        + "</div>"
        for hit in list(best.values())[:3]
    )


def _summarise(hit: Mapping[str, Any]) -> str:
    asks = summary(hit["article_id"], hit["title"])
    return button(
        "suggest", "Summarise this article", cls="plain", title=asks.question,
        question=asks.question, ask=asks.kind, article=asks.article,
    )  # fmt: skip


def considered(answer: Mapping[str, Any], turn: int) -> str:
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
            f'<span class="by">{esc(by(hit)[3:])}</span>'
            f'<span class="excerpt">{esc(_clip(hit["text"], 150))}</span>',
            cls="source",
            article=hit["article_id"],
            spans=_spans([hit]),
            turn=turn,
        )
        + f"</td>{_score('Meaning', hit['dense'], 2)}{_score('Words', hit['lexical'], 1)}"
        f"{_score('Score', hit['score'], 4)}<td>{_use(hit, cited)}</td></tr>"
        for hit in hits
    )
    head = (
        "<thead><tr><th class='num'>#</th><th>Passage</th>"
        '<th class="num" title="How near its meaning is to the question (cosine)">Meaning</th>'
        '<th class="num" title="How well its words match the question (BM25)">Words</th>'
        '<th class="num" title="Both rankings fused; higher is better">Score</th>'
        "<th>Use</th></tr></thead>"
    )
    read = sum(bool(hit["in_context"]) for hit in hits)
    label = f"{plural(len(hits), 'passage')} considered, {read} before the model"
    kept = answer.get("coverage") or {}
    if kept.get("read"):
        label += f"; {kept['read']} of {kept['of']} read"
    return (
        f'<div class="considered"><p class="label">{label}</p><div class="scroll">'
        f"<table>{head}<tbody>{rows}</tbody></table></div></div>"
    )


def _score(name: str, value: float | None, digits: int) -> str:
    """Its name goes along for a phone, where the table has no head."""
    number = "–" if value is None else f"{value:.{digits}f}"
    return f'<td class="num" data-name="{name}">{number}</td>'


def _use(hit: Mapping[str, Any], cited: set[str]) -> str:
    if hit["passage_id"] in cited:
        return "cited"
    return "read" if hit["in_context"] else "not read"


def steps(t: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Searching, reading, writing, checking: the seconds of each that there was."""
    found = [("searched", t["search_s"])]
    if t["first_token_s"] is not None:
        found.append(("read", t["first_token_s"] - t["search_s"]))
        found.append(("wrote", t["total_s"] - t["first_token_s"] - t["checks_s"]))
    found.append(("checked", t["checks_s"]))
    return [(name, max(0.0, s)) for name, s in found]


def times(answer: Mapping[str, Any]) -> str:
    t = answer["timings"]
    parts = " · ".join(f"{name} {seconds(s)}" for name, s in steps(t))
    model = esc(wording.written_by(answer.get("model") or {}))
    return (
        f'<p class="times"><b>{seconds(t["total_s"])}</b> {parts}'
        + (f' · <span class="model">{model}</span>' if model else "")
        + "</p>"
    )


def _clip(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"
