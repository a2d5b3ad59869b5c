"""How answers, hits, articles and models look in a terminal. Pure: values in, rich text out.

What comes from articles, models or file names goes through `plain`: no control character or
writing-direction trick of theirs reaches the terminal, and none of it is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from index.article import Article, Head
from index.search import Hit
from index.splitting.passages import Passage
from rag.answer import Answer, Citation, Claim, Conflict
from ui.cli.plain import plain
from ui.page.rendering.scope import searched

if TYPE_CHECKING:
    from index.ingest import Outcome
    from index.library import Status
    from rag.generating.states import CacheStatus
    from rag.models.files import State
    from rag.models.manifest import Model

_VERDICTS = {"supported": "green", "partly supported": "yellow", "unsupported": "red"}
_INDENT = (0, 0, 0, 4)  # of what belongs to the line above
_OUTCOMES = {
    "added": "green",
    "updated": "green",
    "unchanged": "dim",
    "duplicate": "yellow",
    "refused": "red",
}


# --- an answer --------------------------------------------------------------------------------


def answer_view(answer: Answer) -> RenderableType:
    """The checked answer: what was searched, its text, what each number stands for, conflicts."""
    parts: list[RenderableType] = [Text(plain(answer.text, lines=True))]
    if said := searched(answer.filter, answer.reading):
        parts = [Text(plain(said), style="dim"), Text(), *parts]
    if answer.abstained:
        if nearest := _nearest(answer.hits):
            parts += [Text(), Text("Nearest in the library", style="bold"), *nearest]
    else:
        for n, article in answer.sources:
            cited = [c for c in answer.citations if c.n == n]
            parts += [Text(), _source_line(n, article), *_quotes(answer.claims, cited)]
    for conflict in answer.conflicts:
        parts += [Text(), *_conflict(conflict)]
    if hidden := [claim for claim in answer.claims if not claim.shown and not answer.abstained]:
        unsupported = all(claim.verdict == "unsupported" for claim in hidden)
        why = ", because no article supports it" if unsupported else ""
        parts += [Text(), Text(f"Left out{why}", style="bold")]
        parts += [
            Padding(Text(plain(claim.text), style="dim strike"), _INDENT, expand=False)
            for claim in hidden
        ]
    return Group(*parts)


def made_by(answer: Answer) -> Text:
    """One line on time and model."""
    times = answer.timings
    said = [f"{times.total_s:.1f} s"]
    if times.first_token_s is not None:
        said.append(f"first word after {times.first_token_s:.1f} s")
    if name := answer.model.get("generator"):
        said.append(plain(name))
    return Text(" · ".join(said), style="dim")


def about(article: Article) -> str:
    """Title, outlet and date of an article on one line, as far as they are known."""
    said = [plain(article.title) or "Untitled"]
    if article.source:
        said.append(plain(article.source))
    if article.published:
        said.append(article.published.isoformat())
    return " · ".join(said)


def _source_line(n: int, article: Article) -> Text:
    title, *rest = about(article).split(" · ")
    line = Text.assemble((f"[{n}] ", "bold cyan"), (title, "bold"))
    line.append("".join(f" · {part}" for part in rest))
    return line


def _quotes(claims: Sequence[Claim], cited: Sequence[Citation]) -> list[RenderableType]:
    """Each quoted span once, under its source, with the worst verdict of what rests on it."""
    order = list(_VERDICTS)
    worst: dict[tuple[int, int], str] = {}
    quotes: dict[tuple[int, int], str] = {}
    for claim in claims:
        for citation in claim.citations:
            if not claim.shown or citation not in cited:
                continue
            span = (citation.start, citation.end)
            quotes[span] = citation.quote
            worst[span] = max(worst.get(span, claim.verdict), claim.verdict, key=order.index)
    return [
        Padding(
            Text.assemble(f"“{_words(quote)}” ", (f"({worst[span]})", _VERDICTS[worst[span]])),
            _INDENT,
            expand=False,
        )
        for span, quote in quotes.items()
    ]


def _conflict(conflict: Conflict) -> list[RenderableType]:
    shown: list[RenderableType] = [
        Text.assemble(("The articles disagree ", "bold yellow"), f"about {plain(conflict.about)}")
    ]
    for side in conflict.sides:
        marks = [
            word for word, on in (("newest", side.newest), ("a correction", side.correction)) if on
        ]
        line = Text.assemble(
            (f"[{side.citation.n}] ", "bold cyan"),
            (plain(side.value), "bold"),
            f": “{_words(side.citation.quote)}”",
            (f" ({', '.join(marks)})" if marks else "", "yellow"),
        )
        shown.append(Padding(line, _INDENT, expand=False))
    return shown


def _words(text: str) -> str:
    """Running text: paragraphs and line breaks of an article are spaces here."""
    return " ".join(plain(text).split())


def _nearest(hits: Sequence[Hit], most: int = 3) -> list[RenderableType]:
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(hit.article.id, hit)
    return [
        Padding(Text(about(hit.article)), _INDENT, expand=False)
        for hit in list(first.values())[:most]
    ]


# --- search -----------------------------------------------------------------------------------


def hits_view(hits: Sequence[Hit]) -> RenderableType:
    if not hits:
        return Text("No passage was found.")
    parts: list[RenderableType] = []
    for hit in hits:
        found = f"{hit.score:.4f} · cosine {hit.dense:.2f}"
        if hit.lexical is not None:
            found += f" · words {hit.lexical:.1f}"
        parts.append(
            Text.assemble(
                (f"{hit.rank}. ", "bold cyan"), about(hit.article), (f" · {found}", "dim")
            )
        )
        text, heading = _words(hit.passage.text), _words(hit.passage.heading)
        if heading and not text.startswith(heading):
            text = f"{heading} — {text}"
        parts.append(Padding(Text(text), (0, 0, 1, 3), expand=False))
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
            f"copy of {article.copy_of}" if article.copy_of else "",
        ]
        for article in articles
    ]


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
        ("Library", plain(str(status.path))),
        (
            "Articles",
            f"{status.articles} from {_plural(status.sources, 'source')}, "
            f"{_plural(status.copies, 'copy', 'copies')}, {status.undated} without a date",
        ),
        ("Passages", f"{status.passages}"),
        ("Size", size(status.bytes)),
        ("Encoder", f"{plain(status.encoder)}, {status.dimension} dimensions{_old(status)}"),
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


def size(count: int) -> str:
    """Bytes as people write them (powers of 1000)."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
