"""Which words of which passage a claim rests on: decided after the claim was written.

A claim is compared with every window of one to three neighbouring sentences of a passage: by the
share of its words that the window holds (numbers and names weigh more) and by the cosine of their
vectors; a window that holds more of its amounts goes before one that holds fewer, since an amount
is what a reader looks for in the quote. What a correction takes back supports nothing. The smallest
window that is about as good as the best is the span. Where a second passage holds facts of the
claim that the first lacks, its best window is a second span. But a model that mixes up two articles
writes one fact out of both ("Kenya's athletes won the Polish league"), so another article is a
second span only where the claim says two things, each in a clause of its own that one of the spans
holds.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.search import Hit
from index.splitting.passages import Passage
from rag.checking.agreement import names
from rag.checking.corrections import takes_back
from rag.checking.facts.quantities import Number, numbers, same_number
from rag.checking.facts.sentences import split
from rag.checking.facts.words import content, stem, words

LONGEST = 3  # sentences of a span
WORDS = 0.6  # weight of the words against that of the vectors
MARGIN = 0.06  # how much worse than the best a smaller window may be
LEAST_WORDS, LEAST_COSINE = 0.15, 0.45  # a window with less of both supports nothing
JOINS = 0.2  # share of the claim's weight that a second span must add
CLAUSE_HELD = 0.6  # share of a clause's weight that one of two articles must hold
# What stands between two clauses that can be true by themselves.
_BETWEEN_CLAUSES = re.compile(
    r"\s*[;:–—]\s+|,?\s+(?:while|whereas|compared\s+(?:with|to)|than|although|though)\s+"
    r"|,\s+(?:and|but|or|which|where)\s+",
    re.IGNORECASE,
)


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


def attribute(claim: str, hits: Sequence[Hit], encoder: Encoder) -> tuple[Span, ...]:
    """The span that supports the claim, or two from two passages; () where nothing is like it."""
    facts = facts_of(claim)
    windows = [w for place, hit in enumerate(hits) for w in _windows(place, hit)]
    if not windows or not facts:
        return ()
    held = [held_by(facts, hits[w.hit].passage.text[w.start : w.end]) for w in windows]
    total = sum(fact.weight for fact in facts)
    share = np.array([sum(facts[i].weight for i in found) for found in held]) / total
    cosine = _cosines(claim, hits, windows, encoder)
    score = WORDS * share + (1 - WORDS) * cosine
    amounts = np.array([sum(facts[i].number is not None for i in found) for found in held])
    first = np.where(amounts == amounts.max(), score, -np.inf)
    best = _smallest(windows, score, np.flatnonzero(first >= first.max() - MARGIN))
    if share[best] < LEAST_WORDS and cosine[best] < LEAST_COSINE:
        return ()
    chosen = [windows[best]]
    # What other passages add to the facts that the first span holds.
    gain = np.array(
        [
            sum(facts[i].weight for i in found - held[best]) / total
            if w.hit != windows[best].hit
            else 0.0
            for w, found in zip(windows, held, strict=True)
        ]
    )
    if gain.max() >= JOINS and cosine[int(gain.argmax())] > 0:
        near = np.flatnonzero(gain >= gain.max() - 1e-9)
        chosen.append(windows[_smallest(windows, gain + 0.1 * cosine, near)])
    spans = tuple(
        Span(hits[w.hit], hits[w.hit].passage.start + w.start, hits[w.hit].passage.start + w.end)
        for w in chosen
    )
    articles = {span.hit.article.id for span in spans}
    return spans if len(articles) == 1 or says_both(claim, spans) else spans[:1]


def says_both(claim: str, spans: Sequence[Span]) -> bool:
    """Whether a claim has several clauses, each held by one of the spans, and not all by one."""
    holders = []
    for clause in _BETWEEN_CLAUSES.split(claim):
        facts = facts_of(clause)
        total = sum(fact.weight for fact in facts)
        if not total:
            continue
        shares = [sum(facts[i].weight for i in held_by(facts, s.quote)) / total for s in spans]
        if max(shares) < CLAUSE_HELD:
            return False
        holders.append(shares.index(max(shares)))
    return len(set(holders)) > 1


# --- windows ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Window:
    hit: int
    first: int  # its first sentence and the one after its last
    last: int
    start: int
    end: int


def _windows(place: int, hit: Hit) -> list[_Window]:
    text = hit.passage.text
    spans = split(text)
    wrong = [takes_back(text[start:end], hit.article) for start, end in spans]
    return [
        _Window(place, first, first + n, spans[first][0], spans[first + n - 1][1])
        for n in range(1, LONGEST + 1)
        for first in range(len(spans) - n + 1)
        if not any(wrong[first : first + n])
    ]


def _smallest(
    windows: Sequence[_Window], score: NDArray[np.float64], among: NDArray[np.intp]
) -> int:
    return min(
        (int(i) for i in among),
        key=lambda i: (windows[i].last - windows[i].first, -score[i], windows[i].hit, i),
    )


def _cosines(
    claim: str, hits: Sequence[Hit], windows: Sequence[_Window], encoder: Encoder
) -> NDArray[np.float64]:
    """Of the claim to each window, whose vector is the mean of its sentences', negatives as 0."""
    single = {(w.hit, w.first): i for i, w in enumerate(windows) if w.last - w.first == 1}
    texts = [
        hits[windows[i].hit].passage.text[windows[i].start : windows[i].end]
        for i in single.values()
    ]
    vectors = encoder.encode([claim, *texts]).astype(np.float64)
    row = {key: n for n, key in enumerate(single, 1)}
    means = np.stack(
        [
            vectors[[row[w.hit, place] for place in range(w.first, w.last)]].mean(axis=0)
            for w in windows
        ]
    )
    length = np.linalg.norm(means, axis=1)
    cosine: NDArray[np.float64] = np.clip(
        means @ vectors[0] / np.where(length > 0, length, 1.0), 0, 1
    )
    return cosine


