"""Where articles disagree on the fact that was asked for: the sides, with their words.

A claim's values are its amounts, dates and names that the question doesn't hold. A dispute is a
passage of another article that speaks of the same thing (holds what the question names, all its
amounts and dates too), has a value of the same kind, and nowhere has the claim's own; the claim
with that value in its place is what the other article would have to say. Finding disputes is pure
(`disputes`); whether the other article really says it is checked like any claim (`conflicts`).

What is only rounding or another way of writing is no dispute, nor is what an article says beside
the claim's value itself. Copies of an article are one article. Differences in free words ("is a
footballer", "is a chess player") have no value to compare and are not found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.article import Article
from index.search import Hit
from rag.answer import Citation, Claim, Conflict, Side
from rag.checking.attribute import Span
from rag.checking.corrections import is_correction
from rag.checking.facts.days import Day, days, same_day
from rag.checking.facts.facts import Fact, facts_of, held_by
from rag.checking.facts.names import holds_name, names
from rag.checking.facts.quantities import Number, numbers, same_number
from rag.checking.facts.sentences import split
from rag.generating.generator import Stop
from rag.generating.judge import Judge

MOST = 3  # disputes that are checked for an answer: each costs two short readings
LEAST_HELD = 0.6  # share of the question's words that the other sentence and its neighbours hold
LEAST = 0.5  # of the Judge, that the other passage bears its side out
LEAST_SELF = 0.2  # … and that the sentence itself holds ("That is 64% more than in 2021")
# What an amount is of: a few words, not the next amount's.
_OF = re.compile(r"\s+of((?:\s+[^\W\d][\w'’-]*){1,5})")


@dataclass(frozen=True, slots=True)
class Value:
    """An amount, a date or a name as written at `start:end` of a text."""

    kind: str
    text: str
    start: int
    end: int
    meaning: Day | Number | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """`statement` is the claim with `other` in the place of `value`; `span` the words for it."""

    value: str
    other: str
    statement: str
    span: Span


def conflicts(
    claims: Sequence[Claim],
    query: str,
    hits: Sequence[Hit],
    judge: Judge,
    stop: Stop | None = None,
) -> tuple[Conflict, ...]:
    """The conflicts between the shown claims and the other articles among `hits`.

    Citations of the sides aren't numbered yet. Costs nothing where there is no dispute.
    """
    found = []
    left = MOST
    for claim in claims:
        if not claim.shown or not claim.citations:
            continue
        tried = disputes(claim, query, hits)[:left]
        left -= len(tried)
        sides: list[Side] = []
        mine = ""
        for dispute in tried:
            if mine and dispute.value != mine:
                continue
            if any(_same(side.value, dispute.other) for side in sides):
                continue
            span = dispute.span
            if judge.alone(dispute.statement, [span.hit], stop)[0] >= LEAST:
                mine = dispute.value
                sides.append(Side(dispute.other, _citation(span)))
        if sides:
            own = Side(mine, claim.citations[0])
            found.append(Conflict(about(query), _marked([own, *sides])))
    return tuple(found)


def disputes(claim: Claim, query: str, hits: Sequence[Hit]) -> list[Dispute]:
    """What other articles may say in the claim's place, the likeliest first."""
    cited = {_original(citation.article) for citation in claim.citations}
    asked = facts_of(query)
    own = " ".join(hit.passage.text for hit in hits if _original(hit.article) in cited)
    own += " ".join(citation.quote for citation in claim.citations)
    found: list[tuple[float, int, Dispute]] = []
    for value in _values(claim.text):
        if _holds(query, value):
            continue
        for hit in hits:
            if _original(hit.article) in cited:
                continue
            everything = _everything(hit.article, hits)
            for start, end, held in _sentences_about(asked, hit):
                sentence = hit.passage.text[start:end]
                if _holds(everything.replace(sentence, ""), value):
                    continue
                for other in _values(sentence):
                    if not _comparable(value, other) or _holds(query, other):
                        continue
                    if _holds(sentence, value):
                        if not _swapped(asked, sentence, value, other):
                            continue
                    elif _holds(own, other):
                        continue
                    if value.kind == "name" and holds_name(claim.text, other.text):
                        continue
                    statement = _replaced(claim.text, value, other)
                    span = Span(hit, hit.passage.start + start, hit.passage.start + end)
                    found.append(
                        (-held, hit.rank, Dispute(value.text, other.text, statement, span))
                    )
    found.sort(key=lambda row: row[:2])
    best: dict[tuple[str, str], Dispute] = {}
    for _, _, dispute in found:
        best.setdefault((dispute.value, dispute.other.casefold()), dispute)
    return list(best.values())


