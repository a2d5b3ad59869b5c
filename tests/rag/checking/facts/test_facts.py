"""What a source should hold of a claim, by weight."""

from __future__ import annotations

import pytest

from rag.checking.facts.facts import facts_of, held_by, read, weight


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


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The Bank of England said Xi met Biden’s envoy.", {"bank", "england", "xi", "biden"}),
        ("Vladimir Putin left.", {"vladimir", "putin"}),
        ("Trade grew. Exports fell.", set()),  # only the first words of sentences
        ("OPEC cut output.", {"opec"}),
        ("He left. “However”, she said.", set()),
        ("", set()),
    ],
)
def test_names_are_capitalised_words_that_do_not_only_open_a_sentence(
    text: str, names: set[str]
) -> None:
    assert read(text).names == names


def test_endings_and_function_words_are_let_pass_but_not_negations() -> None:
    assert read("The traders were trading.").stems == ("trader", "trade")
    assert "not" in read("It was not signed.").stems
    assert read("Xi's visit").stems == read("the visits of Xi").stems[::-1]


def test_a_number_is_one_fact_however_it_is_written() -> None:
    assert [f.number.value for f in facts_of("40, 000 people") if f.number] == [40_000]
    assert [f.stem for f in facts_of("40, 000 people") if not f.number] == ["peopl"]
