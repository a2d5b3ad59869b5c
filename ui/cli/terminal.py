"""How hits, articles and models look in a terminal. Pure: values in, rich text out.

What comes from articles, models or file names goes through `plain`: no control character or
writing-direction trick of theirs reaches the terminal, and none of it is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from index.article import Article, Head
from index.search import Hit
from index.splitting.passages import Passage
from index.storing.changes import changed, changes, lines
from index.storing.versions import stated
from ui.cli.plain import plain

if TYPE_CHECKING:
    from index.ingest import Outcome
    from index.library import Status
    from index.storing.candidates.remote import Served
    from index.storing.versions import Version
    from rag.generating.states import CacheStatus
    from rag.models.files import State
    from rag.models.manifest import Model

_PIECES = {"same": ("", "", ""), "out": ("[-", "red", "-]"), "in": ("{+", "green", "+}")}
INDENT = (0, 0, 0, 4)  # of what belongs to the line above
_OUTCOMES = {
    "added": "green",
    "updated": "green",
    "unchanged": "dim",
    "duplicate": "yellow",
    "refused": "red",
    "gone": "yellow",
    "postponed": "dim",
    "removed": "yellow",
}


def about(article: Article) -> str:
    """Title, outlet and date of an article on one line, as far as they are known."""
    said = [plain(article.title) or "Untitled"]
    if article.source:
        said.append(plain(article.source))
    if article.published:
        said.append(article.published.isoformat())
    return " · ".join(said)


def words(text: str) -> str:
    """Running text: paragraphs and line breaks of an article are spaces here."""
    return " ".join(plain(text).split())


# --- search -----------------------------------------------------------------------------------


def hits_view(hits: Sequence[Hit], likely: Mapping[str, float] | None = None) -> RenderableType:
    """`likely`: by a passage's id, that it states an answer."""
    if not hits:
        return Text("No passage was found.")
    parts: list[RenderableType] = []
    for hit in hits:
        found = f"{hit.score:.4f} · cosine {hit.dense:.2f}"
        if hit.lexical is not None:
            found += f" · words {hit.lexical:.1f}"
        if likely and hit.passage.id in likely:
            found += f" · states an answer: {likely[hit.passage.id]:.0%}"
        parts.append(
            Text.assemble(
                (f"{hit.rank}. ", "bold cyan"), about(hit.article), (f" · {found}", "dim")
            )
        )
        text, heading = words(hit.passage.text), words(hit.passage.heading)
        if heading and not text.startswith(heading):
            text = f"{heading} — {text}"
        parts += [Padding(Text(text), (0, 0, 0, 3), expand=False), Text()]
    return Group(*parts)


# --- the library ------------------------------------------------------------------------------


def article_rows(articles: Iterable[Article | Head]) -> list[list[str]]:
    """Id, date, source, title, note; a row an article."""
    return [
        [
            article.id,
            article.published.isoformat() if article.published else "",
            plain(article.source or ""),
            plain(article.title),
            ", ".join(_notes(article)),
        ]
        for article in articles
    ]


def _notes(article: Article | Head) -> list[str]:
    copy = [f"copy of {article.copy_of}"] if article.copy_of else []
    return copy + ([f"gone since {article.gone.isoformat()}"] if article.gone else [])


def versions_rows(versions: Sequence[Version], now: Article) -> list[list[str]]:
    """Number, until when, date, title and length of each version, the one that is valid last."""
    rows = [
        [
            str(n),
            version.replaced.isoformat(timespec="minutes"),
            version.published.isoformat() if version.published else "",
            plain(version.title),
            f"{len(version.text)} characters",
        ]
        for n, version in enumerate(versions, 1)
    ]
    published = now.published.isoformat() if now.published else ""
    last = [str(len(rows) + 1), "now", published, plain(now.title), f"{len(now.text)} characters"]
    return [*rows, last]


def difference_view(old: Version, new: Version | Article) -> Text:
    """What a correction changed, by words: the lines that differ, with [-what went-] {+what
    came+}."""
    until = old.replaced.isoformat(timespec="minutes")
    view = Text.assemble((f"Until {until}", "bold"))
    for line in lines(changes(stated(old), stated(new))):
        if changed(line):
            view.append("\n\n")
            for piece in line:
                before, style, after = _PIECES[piece.kind]
                view.append(f"{before}{plain(piece.text)}{after}", style)
    return view


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold", no_wrap=heading in {"Id", "Published", "Size"})
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def article_view(article: Article, passages: Sequence[Passage]) -> RenderableType:
    known = [
        ("Source", plain(article.source or "")),
        ("Published", article.published.isoformat() if article.published else ""),
        ("Authors", plain(", ".join(article.authors))),
        ("From", plain(article.url or article.path or "")),
        ("Copy of", article.copy_of or ""),
        ("Gone", article.gone.isoformat() if article.gone else ""),
        ("Passages", str(len(passages))),
        ("Id", article.id),
    ]
    facts = [Text.assemble((f"{name}: ", "dim"), value) for name, value in known if value]
    return Group(
        Text(plain(article.title) or "Untitled", style="bold"),
        *facts,
        Text(),
        Text(plain(article.text, lines=True)),
    )


