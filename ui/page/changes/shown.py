"""What has changed, as a reader sees it. Pure: articles are hostile, and all of it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from index.article import Article, Head
from index.storing.changes import Piece, changed, changes, lines
from index.storing.listing import News
from index.storing.versions import Version
from rag.stale import Stale
from ui import wording
from ui.page.rendering.markup import button, day, esc, plural

_MOST = 200  # of each that are listed

_TAGS = {"same": "", "out": "del", "in": "ins"}


@dataclass(frozen=True, slots=True)
class Aged:
    """An article that has changed under an answer; `version` is the one that the answer rested on
    (its place among the versions, None where none is kept), `until` when it was replaced."""

    stale: Stale
    version: int | None = None
    until: date | None = None


# ---- what is new ----


def notice(news: News) -> str:
    """One line; nothing where there is nothing."""
    counts = [
        plural(len(news.added), "new article") if news.added else "",
        f"{len(news.changed):,} corrected" if news.changed else "",
        f"{len(news.gone):,} vanished at the source" if news.gone else "",
    ]
    said = ", ".join(count for count in counts if count)
    if not said:
        return ""
    return (
        f'<p class="news" role="status"><span>Since you last looked: {said}.</span> '
        + button("news", "Show them", cls="plain")
        + button("seen", "×", cls="tool", title="Seen")
        + "</p>"
    )


def news(news: News) -> str:
    """The list, for the pane."""
    parts = (
        _section("New", news.added),
        _section("Corrected", news.changed, differ=True),
        _section("Vanished at the source, kept here", news.gone),
    )
    inside = "".join(parts) or '<p class="note">Nothing is new.</p>'
    return f"<header><h2>Since you last looked</h2></header>{inside}"


def _section(name: str, heads: Sequence[Head], *, differ: bool = False) -> str:
    if not heads:
        return ""
    rows = "".join(f"<li>{_row(head, differ)}</li>" for head in heads[:_MOST])
    rest = len(heads) - _MOST
    more = f'<p class="note">And {rest:,} more, on the Library tab.</p>' if rest > 0 else ""
    return (
        f'<section class="news"><h3>{esc(name)} <span class="n">{len(heads):,}</span></h3>'
        f"<ul>{rows}</ul>{more}</section>"
    )


def _row(head: Head, differ: bool) -> str:
    about = [head.source or "", day(head.published)]
    if head.gone:
        about.append(f"gone since {day(head.gone)}")
    by = " · ".join(part for part in about if part)
    title = esc(head.title or "Untitled")
    opening = button("open", title, cls="link", article=head.id, spans="")
    which = button("changes", "What changed", cls="plain", article=head.id) if differ else ""
    return f'{opening}<span class="by">{esc(by)}</span>{which}'


# ---- what an article said before ----


def versions(article_id: str, kept: Sequence[Version]) -> str:
    """That an article was corrected, for its head."""
    if not kept:
        return ""
    times = "once" if len(kept) == 1 else f"{len(kept)} times"
    last = day(kept[-1].replaced.date())
    return (
        f'<p class="corrected"><span>Corrected {times}, last on {last}</span> '
        + button("changes", "What changed", cls="plain", article=article_id)
        + "</p>"
    )


def no_difference(article: Article | None) -> str:
    what = "isn’t in the library any more" if article is None else "has no earlier version here"
    return f'<p class="note">This article {what}.</p>'


def difference(article: Article, kept: Sequence[Version], at: int) -> str:
    """What it says now against what it said until version `at` was replaced, by words."""
    old = kept[at]
    pieces = changes(old.text, article.text)
    title = changes(old.title, article.title)
    said = changes(day(old.published) or "no date", day(article.published) or "no date")
    dated = f'<p class="by">Published: {_words(said)}</p>' if changed(said) else ""
    body = "".join(_paragraph(line) for line in lines(pieces))
    same = "" if changed(pieces) else '<p class="note">Its text is the same.</p>'
    choice = "".join(_choice(article.id, n, each, on=n == at) for n, each in enumerate(kept))
    return (
        f'<header><p class="by"><span>Until {day(old.replaced.date())}, and now</span>'
        + button("open", "The article as it is now", cls="plain", article=article.id, spans="")
        + f"</p><h2>{_words(title)}</h2>{dated}"
        + (f'<p class="earlier">As it was until {choice}</p>' if len(kept) > 1 else "")
        + f'</header>{same}<div class="text difference">{body}</div>'
    )


def _choice(article_id: str, n: int, version: Version, *, on: bool) -> str:
    return button(
        "changes", day(version.replaced.date()), cls="on" if on else "plain", pressed=on,
        article=article_id, version=n,
    )  # fmt: skip


def _paragraph(line: Sequence[Piece]) -> str:
    return f'<p class="{"" if changed(line) else "same"}">{_words(line)}</p>'


def _words(pieces: Iterable[Piece]) -> str:
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: Piece) -> str:
    tag, text = _TAGS[piece.kind], esc(piece.text)
    return f"<{tag}>{text}</{tag}>" if tag else text


# ---- answers that rested on it ----


def aged(these: Sequence[Aged], turn: int) -> str:
    """What has changed under an answer, and a button to ask again where that can change it."""
    if not these:
        return ""
    rows = "".join(f"<li>{_aged(one)}</li>" for one in these)
    anew = any(one.stale.change in ("removed", "reworded", "edited") for one in these)
    again = button("retry", "Ask again", cls="plain", turn=turn) if anew else ""
    return f'<div class="aged" role="note"><ul>{rows}</ul>{again}</div>'


def _aged(one: Aged) -> str:
    s = one.stale
    number = f'<span class="n">{s.n}</span> ' if s.n else ""
    on = f" ({day(one.until)})" if one.until else ""
    which = ""
    if one.version is not None:
        which = " " + button(
            "changes", "What changed", cls="plain", article=s.article_id, version=one.version
        )
    said = f"{wording.STALE[s.change]}{on}."
    return f"{number}“{esc(s.title or 'An article')}” {esc(said)}{which}"


def marked(answer: Mapping[str, Any], these: Sequence[Aged]) -> Mapping[str, Any]:
    """The answer with what has changed said of each citation, as `aged`."""
    if not these:
        return answer
    why = {
        (one.stale.article_id, quote): f"This article {wording.STALE[one.stale.change]}"
        for one in these
        for quote in one.stale.quotes
    }

    def told(citation: Mapping[str, Any]) -> Mapping[str, Any]:
        said = why.get((citation["article_id"], citation.get("quote", "")))
        return {**citation, "aged": said} if said else citation

    return {
        **answer,
        "claims": [
            {**claim, "citations": [told(c) for c in claim["citations"]]}
            for claim in answer["claims"]
        ],
        "conflicts": [
            {**conflict, "sides": [told(side) for side in conflict["sides"]]}
            for conflict in answer["conflicts"]
        ],
    }
