"""The facts of a text that a source should hold: its amounts, names and telling words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.facts.names import names
from rag.checking.facts.quantities import Number, numbers, same_number
from rag.checking.facts.words import content, stem, words


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


def weight(facts: Sequence[Fact], places: frozenset[int]) -> float:
    return sum(facts[i].weight for i in places)
