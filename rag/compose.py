"""From checked claims to the text that is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from index.article import Article
from index.search import Hit
from index.sentences import sentences
from rag.answer import Claim, Conflict

_NEAREST = 3
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+", re.MULTILINE)
_END = re.compile(r"[.!?…][\"'”’)\]]*$")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of an answer's sentences; each item of a list is one, without its bullet."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        bullet = _BULLET.match(line[0])
        offset = line.start() + (bullet.end() if bullet else 0)
        spans += [(offset + a, offset + b) for a, b in sentences(text[offset : line.end()])]
    return spans


_ATTRIBUTED = re.compile(
    r"^(?:according to|as (?:stated|mentioned|described) in|based on|in|from) "
    r"(?:the|these|this) (?:given |provided )?(?:passages?|texts?|articles?|context)"
    r"(?: (?:given|provided))?(?: \d+)?, +(?=\w)",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"^\s*(?:yes|no), +(?=\w)", re.IGNORECASE)


def unattributed(sentence: str) -> str:
    """Without "According to the passage," before it: what it rests on is shown by its citation."""
    return _without(_ATTRIBUTED, sentence)


def statement(sentence: str) -> str:
    """What a sentence states, without the "Yes," or "No," that ties it to the question."""
    return _without(_YES_OR_NO, sentence)


def _without(opening: re.Pattern[str], sentence: str) -> str:
    bare = opening.sub("", sentence)
    return bare if bare == sentence else bare[0].upper() + bare[1:]


def scraps(text: str, spans: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of an answer's sentences, after the first, have no end: cut off, or a slogan that an
    article made the model add. The items of a list need none."""
    if _BULLET.search(text):
        return set()
    return {(a, b) for a, b in spans[1:] if not _END.search(text[a:b].rstrip())}


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


def answer_text(claims: Sequence[Claim], conflicts: Sequence[Conflict] = ()) -> str:
    """The shown sentences, each followed by the numbers of its sources: `… in 2023. [1] [2]`.

    A conflict is said after them: "But the articles disagree: 64% [1], 46% [2]."
    """
    sentences = []
    for claim in claims:
        if claim.shown:
            numbers = dict.fromkeys(citation.n for citation in claim.citations)
            sentences.append(" ".join([claim.text, *(f"[{n}]" for n in numbers)]))
    for conflict in conflicts:
        sides = ", ".join(f"{side.value} [{side.citation.n}]" for side in conflict.sides)
        sentences.append(f"But the articles disagree: {sides}.")
    return " ".join(sentences)


def nearest_articles(hits: Sequence[Hit]) -> list[Article]:
    """The best hits' articles, each once, best first."""
    found = {hit.article.id: hit.article for hit in hits}
    return list(found.values())[:_NEAREST]


def abstention_text(hits: Sequence[Hit]) -> str:
    """Says that the library doesn't hold the answer, and what the nearest thing is that it does."""
    said = "The library doesn't hold the answer to this."
    articles = nearest_articles(hits)
    if not articles:
        return said
    nearest = articles[0]
    about = ", ".join(
        part
        for part in (nearest.source, nearest.published and nearest.published.isoformat())
        if part
    )
    return f"{said} The nearest that it holds is “{nearest.title}”{f' ({about})' if about else ''}."
