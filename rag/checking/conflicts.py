"""Where articles disagree on the fact that was asked for: the sides, with their words.

The Judge finds them. Another article's passage that speaks of what was asked is a dispute if it
states an answer to the question and doesn't bear out the one that is shown; what it says instead is
written from it alone, and checked against it alone. Two true answers are no conflict ("she said
this", "she said that"), so the two sentences must say the same but for a few words: the values of
the sides.

Copies of an article are one article, and one outlet is one voice, however often it says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.article import Article
from index.search import Hit
from rag.answer import Citation, Claim, Conflict, Side
from rag.checking.attribute import Span, lacking, span_of
from rag.checking.corrections import is_correction
from rag.checking.facts.facts import facts_of, held_by, weight
from rag.generating.generator import Piece, Stop
from rag.generating.judge import Judge
from rag.generating.writer import Writer

MOST = 4  # other articles that are asked, for a claim
LEAST_HELD = 0.6  # share of the question's facts that another article's passage holds, by weight
STATES, DENIES, BEARS = 0.9, 0.1, 0.5  # of the Judge: an answer; not this one; its own one
SAME = 0.5  # share of one sentence's words that both sentences hold, by weight, without amounts


def conflicts(
    claims: Sequence[Claim],
    query: str,
    hits: Sequence[Hit],
    writer: Writer,
    judge: Judge,
    stop: Stop | None = None,
) -> tuple[Conflict, ...]:
    """The conflicts between the shown claims and the other articles among `hits`.

    Citations of the sides aren't numbered yet. Costs nothing where no other article speaks of it.
    """
    found = []
    for claim in claims:
        if claim.shown and claim.citations:
            sides = _sides(claim, query, hits, writer, judge, stop)
            if len(sides) > 1:
                found.append(Conflict(query.rstrip(" ?.!"), _marked(sides)))
    return tuple(found)


@dataclass(slots=True)
class _Other:
    """What another article says instead, and who says so."""

    sentence: str
    span: Span
    voices: set[str]


def _sides(
    claim: Claim,
    query: str,
    hits: Sequence[Hit],
    writer: Writer,
    judge: Judge,
    stop: Stop | None,
) -> list[Side]:
    others = speaking(claim, query, hits)[:MOST]
    if not others:
        return []
    states = judge.each(query, others, stop)
    agrees = judge.alone(claim.text, others, stop)
    cited = [h for h in hits if h.passage.id == claim.citations[0].passage_id]
    mine = {voice(citation.article) for citation in claim.citations}
    mine |= {voice(h.article) for h, p in zip(others, agrees, strict=True) if p >= BEARS}
    found: list[_Other] = []
    for hit, stated, agreed in zip(others, states, agrees, strict=True):
        if stated < STATES or agreed > DENIES:
            continue
        same = next((o for o in found if judge.alone(o.sentence, [hit], stop)[0] >= BEARS), None)
        if same is not None:
            same.voices.add(voice(hit.article))
            continue
        said = writer.write(query, [hit], stop)
        sentence = "".join(e.text for e in said if isinstance(e, Piece)).strip()
        span = span_of(sentence, hit)
        if span is None or not says_otherwise(claim.text, sentence):
            continue
        (bears,) = judge.alone(sentence, [hit], stop)
        beside = judge.alone(sentence, cited, stop)
        if bears >= BEARS and all(p <= DENIES for p in beside):
            found.append(_Other(sentence, span, {voice(hit.article)}))
    if not found:
        return []
    own = Side(value(claim.text, found[0].sentence), claim.citations[0], outlets=len(mine))
    return [own] + [
        Side(value(o.sentence, claim.text), _citation(o.span), outlets=len(o.voices)) for o in found
    ]


def speaking(claim: Claim, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """Passages of other articles that speak of what was asked, one an article, the most telling
    first: all the question's amounts, and most of its facts, stand in them or their title."""
    cited = {_original(citation.article) for citation in claim.citations}
    facts = facts_of(query)
    total = weight(facts, frozenset(range(len(facts))))
    amounts = {i for i, fact in enumerate(facts) if fact.number}
    best: dict[str, tuple[float, Hit]] = {}
    for hit in hits:
        article = _original(hit.article)
        held = held_by(facts, f"{hit.article.title}\n{hit.passage.text}")
        share = weight(facts, held) / total if total else 0.0
        if article in cited or share < LEAST_HELD or not amounts <= held:
            continue
        if article not in best or share > best[article][0]:
            best[article] = share, hit
    return [hit for _, hit in sorted(best.values(), key=lambda found: -found[0])]


def says_otherwise(one: str, other: str) -> bool:
    """Whether two sentences say the same but for a few words, which each has for itself."""
    return (
        bool(lacking(one, other) and lacking(other, one))
        and max(_common(one, other), _common(other, one)) >= SAME
    )


def _common(one: str, other: str) -> float:
    facts = [fact for fact in facts_of(one) if not fact.number]
    total = weight(facts, frozenset(range(len(facts))))
    return weight(facts, held_by(facts, other)) / total if total else 0.0


def value(sentence: str, other: str) -> str:
    """What a sentence says that the other doesn't: from the first of its own words to the last."""
    own = lacking(sentence, other)
    return sentence[own[0][0] : own[-1][1]] if own else sentence


def voice(article: Article) -> str:
    """Whose word an article is: its outlet's, else its original's."""
    return article.source or _original(article)


def _original(article: Article) -> str:
    return article.copy_of or article.id


def _marked(sides: Sequence[Side]) -> tuple[Side, ...]:
    """The newest side and corrections marked; no newest where dates are missing or the same."""
    dates = [side.citation.article.published for side in sides]
    known = [d for d in dates if d]
    newest = max(known) if len(known) == len(dates) and len(set(known)) > 1 else None
    return tuple(
        replace(
            side,
            newest=newest is not None and side.citation.article.published == newest,
            correction=is_correction(side.citation.article),
        )
        for side in sides
    )


def _citation(span: Span) -> Citation:
    return Citation(0, span.hit.article, span.hit.passage.id, span.start, span.end, span.quote)