def outcome_view(outcome: Outcome) -> Text:
    """One line: what became of one thing that was to be added, and why."""
    what = about(outcome.article) if outcome.article else plain(outcome.origin)
    line = Text.assemble((f"{outcome.status:<10}", _OUTCOMES.get(outcome.status, "")), what)
    if outcome.article:
        line.append(f"  {outcome.article.id}", style="dim")
    if outcome.reason:
        line.append(f" ({plain(outcome.reason)})", style="dim")
    return line


def summary(counts: dict[str, int]) -> str:
    """ "3 added, 1 refused"; in the order of the statuses, nothing that is 0."""
    said = [f"{counts[status]} {status}" for status in _OUTCOMES if counts.get(status)]
    return ", ".join(said) or "nothing found"


def status_rows(status: Status) -> list[tuple[str, str]]:
    return [
        ("Library", plain(status.name or str(status.path))),
        (
            "Articles",
            f"{status.articles} from {_plural(status.sources, 'source')}, "
            f"{_plural(status.copies, 'copy', 'copies')}, {status.undated} without a date",
        ),
        ("Passages", f"{status.passages}"),
        *_neighbours(status),
        ("Size", size(status.bytes)),
        ("Encoder", f"{plain(status.encoder)}, {status.dimension} dimensions{_old(status)}"),
    ]


def served_rows(served: Served, status: Status) -> list[tuple[str, str]]:
    """Candidates on a server, beside the library that they are of."""
    if served.generation is None:
        state = "being built; the next search goes on with it"
    elif behind := status.generation - served.generation:
        state = f"{_plural(behind, 'write')} behind; the next search brings them up to date"
    else:
        state = "up to date"
    held = f"{_plural(served.passages, 'passage')}, {state}"
    return [("Candidates", f"{served.engine} at {plain(served.address)}: {held}")]


def _neighbours(status: Status) -> list[tuple[str, str]]:
    """Nothing while a question is compared with every passage."""
    form = status.form
    if form is None:
        return []
    return [
        (
            "Neighbours",
            f"{form.recall:.1%} of the ten nearest are found, of {form.passages} passages on disk "
            f"({form.probes} of {form.lists} lists); those added since are all compared",
        )
    ]


def _old(status: Status) -> str:
    return "" if status.context else "; `dateline reindex` also encodes titles and what is before"


def cache_rows(status: CacheStatus, folder: Path) -> list[tuple[str, str]]:
    """What is kept on disk of passages that were read, and the bounds."""
    return [
        (
            "Kept",
            f"{_plural(status.disk_states, 'passage')} read, {size(status.disk_bytes)} of at most "
            f"{size(status.disk_bound)} in {plain(str(folder))} (in memory at most "
            f"{size(status.memory_bound)}; 'dateline cache clear' deletes them)",
        )
    ]


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def facts(rows: Iterable[tuple[str, str]]) -> RenderableType:
    return Group(*(Text.assemble((f"{name + ':':<12}", "dim"), value) for name, value in rows))


# --- models -----------------------------------------------------------------------------------

_STATES = {
    "ready": "ready",
    "unchecked": "here, not checked yet",
    "incomplete": "not all files are here",
    "missing": "not here",
    "damaged": "damaged: pull it again",
}


def model_rows(models: Iterable[tuple[Model, State]]) -> list[list[str]]:
    """Name, role, size, licence, state; a row a model."""
    return [
        [model.name, model.role, size(model.size), model.licence, _STATES[state]]
        for model, state in models
    ]


def model_dicts(models: Iterable[tuple[Model, State]]) -> list[dict[str, object]]:
    """The same as JSON; sizes in bytes."""
    return [
        {
            "name": model.name,
            "role": model.role,
            "bytes": model.size,
            "licence": model.licence,
            "state": state,
        }
        for model, state in models
    ]


def size(count: int) -> str:
    """Bytes as people write them (powers of 1000)."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
