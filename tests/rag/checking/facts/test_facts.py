"""What a source should hold of a claim, by weight."""

from __future__ import annotations

from rag.checking.facts.facts import facts_of, held_by, weight


def test_facts_weigh_amounts_over_names_over_words() -> None:
    facts = facts_of("The mayor Ines Falk paid 24.6m pounds.")
    weights = {f.stem or f.number.value: f.weight for f in facts if f.stem or f.number}
    assert weights[24_600_000] == 3.0
    assert weights["falk"] == 2.0
    assert weights["mayor"] == 1.0


def test_held_are_amounts_in_any_writing_and_words_in_any_ending() -> None:
    facts = facts_of("Falk approved bridges for 24.6m pounds.")
    held = held_by(facts, "It approves a bridge for 24.6 million pounds.")
    assert weight(facts, held) == weight(facts, frozenset(range(len(facts)))) - 1.0  # Falk opens it
    assert held_by(facts, "") == frozenset()
    assert held_by((), "Anything.") == frozenset()