# --- facts --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A word of a claim, by its stem, or an amount."""

    stem: str
    number: Number | None
    weight: float


def facts_of(claim: str) -> tuple[Fact, ...]:
    """The words and amounts of a claim that a source should hold: amounts 3, names 2, others 1."""
    amounts = numbers(claim)
    named = {stem(word) for name in names(claim) for word in words(name)}
    digits = {s for n in amounts for s in content(claim[n.start : n.end])}
    found = [Fact("", number, 3.0) for number in amounts]
    found += [
        Fact(s, None, 2.0 if s in named else 1.0)
        for s in dict.fromkeys(content(claim))
        if s not in digits
    ]
    return tuple(found)


def held_by(facts: Sequence[Fact], text: str) -> frozenset[int]:
    """Which of the facts the text holds, by place."""
    have = frozenset(content(text))
    amounts = numbers(text) if any(fact.number for fact in facts) else ()
    return frozenset(
        i
        for i, fact in enumerate(facts)
        if (
            any(same_number(fact.number, other) for other in amounts)
            if fact.number
            else fact.stem in have
        )
    )


class Remembering:
    """An Encoder that keeps the vectors of the last `bound` texts: a passage's sentences are
    compared with every claim about it. Thread-safe as its encoder is."""

    def __init__(self, encoder: Encoder, bound: int = 5_000) -> None:
        self._encoder = encoder
        self._bound = bound
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def sha256(self) -> str:
        return self._encoder.sha256

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def fits(self, text: str) -> bool:
        return self._encoder.fits(text)

    def count(self, text: str) -> int:
        return self._encoder.count(text)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._lock:
            found = {t: self._vectors[t] for t in texts if t in self._vectors}
        new = list(dict.fromkeys(t for t in texts if t not in found))
        if new:
            found.update(zip(new, self._encoder.encode(new), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = found[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._bound:
                self._vectors.popitem(last=False)
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([found[text] for text in texts])


def nearest(
    claim: str, article: Article, passages: Sequence[Passage], encoder: Encoder, k: int
) -> tuple[Hit, ...]:
    """The `k` passages of one article that are nearest to a claim, best first.

    By the cosine of their best sentence and the share of the claim's words that they hold.
    """
    sentences = [(p, a, b) for p in passages for a, b in split(p.text)]
    if not sentences:
        return ()
    vectors = encoder.encode([claim, *(p.text[a:b] for p, a, b in sentences)])
    cosine: dict[str, float] = {}
    for (passage, _, _), value in zip(sentences, vectors[1:] @ vectors[0], strict=True):
        cosine[passage.id] = max(cosine.get(passage.id, -1.0), float(value))
    facts = facts_of(claim)
    total = sum(fact.weight for fact in facts) or 1.0
    scored = []
    for passage in passages:
        share = sum(facts[i].weight for i in held_by(facts, passage.text)) / total
        scored.append((cosine.get(passage.id, 0.0) + share, passage))
    scored.sort(key=lambda pair: -pair[0])
    return tuple(
        Hit(passage, article, score, rank, cosine.get(passage.id, 0.0), None, rank, None)
        for rank, (score, passage) in enumerate(scored[:k], 1)
    )
