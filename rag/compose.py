"""From checked claims to the text that is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from index.article import Article, Head
from index.search import Filter, Hit
from index.splitting.sentences import sentences
from rag.answer import Answer, Claim, Conflict, Coverage, Timings, Tokens
from rag.understanding.filters.asked_filter import Reading
from rag.understanding.kinds import Kind

BULLETS: frozenset[Kind] = frozenset({"day", "timeline", "list", "comparison"})
"""Kinds whose claims are items, each on a line of its own."""

_NEAREST = 3
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+", re.MULTILINE)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of an answer's sentences; each item of a list is one, without its bullet."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        bullet = _BULLET.match(line[0])
        offset = line.start() + (bullet.end() if bullet else 0)
        spans += [(offset + a, offset + b) for a, b in sentences(text[offset : line.end()])]
    return spans


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing that a question asks; fields as an Answer's, citations not
    numbered yet."""

    query: str
    raw_text: str = ""
    abstained: bool = False
    claims: tuple[Claim, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    hits: tuple[Hit, ...] = ()
    context_ids: tuple[str, ...] = ()
    filter: Filter = field(default_factory=Filter)
    timings: Timings = field(default_factory=Timings)
    tokens: Tokens = field(default_factory=Tokens)
    signals: dict[str, float] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    said: str = ""
    articles: tuple[Head, ...] = ()
    note: str = ""
    coverage: Coverage = field(default_factory=Coverage)


def together(
    question: str,
    parts: Sequence[Outcome],
    model: dict[str, str],
    *,
    total_s: float,
    kind: Kind = "fact",
) -> Answer:
    """The Answer of a question's parts. It abstains where they all do; where some do, it says
    which. Filter, reading and the time of the first token are the first part's, the signals those
    of the part that was the least sure."""
    abstained = all(part.abstained for part in parts)
    claims = number_citations(
        [
            claim if abstained or not part.abstained else replace(claim, shown=False)
            for part in parts
            for claim in part.claims
        ]
    )
    conflicts = number_sides([c for part in parts for c in part.conflicts], claims)
    hits = _ranked(parts)
    unanswered = () if abstained else tuple(part.query for part in parts if part.abstained)
    said = " ".join(part.said for part in parts if part.said)
    note = " ".join(part.note for part in parts if part.note)
    articles = tuple(dict.fromkeys(head for part in parts for head in part.articles))
    coverage = Coverage(
        sum(part.coverage.read for part in parts), sum(part.coverage.of for part in parts)
    )
    return Answer(
        question=question,
        query=" ".join(part.query for part in parts),
        text=abstention_text(hits, coverage)
        if abstained
        else answer_text(
            claims,
            conflicts,
            unanswered,
            said=said,
            articles=articles,
            note=note,
            bullets=kind in BULLETS,
        ),
        raw_text=" ".join(part.raw_text for part in parts if part.raw_text),
        abstained=abstained,
        claims=claims,
        conflicts=conflicts,
        unanswered=unanswered,
        hits=hits,
        context_ids=tuple(dict.fromkeys(id for part in parts for id in part.context_ids)),
        filter=parts[0].filter,
        model=model,
        timings=Timings(
            search_s=sum(part.timings.search_s for part in parts),
            first_token_s=parts[0].timings.first_token_s,
            checks_s=sum(part.timings.checks_s for part in parts),
            total_s=total_s,
        ),
        tokens=Tokens(
            sum(part.tokens.prompt for part in parts),
            sum(part.tokens.reused for part in parts),
            sum(part.tokens.generated for part in parts),
        ),
        signals=min((part.signals for part in parts), key=_sure),
        reading=parts[0].reading,
        kind=kind,
        said=said,
        articles=articles,
        note=note,
        coverage=coverage,
    )


def _sure(signals: dict[str, float]) -> float:
    return signals.get("probability", 0.0)


def _ranked(parts: Sequence[Outcome]) -> tuple[Hit, ...]:
    """Every passage once: those before the model first, then by rank, the parts in turn."""
    found: dict[str, Hit] = {}
    for before_model in (True, False):
        for place in range(max(len(part.hits) for part in parts)):
            for part in parts:
                for hit in part.hits[place : place + 1]:
                    if (hit.passage.id in part.context_ids) == before_model:
                        found.setdefault(hit.passage.id, hit)
    return tuple(found.values())


def number_citations(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Number the cited articles in order of appearance, the shown sentences' first."""
    numbers: dict[str, int] = {}
    for claim in sorted(claims, key=lambda claim: not claim.shown):
        for citation in claim.citations:
            numbers.setdefault(citation.article.id, len(numbers) + 1)
    return tuple(
        replace(
            claim,
            citations=tuple(replace(c, n=numbers[c.article.id]) for c in claim.citations),
        )
        for claim in claims
    )


def number_sides(conflicts: Sequence[Conflict], claims: Sequence[Claim]) -> tuple[Conflict, ...]:
    """The sides' citations with the numbers of the claims' articles, new articles after them."""
    numbers = {c.article.id: c.n for claim in claims for c in claim.citations}
    found = []
    for conflict in conflicts:
        sides = []
        for side in conflict.sides:
            article = side.citation.article.id
            n = numbers.setdefault(article, max(numbers.values(), default=0) + 1)
            sides.append(replace(side, citation=replace(side.citation, n=n)))
        found.append(replace(conflict, sides=tuple(sides)))
    return tuple(found)


def answer_text(
    claims: Sequence[Claim],
    conflicts: Sequence[Conflict] = (),
    unanswered: Sequence[str] = (),
    *,
    said: str = "",
    articles: Sequence[Head] = (),
    note: str = "",
    bullets: bool = False,
) -> str:
    """The sentences that weren't withheld, each followed by the numbers of its sources:
    `… in 2023. [1] [2]`; as `bullets`, each on a line of its own, after its label.

    Listed `articles` stand on lines of their own, "1. Title (Outlet, date)", after what is said of
    them. A conflict leads: "Sources disagree: 64% [1] or 46% [2]."; and last, which part of the
    question has no answer.
    """
    opening = [said] if said else []
    for conflict in conflicts:
        sides = " or ".join(f"{side.value} [{side.citation.n}]" for side in conflict.sides)
        opening.append(f"Sources disagree: {sides}.")
    shown = [claim for claim in claims if claim.shown and claim.verdict != "withheld"]
    sentences = [sentence_text(claim) for claim in shown]
    closing = [unanswered_text(part) for part in unanswered]
    closing += [note] if note else []
    if bullets or articles:
        items = [f"{n}. {named(head)}" for n, head in enumerate(articles, 1)]
        items += [f"- {sentence}" if bullets else sentence for sentence in sentences]
        return "\n".join(filter(None, [" ".join(opening), *items, " ".join(closing)]))
    return " ".join([*opening, *sentences, *closing])


def sentence_text(claim: Claim) -> str:
    """The sentence after its label, and the numbers of its sources."""
    numbers = dict.fromkeys(citation.n for citation in claim.citations)
    words = f"{claim.label}: {claim.text}" if claim.label else claim.text
    return " ".join([words, *(f"[{n}]" for n in numbers)])


def unanswered_text(part: str) -> str:
    return f"The library doesn't hold the answer to “{part}”"


def nearest_articles(hits: Sequence[Hit]) -> list[Article]:
    """The best hits' articles, each once, best first."""
    found = {hit.article.id: hit.article for hit in hits}
    return list(found.values())[:_NEAREST]


def abstention_text(hits: Sequence[Hit], coverage: Coverage | None = None) -> str:
    """Says that nothing answers the question, in how much of the library that was looked for, and
    what the nearest thing is that it holds."""
    said = "The library doesn't hold the answer to this."
    if coverage is not None and coverage.read < coverage.of:
        said = f"I found no answer in the {coverage.read} of {coverage.of} passages that I read."
    articles = nearest_articles(hits)
    if not articles:
        return said
    return f"{said} The nearest that it holds is {named(articles[0], quoted=True)}."


def named(article: Article | Head, *, quoted: bool = False) -> str:
    """ "Title (Outlet, 2024-05-17)", as far as they are known, on one line."""
    title = " ".join(article.title.split()) or "Untitled"
    about = ", ".join(
        part
        for part in (article.source, article.published and article.published.isoformat())
        if part
    )
    return (f"“{title}”" if quoted else title) + (f" ({about})" if about else "")
