"""What stands around the conversation: the article pane, the list of conversations, the welcome.
Pure, like ui.page.rendering.render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from index.article import Article
from ui.page.conversations import Chat
from ui.page.rendering.actions import proposals
from ui.page.rendering.evidence import steps
from ui.page.rendering.markup import button, day, esc, link, plural, seconds
from ui.page.suggesting.proposals import Proposal

Span = tuple[int, int]


def article(
    article: Article, spans: Sequence[Span], n: int | None = None, earlier: str = ""
) -> str:
    """The whole article, the spans marked; page.js scrolls to the first mark. `earlier` (HTML) says
    that it was corrected."""
    text = article.text
    marked, at = [], 0
    for start, end in _merged(spans, len(text)):
        marked.append(esc(text[at:start]))
        marked.append(f"<mark>{esc(text[start:end])}</mark>")
        at = end
    marked.append(esc(text[at:]))
    body = "".join(marked)
    return (
        _head(
            article.title,
            article.source,
            article.published,
            n,
            article.authors,
            _origin(article),
        )
        + earlier
        + f'<div class="text">{_paragraphs(body)}</div>'
    )


def gone(kept: Mapping[str, Any] | None, quotes: Iterable[str], earlier: str = "") -> str:
    """In place of an article that has been removed or changed since: the words that were kept."""
    said = "".join(f"<blockquote>{esc(quote)}</blockquote>" for quote in quotes)
    title = str(kept["title"]) if kept else "Article"
    source = kept.get("source") if kept else None
    return (
        _head(title, source, (kept or {}).get("published"), None, ())
        + earlier
        + '<p class="note">This article is no longer in the library as it was quoted. '
        "The quoted words were kept with the answer:</p>" + said
    )


def _head(
    title: str,
    source: str | None,
    published: Any,
    n: int | None,
    authors: Sequence[str],
    origin: str = "",
) -> str:
    number = f'<span class="n">{n}</span>' if n else ""
    by = " · ".join(part for part in (source, day(published), ", ".join(authors)) if part)
    return (
        f'<header><p class="by">{number}<span>{esc(by)}</span>{origin}</p>'
        f"<h2>{esc(title)}</h2></header>"
    )


def _origin(article: Article) -> str:
    outside = link(article.url, "Open the original")
    name = re.split(r"[/\\]", article.path)[-1] if article.path else ""
    where = outside or (f'<span class="file">{esc(name)}</span>' if name else "")
    copy = '<span class="tag">a copy of another article</span>' if article.copy_of else ""
    gone = f"gone from its source since {day(article.gone)}" if article.gone else ""
    return where + copy + (f'<span class="tag">{gone}</span>' if gone else "")


def _paragraphs(body: str) -> str:
    """Blank lines part paragraphs. A mark that crosses one is closed and opened again."""
    out, open_mark = [], False
    for part in re.split(r"\n\s*\n", body):
        if not part.strip():
            continue
        text = ("<mark>" if open_mark else "") + part
        last_open, last_close = text.rfind("<mark>"), text.rfind("</mark>")
        open_mark = last_open > last_close
        out.append(f"<p>{text.strip()}{'</mark>' if open_mark else ''}</p>")
    return "".join(out)


def _merged(spans: Iterable[Span], length: int) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted((max(0, s), min(length, e)) for s, e in spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def chats(chats: Sequence[Chat], current: str, find: str = "", today: date | None = None) -> str:
    """The conversations, newest first, under the day on which each was last talked in."""
    if not chats:
        none = "No conversation has these words." if find.strip() else "No conversations yet."
        return f'<p class="empty">{none}</p>'
    today = today or date.today()
    groups = groupby(chats, key=lambda chat: _when(chat.updated, today))
    return "".join(
        f'<p class="day">{when}</p><ul class="chats" aria-label="{when}">'
        + "".join(_chat(chat, current) for chat in group)
        + "</ul>"
        for when, group in groups
    )


def _when(updated: str, today: date) -> str:
    """ "Today", "Yesterday", "17 May 2024"; by this machine's clock."""
    try:
        then = datetime.fromisoformat(updated).astimezone().date()
    except ValueError:
        return "Earlier"
    ago = (today - then).days
    return "Today" if ago <= 0 else "Yesterday" if ago == 1 else day(then)


def _chat(chat: Chat, current: str) -> str:
    return (
        f'<li class="{"current" if chat.id == current else ""}">'
        + button("chat", esc(chat.title), cls="chat", chat=chat.id)
        + button(
            "rename", "✎", cls="tool", title=f"Rename “{chat.title}”", chat=chat.id, name=chat.title
        )
        + button(
            "delete", "×", cls="tool", title=f"Delete “{chat.title}”", chat=chat.id, name=chat.title
        )
        + "</li>"
    )


def welcome(count: int, these: Sequence[Proposal]) -> str:
    if count == 0:
        return (
            '<section class="welcome vacant"><h2>Add articles, then ask them.</h2>'
            "<p>Drop files anywhere on this page: text, Markdown, HTML, PDF, Word, a zip of them. "
            "They are added at once, and nothing leaves this computer.</p><p>"
            + button("choose", "Choose files", cls="primary")
            + button("tab", "Web addresses and feeds", cls="plain", tab="Library")
            + "</p></section>"
        )
    return (
        '<section class="welcome"><h2>Ask your articles.</h2>'
        f"<p>Answers come only from the {plural(count, 'article')} in your library. "
        "Each sentence shows the words it rests on, and how well they support it.</p>"
        + proposals(these, "suggestions", "Questions to start with")
        + "</section>"
    )


def costs(answers: Sequence[Mapping[str, Any]]) -> str:
    """What the last answers took on average, model by model, the one used last first."""
    by_model: dict[str, list[Mapping[str, Any]]] = {}
    for answer in answers:
        by_model.setdefault(str(answer["model"].get("generator", "")), []).append(answer["timings"])
    lines = [
        f"<p class='label'>{_average(model, timings)}</p>" for model, timings in by_model.items()
    ]
    return "".join(lines)


def _average(model: str, timings: Sequence[Mapping[str, Any]]) -> str:
    sums: dict[str, float] = {}
    for each in timings:
        for name, took in steps(each):
            sums[name] = sums.get(name, 0.0) + took
    parts = ", ".join(f"{name} {seconds(total / len(timings))}" for name, total in sums.items())
    whole = seconds(sum(each["total_s"] for each in timings) / len(timings))
    last = "The last answer" if len(timings) == 1 else f"The last {len(timings)} answers"
    average = "" if len(timings) == 1 else " on average"
    return f"{last} by {esc(model)} took <b>{whole}</b>{average}: {parts}."
