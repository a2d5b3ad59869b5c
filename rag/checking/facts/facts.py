"""The facts of a text that a source should hold: its amounts, names and telling words. Pure.

`read` is the one reading of a text: attribution, conflicts and the order of hits all compare what
it finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.checking.facts.quantities import Number, numbers, same_number
from rag.checking.facts.words import WORD, content

AMOUNT, NAME, OTHER = 3.0, 2.0, 1.0  # weights


@dataclass(frozen=True, slots=True)
class Facts:
    """Amounts in order of place; stems of telling words in order, and which of them are names'."""

    numbers: tuple[Number, ...]
    stems: tuple[str, ...]
    names: frozenset[str]

    def has(self, fact: Fact) -> bool:
        if fact.number is None:
            return fact.stem in self.stems
        return any(same_number(fact.number, other) for other in self.numbers)


@dataclass(frozen=True, slots=True)
class Fact:
    """A word of a claim, by its stem, or an amount."""

    stem: str
    number: Number | None
    weight: float


@lru_cache(maxsize=20_000)
def read(text: str) -> Facts:
    """What a text states that a source can be asked for."""
    return Facts(numbers(text), tuple(dict.fromkeys(content(text))), _names(text))


def facts_of(claim: str) -> tuple[Fact, ...]:
    """The amounts and words of a claim, each once, by weight: amounts 3, names 2, others 1."""
    facts = read(claim)
    digits = {s for n in facts.numbers for s in content(claim[n.start : n.end])}
    return (
        *(Fact("", number, AMOUNT) for number in facts.numbers),
        *(
            Fact(s, None, NAME if s in facts.names else OTHER)
            for s in facts.stems
            if s not in digits
        ),
    )


def held_by(facts: Sequence[Fact], text: str) -> frozenset[int]:
    """Which of the facts the text holds, by place."""
    have = read(text)
    return frozenset(i for i, fact in enumerate(facts) if have.has(fact))


def weight(facts: Sequence[Fact], places: frozenset[int]) -> float:
    return sum(facts[i].weight for i in places)


_CAPITAL = re.compile(r"\s+[A-Z]")


def _names(text: str) -> frozenset[str]:
    """Stems of capitalised words. One that opens a sentence is capitalised anyway: it counts in
    capitals only, or before another such word."""
    found: set[str] = set()
    for match in WORD.finditer(text):
        word = match[0]
        if not word[0].isupper():
            continue
        before = text[: match.start()].rstrip(" \t\"'“‘([")
        opens = not before or before[-1] in ".!?:\n"
        if not opens or (word.isupper() and len(word) > 1) or _CAPITAL.match(text, match.end()):
            found.update(content(word))
    return frozenset(found)
