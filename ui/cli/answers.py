"""How an answer looks in a terminal. Pure: values in, rich text out; see ui.cli.terminal for what
keeps text of others from being more than text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from index.article import Article
from index.search import Hit
from rag.answer import Answer, Citation, Claim, Conflict
from rag.compose import unanswered_text
from ui import wording
from ui.cli.plain import plain
from ui.cli.terminal import INDENT, about, words
from ui.page.rendering.scope import searched

_VERDICTS = {"stated": "green", "check this": "yellow", "withheld": "red"}


def answer_view(answer: Answer) -> RenderableType:
    """The checked answer: what was searched, what sources disagree on, the sentences with their
    verdicts, what each number stands for."""
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
    parts.append(Text(" ").join(_sentence(claim) for claim in answer.claims if claim.shown))
    parts += [Text(unanswered_text(plain(part))) for part in answer.unanswered]
    parts += [_verdict(claim) for claim in answer.claims if claim.shown]
    for n, article in answer.sources:
        cited = [c for c in answer.citations if c.n == n]
        parts += [Text(), _source_line(n, article), *_quotes(cited)]
    return Group(*parts)


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
