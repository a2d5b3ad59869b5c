"""How an answer looks in a terminal. Pure: values in, rich text out; see ui.cli.terminal for what
keeps text of others from being more than text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from index.article import Article, Head
from index.search import Hit
from rag.answer import Answer, Citation, Claim, Conflict
from rag.compose import BULLETS, unanswered_text
from ui import wording
from ui.cli.plain import plain
from ui.cli.terminal import INDENT, about, article_rows, hits_view, table, words
from ui.page.rendering.scope import searched

_VERDICTS = {"stated": "green", "check this": "yellow", "withheld": "red"}


def answer_view(answer: Answer) -> RenderableType:
    """The checked answer: what was searched, what is said of the library and its articles, what
    sources disagree on, the sentences (or items) with their verdicts, how much was read, what each
    number stands for."""
    parts: list[RenderableType] = []
    if said := searched(answer.filter, answer.reading):
        parts = [Text(plain(said), style="dim"), Text()]
    for conflict in answer.conflicts:
        parts += [*_conflict(conflict), Text()]
    if answer.abstained:
        parts.append(Text(plain(answer.text, lines=True)))
        withheld = [c for c in answer.claims if c.shown and c.verdict == "withheld"]
        parts += map(_sentence, withheld)
        parts += map(_verdict, withheld[:1])
        if nearest := _nearest(answer.hits):
            parts += [Text(), Text("Nearest in the library", style="bold"), *nearest]
        return Group(*parts)
    if answer.said:
        parts.append(Text(plain(answer.said, lines=True)))
    if answer.articles:
        parts.append(listed(answer.articles))
    shown = [claim for claim in answer.claims if claim.shown]
    if answer.kind in BULLETS:
        parts += [item for claim in shown for item in _item(claim)]
    elif shown:
        parts.append(Text(" ").join(map(_sentence, shown)))
    parts += [Text(unanswered_text(plain(part))) for part in answer.unanswered]
    if answer.note:
        parts.append(Text(plain(answer.note, lines=True)))
    if answer.kind not in BULLETS:
        parts += map(_verdict, shown)
    if answer.coverage.read < answer.coverage.of:
        read = f"Read {answer.coverage.read} of {answer.coverage.of} passages."
        parts.append(Text(read, style="dim"))
    for n, article in answer.sources:
        cited = [c for c in answer.citations if c.n == n]
        parts += [Text(), _source_line(n, article), *_quotes(cited)]
    return Group(*parts)


def listed(articles: Sequence[Head]) -> RenderableType:
    """Articles that a question asked for, numbered, with the ids that `dateline open` takes."""
    rows = [
        [f"{n}.", title, source, day, id]
        for n, (id, day, source, title, _) in enumerate(article_rows(articles), 1)
    ]
    return table(["", "Title", "Source", "Published", "Id"], rows)


def passages_view(answer: Answer) -> RenderableType:
    """The passages that were put before the model."""
    read = [hit for hit in answer.hits if hit.passage.id in answer.context_ids]
    if not read:
        return Text("No passage was read.", style="dim")
    return Group(Text("Passages read", style="bold"), hits_view(read))


def _item(claim: Claim) -> list[RenderableType]:
    """A line of a list, with its label; its verdict where there is something to check."""
    line = Text("- ")
    if claim.label:
        line.append(f"{plain(claim.label)}: ", style="bold")
    line.append_text(_sentence(claim))
    return [line] if claim.verdict == "stated" else [line, _verdict(claim)]


def _sentence(claim: Claim) -> Text:
    """Its words, those that its quote lacks underlined, and the numbers of its sources."""
    line = Text()
    lacking = claim.lacking if claim.verdict == "check this" else ()
    for piece, missing in wording.pieces(claim.text, lacking):
        line.append(plain(piece), style="underline" if missing else "")
    if claim.verdict == "withheld":
        line.stylize("strike dim")
        return line
    for n in dict.fromkeys(citation.n for citation in claim.citations):
        line.append(f" [{n}]")
    return line


def _verdict(claim: Claim) -> RenderableType:
    said = plain(wording.verdict(claim.verdict, claim.text, claim.lacking))
    return Padding(Text(said, style=_VERDICTS[claim.verdict]), INDENT, expand=False)


def made_by(answer: Answer) -> Text:
    """One line on time and model."""
    times = answer.timings
    said = [f"{times.total_s:.1f} s"]
    if times.first_token_s is not None:
        said.append(f"first word after {times.first_token_s:.1f} s")
    if by := wording.written_by(answer.model):
        said.append(plain(by))
    return Text(" · ".join(said), style="dim")


def _source_line(n: int, article: Article) -> Text:
    title, *rest = about(article).split(" · ")
    line = Text.assemble((f"[{n}] ", "bold cyan"), (title, "bold"))
    line.append("".join(f" · {part}" for part in rest))
    return line


def _quotes(cited: Sequence[Citation]) -> list[RenderableType]:
    """Each quoted span once, under its source."""
    spans = dict.fromkeys((c.start, c.end, c.quote) for c in cited)
    return [Padding(Text(f"“{words(quote)}”"), INDENT, expand=False) for _, _, quote in spans]


def _conflict(conflict: Conflict) -> list[RenderableType]:
    headline = wording.disagree([plain(side.value) for side in conflict.sides])
    shown: list[RenderableType] = [Text(headline, style="bold yellow")]
    for side in conflict.sides:
        marks = [
            word for word, on in (("newest", side.newest), ("a correction", side.correction)) if on
        ]
        line = Text.assemble(
            (f"[{side.citation.n}] ", "bold cyan"),
            (plain(side.value), "bold"),
            f": “{words(side.citation.quote)}”",
            (f" ({', '.join(marks)})" if marks else "", "yellow"),
        )
        shown.append(Padding(line, INDENT, expand=False))
    return shown


def _nearest(hits: Sequence[Hit], most: int = 3) -> list[RenderableType]:
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(hit.article.id, hit)
    return [
        Padding(Text(about(hit.article)), INDENT, expand=False)
        for hit in list(first.values())[:most]
    ]
