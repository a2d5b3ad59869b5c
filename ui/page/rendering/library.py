"""The library tab: the table of articles, and what became of what was added. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from index.article import Article, Head
from ui.page.rendering.markup import button, day, esc, plural

PAGE = 50


class Result(Protocol):
    """What became of one item: an index.ingest.Outcome, or what didn't get as far as that."""

    @property
    def origin(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def article(self) -> Article | None: ...
    @property
    def reason(self) -> str | None: ...


Column = Literal["title", "source", "published"]


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the table is looked at; `drawn` is the library's generation that it shows."""

    find: str = ""
    column: Column = "published"
    down: bool = True
    page: int = 0
    drawn: int = -1

    def by(self, column: Column) -> View:
        """The same view sorted by a column; asking twice turns the order round."""
        down = not self.down if column == self.column else column == "published"
        return replace(self, column=column, down=down, page=0)


def select(articles: Sequence[Head], view: View) -> list[Head]:
    """The articles that match, sorted; those without a value come last either way."""
    words = view.find.casefold().split()
    found = [
        a
        for a in articles
        if all(w in f"{a.title} {a.source or ''} {a.published or ''}".casefold() for w in words)
    ]

    def key(a: Head) -> str:
        value = getattr(a, view.column)
        return str(value).casefold() if value else ""

    have = sorted((a for a in found if key(a)), key=key, reverse=view.down)
    return have + [a for a in found if not key(a)]


def table(articles: Sequence[Head], view: View) -> str:
    if not articles:
        return '<p class="empty">No articles yet.</p>'
    rows = select(articles, view)
    if not rows:
        return f'<p class="empty">No article matches “{esc(view.find)}”.</p>'
    pages = (len(rows) - 1) // PAGE + 1
    page = min(max(view.page, 0), pages - 1)
    head = "".join(
        _header(column, name, view)
        for column, name in (("title", "Title"), ("source", "Outlet"), ("published", "Published"))
    )
    body = "".join(_row(a) for a in rows[page * PAGE : (page + 1) * PAGE])
    turn = ""
    if pages > 1:
        turn = (
            '<p class="pages">'
            + (button("page", "‹ Back", page=page - 1) if page else "")
            + f"<span>Page {page + 1} of {pages}</span>"
            + (button("page", "Next ›", page=page + 1) if page < pages - 1 else "")
            + "</p>"
        )
    count = plural(len(rows), "article")
    if len(rows) < len(articles):
        count += f" of {len(articles):,}"
    return (
        f'<p class="label">{count}</p><div class="scroll"><table class="articles"><thead><tr>{head}'
        '<th><span class="sr">Edit and remove</span></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>{turn}"
    )


def _header(column: str, name: str, view: View) -> str:
    on = column == view.column
    order = ("descending" if view.down else "ascending") if on else "none"
    arrow = ("↓" if view.down else "↑") if on else ""
    label = f'{name} <span aria-hidden="true">{arrow}</span>'
    return f'<th aria-sort="{order}">{button("sort", label, column=column)}</th>'


def _row(a: Head) -> str:
    copy = ' <span class="tag">copy</span>' if a.copy_of else ""
    return (
        f"<tr><td>{button('open', esc(a.title or 'Untitled'), cls='link', article=a.id, spans='')}"
        f'{copy}</td><td class="outlet">{esc(a.source or "")}</td>'
        f'<td class="date">{day(a.published)}</td>'
        f"<td>{_edit(a)}"
        f"{button('remove', 'Remove', article=a.id, title=f'Remove “{a.title}”')}</td></tr>"
    )


def _edit(a: Head) -> str:
    """Its button carries what the form begins with."""
    return button(
        "amend", "Edit", article=a.id, name=a.title, source=a.source or "",
        published=a.published.isoformat() if a.published else "", title=f"Edit “{a.title}”",
    )  # fmt: skip


def removed(title: str) -> str:
    return (
        f'<p class="undo" role="status">Removed “{esc(title)}”. '
        + button("undo", "Undo", cls="primary")
        + "</p>"
    )


def put_back(title: str, before: str) -> str:
    """`before` is what was removed before it and can be put back too."""
    more = button("undo", f"Put back “{esc(before)}” too", cls="plain") if before else ""
    return f'<p class="undo" role="status">Put back “{esc(title)}”. {more}</p>'


_WORDS = {
    "added": "added",
    "updated": "updated",
    "unchanged": "unchanged",
    "duplicate": "a copy of an article already there",
    "refused": "refused",
}


_TAGS = {"duplicate": "copy"}  # as it is called in the table


def outcomes(done: Sequence[Result], total: int | None, *, running: bool, note: str = "") -> str:
    """What became of what was added; while it runs, a bar (without a width if there's no total)."""
    counts = {status: sum(o.status == status for o in done) for status in _WORDS}
    said = ", ".join(f"{n} {_WORDS[status]}" for status, n in counts.items() if n)
    bar = ""
    if running:
        known = f' value="{min(len(done), total)}" max="{total}"' if total else ""
        bar = f'<progress{known} aria-label="Adding articles"></progress>'
        of = f" of {total}" if total else ""
        said = f"Adding: {len(done)}{of} done" + (f" ({said})" if said else "")
    else:
        said = said[:1].upper() + said[1:] if said else "Nothing was found there"
    problem = f'<p class="note failed" role="alert">{esc(note)}</p>' if note else ""
    latest = list(reversed(done[-200:])) if running else sorted(done, key=_worst_first)[:200]
    rows = "".join(map(_outcome, latest))
    items = f'<div class="scroll"><ul class="outcomes">{rows}</ul></div>' if rows else ""
    return f'<div class="adding">{bar}<p role="status"><b>{said}.</b></p>{problem}{items}</div>'


def _worst_first(o: Result) -> int:
    """What needs a look comes first: what was refused, then what is there already."""
    return -list(_WORDS).index(o.status)


def _outcome(o: Result) -> str:
    name = o.article.title if o.article else _last(o.origin)
    reason = f'<span class="why">{esc(o.reason)}</span>' if o.reason else ""
    return (
        f'<li class="{esc(o.status)}"><span class="tag">{_TAGS.get(o.status, esc(o.status))}</span>'
        f'<span class="title">{esc(name)}</span>{reason}</li>'
    )


def _last(origin: str) -> str:
    """A web address whole; of a path the last part, so that no folder of this machine is shown."""
    return origin if "://" in origin else origin.replace("\\", "/").rstrip("/").split("/")[-1]
