"""Which sentences of many tell the most: an extract. Pure.

Greedy: the sentence whose facts (names, amounts, telling words) stand in most of the others, but
for those that have been told, over its length (after SumBasic: Nenkova & Vanderwende 2005, with the
facts' weights). Near-same sentences are one: the first of them in order of preference stands for
all.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.search import Hit
from index.splitting.lines import BULLET
from rag.checking.corrections import takes_back
from rag.checking.facts.facts import Fact, facts_of
from rag.checking.facts.sentences import split

LEAST, MOST_WORDS = 5, 60  # words of a sentence that is taken
SAME, NEAR = 0.8, 0.6  # share of two sentences' facts, by weight, that both hold
_COMMON = 0.5  # a fact counts by the number of sentences that hold it, to this power
_TOLD = 0.2  # what a fact counts for once more
_LENGTH, _SHORT = 0.7, 4.0  # gain is over (facts + _SHORT) to this power
_ENDS = re.compile(r"[.!…][\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters `start:end` of the hit's article."""

    hit: Hit
    start: int
    end: int

    @property
    def text(self) -> str:
        return " ".join(self.hit.article.text[self.start : self.end].split())


def sentences(hits: Iterable[Hit]) -> list[Sentence]:
    """The whole sentences that state something, hit by hit: no headings, questions or fragments,
    and nothing that a correction takes back. Each place once."""
    found: dict[tuple[str, int], Sentence] = {}
    for hit in hits:
        for start, end in split(hit.passage.text):
            bullet = BULLET.match(hit.passage.text[start:end])
            begin = start + (bullet.end() if bullet else 0)
            one = Sentence(hit, hit.passage.start + begin, hit.passage.start + end)
            if _whole(one.text) and not takes_back(one.text, hit.article):
                found.setdefault((hit.article.id, one.start), one)
    return list(found.values())


def _whole(text: str) -> bool:
    return bool(_ENDS.search(text)) and LEAST <= len(text.split()) <= MOST_WORDS


@dataclass(frozen=True, slots=True)
class _Key:
    facts: dict[str, float]
    amounts: frozenset[str]


def _key(text: str) -> _Key:
    facts = {_name(fact): fact.weight for fact in facts_of(text)}
    return _Key(facts, frozenset(name for name in facts if name.startswith("#")))


def _name(fact: Fact) -> str:
    return f"#{fact.number.value:g}{fact.number.unit}" if fact.number else fact.stem


class Telling:
    """Sentences and how much each has to do with what is asked (`weights`, 0 or more), in order of
    preference: of two that say the same the first is taken."""

    def __init__(self, sentences: Sequence[Sentence], weights: Sequence[float]) -> None:
        self.sentences = list(sentences)
        self._weights = list(weights)
        self._keys = [_key(sentence.text) for sentence in sentences]
        self._many = Counter(name for key in self._keys for name in key.facts)
        self._told: Counter[str] = Counter()
        self._taken: list[int] = []
        self._left = set(range(len(sentences)))

    def next(self, among: Collection[int] | None = None) -> int | None:
        """The place of the sentence that tells the most now (of some places, where given). It
        won't come again; it counts as told once it is `take`n."""
        best: tuple[float, int] | None = None
        for i in sorted(self._left):
            if among is not None and i not in among:
                continue
            if any(self.same(i, j) for j in self._taken):
                self._left.discard(i)
                continue
            gain = self._gain(i)
            if best is None or gain > best[0]:
                best = gain, i
        if best is None:
            return None
        first = self._preferred(best[1])
        self._left.discard(first)
        return first

    def take(self, i: int) -> None:
        self._taken.append(i)
        self._told.update(self._keys[i].facts)

    def order(self, most: int) -> Iterator[int]:
        """At most so many places, each taken as it comes."""
        for _ in range(most):
            i = self.next()
            if i is None:
                return
            self.take(i)
            yield i

    def same(self, i: int, j: int) -> bool:
        """Whether two say the same: most of their facts, and no amount that the other lacks."""
        return self._keys[i].amounts == self._keys[j].amounts and self._common(i, j) >= SAME

    def near(self, i: int, j: int) -> bool:
        """Whether two speak of the same, perhaps with other amounts."""
        return self._common(i, j) >= NEAR

    def _common(self, i: int, j: int) -> float:
        a, b = self._keys[i], self._keys[j]
        words = (a.facts.keys() | b.facts.keys()) - a.amounts - b.amounts
        both = a.facts.keys() & b.facts.keys() & words
        weight = {name: max(a.facts.get(name, 0.0), b.facts.get(name, 0.0)) for name in words}
        return sum(weight[n] for n in both) / (sum(weight.values()) or 1.0)

    def _preferred(self, i: int) -> int:
        return min(j for j in self._left if j == i or self.same(i, j))

    def _gain(self, i: int) -> float:
        facts = self._keys[i].facts
        total = sum(
            weight * math.pow(self._many[name], _COMMON) * math.pow(_TOLD, self._told[name])
            for name, weight in facts.items()
        )
        return self._weights[i] * total / math.pow(len(facts) + _SHORT, _LENGTH)
