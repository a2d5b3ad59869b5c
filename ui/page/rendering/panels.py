"""What stands around the conversation: the article pane, the list of conversations, the welcome.
Pure, like ui.page.rendering.render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from index.article import Article
from ui.page.conversations import Chat
from ui.page.rendering.evidence import steps
from ui.page.rendering.markup import button, day, esc, link, plural, seconds

Span = tuple[int, int]


def article(article: Article, spans: Sequence[Span], n: int | None = None) -> str:
    """The whole article, the spans marked; page.js scrolls to the first mark."""
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
        + f'<div class="text">{_paragraphs(body)}</div>'
    )


def gone(kept: Mapping[str, Any] | None, quotes: Iterable[str]) -> str:
    """In place of an article that has been removed or changed since: the words that were kept."""
    said = "".join(f"<blockquote>{esc(quote)}</blockquote>" for quote in quotes)
    title = str(kept["title"]) if kept else "Article"
    source = kept.get("source") if kept else None
    return (
        _head(title, source, (kept or {}).get("published"), None, ())
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
    return where + copy


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


def chats(chats: Sequence[Chat], current: str, find: str = "") -> str:
    if not chats:
        none = "No conversation has these words." if find.strip() else "No conversations yet."
        return f'<p class="empty">{none}</p>'
    rows = "".join(
        f'<li class="{"current" if chat.id == current else ""}">'
        + button("chat", esc(chat.title), cls="chat", chat=chat.id)
        + button(
            "rename", "✎", cls="tool", title=f"Rename “{chat.title}”", chat=chat.id, name=chat.title
        )
        + button(
            "delete", "×", cls="tool", title=f"Delete “{chat.title}”", chat=chat.id, name=chat.title
        )
        + "</li>"
        for chat in chats
    )
    return f'<ul class="chats">{rows}</ul>'


def welcome(count: int, suggestions: Sequence[str]) -> str:
    if count == 0:
        return (
            '<section class="welcome"><h2>Add articles, then ask them.</h2>'
            "<p>The library is empty. Files, web pages and feeds go in on the Library tab; "
            "nothing leaves this computer.</p>"
            + button("tab", "Add articles", cls="primary", tab="Library")
            + "</section>"
        )
    asks = "".join(
        f"<li>{button('suggest', esc(question), question=question)}</li>"
        for question in suggestions
    )
    return (
        '<section class="welcome"><h2>Ask your articles.</h2>'
        f"<p>Answers come only from the {plural(count, 'article')} in your library. "
        "Each sentence shows the words it rests on, and how well they support it.</p>"
        f'<ul class="suggestions" aria-label="Questions to start with">{asks}</ul></section>'
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


_ROLE = (
    "minister|president|mayor|head|chief|official|director|leader|spokes(?:man|woman|person)|envoy|"
    "chair(?:man|woman)?|analyst|expert|professor|researcher|governor|secretary|founder|adviser|"
    "economist|historian|engineer|manager|judge|lawyer|general|ambassador|candidate"
)
_PERSON = re.compile(
    r"(?<![\w-])(?P<name>(?:[A-Z][\w’'-]+ ){1,2}[A-Z][\w’'-]+), (?:[^\s,.]+ ){0,6}?(?:"
    + _ROLE
    + r")\b"
    r"[^,.]*[,.]"
)
_NO_NAME = re.compile(
    r"^(?:(?:An?|And|As|At|But|By|For|From|In|Of|On|Or|Over|That|The|When|While"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day) )+"
)


_LOOKED_THROUGH = 200  # articles: of a large library a page that opens can't wait for more


def suggestions(articles: Sequence[Article], count: int = 4) -> list[str]:
    """Questions that the library can be asked, its newest articles first.

    Those that an article says in so many words: a title that is a question, a person whose role
    is told beside the name. What titles are about only fills up: it is often too wide to answer.
    """
    newest = sorted(
        (a for a in articles if a.title.strip() and not a.copy_of),
        key=lambda a: (a.published.toordinal() if a.published else 0, a.id),
        reverse=True,
    )
    told: dict[str, None] = {}
    for article in newest[:_LOOKED_THROUGH]:
        if len(told) < count and (question := _told(article)):
            told[question] = None
    about = dict.fromkeys(f"What is reported in “{_short(a.title)}”?" for a in newest[:count])
    return list(told | about)[:count]


def _told(article: Article) -> str:
    title = " ".join(article.title.split())
    if title.endswith("?") and len(title) <= 120:
        return title
    for match in _PERSON.finditer(article.text[:20_000]):
        name = _NO_NAME.sub("", match["name"])
        if " " in name:
            return f"Who is {name}?"
    return ""


def _short(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= 90 else title[:90].rsplit(" ", 1)[0] + "…"