def _swapped(asked: Sequence[Fact], sentence: str, value: Value, other: Value) -> bool:
    """Whether a sentence that has both says `other` of what was asked, and `value` of something
    else: "90% of the machine tools and 70% of the chips"."""

    def said_of(amount: Value) -> float:
        after = _OF.match(sentence, amount.end)
        return sum(asked[i].weight for i in held_by(asked, after[1])) if after else math.inf

    same = [v for v in _values(sentence) if v.kind == value.kind and _holds(v.text, value)]
    return said_of(other) > max(map(said_of, same), default=math.inf)


def about(query: str) -> str:
    """The question as a thing to disagree about."""
    return query.rstrip(" ?.!")


def _sentences_about(facts: Sequence[Fact], hit: Hit) -> list[tuple[int, int, float]]:
    """Sentences of a passage that speak of what was asked: start, end, share of it that they hold.

    What a sentence leaves to its neighbours and the title ("That is 64% more") counts too. All
    the question's amounts and years must be held: trade in 2022 is not trade in 2023.
    """
    total = sum(fact.weight for fact in facts)
    if not total:
        return []
    text = hit.passage.text
    spans = split(text)
    found = []
    for place, (start, end) in enumerate(spans):
        first, last = spans[max(0, place - 1)], spans[min(len(spans) - 1, place + 1)]
        around = f"{hit.article.title}\n{text[first[0] : last[1]]}"
        near = held_by(facts, around)
        itself = held_by(facts, text[start:end])
        share = sum(facts[i].weight for i in near) / total
        own = sum(facts[i].weight for i in itself) / total
        amounts = {i for i, fact in enumerate(facts) if fact.number}
        if share >= LEAST_HELD and own >= LEAST_SELF and amounts <= near:
            found.append((start, end, own + share))
    return found


def _values(text: str) -> list[Value]:
    """Dates, amounts and names, in that order of precedence where they overlap."""
    found = [Value("date", text[d.start : d.end], d.start, d.end, d) for d in days(text) if d.month]

    def free(start: int, end: int) -> bool:
        return all(end <= v.start or start >= v.end for v in found)

    for n in numbers(text):
        if free(n.start, n.end):
            kind = "year" if n.unit == "year" else f"amount {n.unit}"
            found.append(Value(kind, text[n.start : n.end], n.start, n.end, n))
    at = 0
    for name in names(text):
        start = text.find(name, at)
        if start < 0:
            continue
        at = start + len(name)
        if free(start, at):
            found.append(Value("name", name, start, at))
    return found


def _comparable(one: Value, other: Value) -> bool:
    """Of one kind; or a year and a date that names its year."""
    if one.kind == other.kind:
        return True
    kinds = {one.kind: one.meaning, other.kind: other.meaning}
    day = kinds.get("date")
    return "year" in kinds and isinstance(day, Day) and day.year is not None


def _replaced(text: str, value: Value, other: Value) -> str:
    """The text with `other` in the place of `value`: in a year, on a day."""
    before = text[: value.start]
    if value.kind != other.kind:
        wanted = "in " if other.kind == "year" else "on "
        before = re.sub(r"\b(?:in|on)\s+(?:the\s+)?$", wanted, before)
    return before + other.text + text[value.end :]


def _holds(text: str, value: Value) -> bool:
    """Whether a text has this value, written its own way."""
    mine = value.meaning
    if isinstance(mine, Day):
        return any(same_day(mine, other) or same_day(other, mine) for other in days(text))
    if isinstance(mine, Number):
        return any(same_number(mine, n) or same_number(n, mine) for n in numbers(text))
    return holds_name(text, value.text)


def _same(one: str, other: str) -> bool:
    """Whether two values are one, written in two ways: Mayor Strand of Elm, Strand."""
    return one.casefold() == other.casefold() or any(
        _holds(text, value)
        for text, written in ((one, other), (other, one))
        for value in _values(written)
    )


def _everything(article: Article, hits: Sequence[Hit]) -> str:
    return " ".join(h.passage.text for h in hits if h.article.id == article.id)


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
    article = span.hit.article
    return Citation(
        0, article, span.hit.passage.id, span.start, span.end, article.text[span.start : span.end]
    )
