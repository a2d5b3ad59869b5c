"""Which words of a passage a claim rests on, and which of its own words they lack. Pure.

Which passage bears a claim out is the Judge's to say. Within it, every window of one to three
neighbouring sentences is compared with the claim by the share of its facts that the window holds;
one that holds more of its amounts goes before one that holds fewer, since an amount is what a
reader looks for in the quote. What a correction takes back supports nothing. The smallest window
that is about as good as the best is the quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.search import Hit
from rag.checking.corrections import takes_back
from rag.checking.facts.facts import AMOUNT, Fact, facts_of, held_by, read, weight
from rag.checking.facts.sentences import split
from rag.checking.facts.words import WORD, content

LONGEST = 3  # sentences of a quote
MARGIN = 0.06  # how much worse than the best a smaller window may be, of the claim's weight
CANDIDATES, NEAR = 3, 0.8  # passages asked of a claim, holding this share of what the best one does
JOINS = 0.2  # share of the claim's weight that a second passage must add


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start:end` of the hit's article: `article.text[start:end]` is the quote."""

    hit: Hit
    start: int
    end: int

    @property
    def quote(self) -> str:
        passage = self.hit.passage
        return passage.text[self.start - passage.start : self.end - passage.start]


def candidates(claim: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that may bear a claim out by themselves: one of whose windows holds nearly as much
    of its facts, by weight, as the best one's does. Most first; among equals in their order."""
    facts = facts_of(claim)
    most = [max((weight(facts, w.held) for w in _windows(facts, hit)), default=0.0) for hit in hits]
    near = [n for n, held in enumerate(most) if held >= NEAR * max(most)]
    return [hits[n] for n in sorted(near, key=lambda n: -most[n])[:CANDIDATES]]


def span_of(claim: str, hit: Hit) -> Span | None:
    """The words of a passage that a claim rests on; None where all of it is taken back."""
    facts = facts_of(claim)
    total = weight(facts, frozenset(range(len(facts)))) or 1.0
    windows = _windows(facts, hit)
    if not windows:
        return None
    most = max(w.amounts(facts) for w in windows)
    best = max(weight(facts, w.held) for w in windows if w.amounts(facts) == most)
    near = [
        w
        for w in windows
        if w.amounts(facts) == most and weight(facts, w.held) >= best - MARGIN * total
    ]
    chosen = min(near, key=lambda w: (w.sentences, -weight(facts, w.held), w.start))
    return Span(hit, hit.passage.start + chosen.start, hit.passage.start + chosen.end)


def beside(claim: str, span: Span, hits: Sequence[Hit]) -> Span | None:
    """A quote of another passage that holds facts of the claim which the first one lacks."""
    facts = facts_of(claim)
    total = weight(facts, frozenset(range(len(facts)))) or 1.0
    lacking = frozenset(range(len(facts))) - held_by(facts, span.quote)
    best: tuple[float, Span] | None = None
    for hit in hits:
        if hit.passage.id == span.hit.passage.id:
            continue
        for w in _windows(facts, hit):
            gain = weight(facts, w.held & lacking) / total
            if gain >= JOINS and (best is None or gain > best[0]):
                start = hit.passage.start
                best = gain, Span(hit, start + w.start, start + w.end)
    return best and best[1]


def lacking(claim: str, known: str) -> tuple[tuple[int, int], ...]:
    """Which telling words and amounts of a claim a text doesn't hold: spans of the claim, in order.

    `known` is the quote with what a reader takes along: the article's title and date, and the
    question.
    """
    have = read(known)
    own = read(claim).numbers
    found = [(n.start, n.end) for n in own if not have.has(Fact("", n, AMOUNT))]
    for match in WORD.finditer(claim):
        inside = any(n.start <= match.start() < n.end for n in own)
        stems = content(match[0])
        if stems and not inside and not any(s in have.stems for s in stems):
            found.append(match.span())
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Window:
    """Characters of a passage's text, how many sentences, and which facts they hold."""

    start: int
    end: int
    sentences: int
    held: frozenset[int]

    def amounts(self, facts: Sequence[Fact]) -> int:
        return sum(facts[i].number is not None for i in self.held)


def _windows(facts: Sequence[Fact], hit: Hit) -> list[_Window]:
    text = hit.passage.text
    spans = split(text)
    wrong = [takes_back(text[start:end], hit.article) for start, end in spans]
    held = [held_by(facts, text[start:end]) for start, end in spans]
    found = []
    for n in range(1, LONGEST + 1):
        for first in range(len(spans) - n + 1):
            if not any(wrong[first : first + n]):
                start, end = spans[first][0], spans[first + n - 1][1]
                inside = frozenset().union(*held[first : first + n])
                found.append(_Window(start, end, n, inside))
    return found
