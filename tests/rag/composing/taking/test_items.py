from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.composing.taking.items import listed, names, same, statement

ASKED = "Who was in the Russian delegation?"
SENTENCE = (
    "The Russian delegation included Foreign Minister Sergey Lavrov, Economy Minister Maksim "
    "Reshetnikov and Elvira Nabiullina of the Bank of Example."
)


def test_the_names_that_a_question_does_not_have_are_the_items() -> None:
    spans = listed(SENTENCE, ASKED)
    assert [SENTENCE[a:b] for a, b in spans] == [
        "Foreign Minister Sergey Lavrov",
        "Economy Minister Maksim Reshetnikov",
        "Elvira Nabiullina of the Bank of Example",
    ]
    assert statement(SENTENCE, spans, 1) == (
        "The Russian delegation included Economy Minister Maksim Reshetnikov."
    )


def test_names_in_other_letters_are_capitalised_too() -> None:
    sentence = "В делегацию вошли министр Сергей Лавров, Антон Силуанов и Élise Żak."
    assert [sentence[a:b] for a, b in names(sentence, "Кто?")] == [
        "Сергей Лавров",
        "Антон Силуанов",
        "Élise Żak",
    ]


def test_a_word_between_two_names_parts_them() -> None:
    sentence = "Then Ann met Bo of the Bank of Example, and the bank of Carl."
    assert [sentence[a:b] for a, b in names(sentence, "")] == [
        "Ann",
        "Bo of the Bank of Example",
        "Carl",
    ]


def test_the_last_item_needs_no_name() -> None:
    sentence = "The delegation included Ann Lee, Bo Tan and five deputy premiers."
    spans = listed(sentence, ASKED)
    assert [sentence[a:b] for a, b in spans] == ["Ann Lee", "Bo Tan", "five deputy premiers"]
    assert statement(sentence, spans, 2) == "The delegation included five deputy premiers."


def test_what_is_said_of_each_may_stand_behind_them() -> None:
    sentence = "Ann Lee, Bo Tan and Carl Roth were on the trip."
    spans = listed(sentence, "Who travelled?")
    assert [statement(sentence, spans, n) for n in range(3)] == [
        "Ann Lee were on the trip.",
        "Bo Tan were on the trip.",
        "Carl Roth were on the trip.",
    ]


def test_a_name_that_only_tells_who_another_is_is_no_item() -> None:
    sentence = (
        "The bankers included Ann Lee, who runs Alpha, Bo Tan of the oil firm Beta, Carl Roth, the "
        "head of Gamma, and the singer Dora Quist."
    )
    assert [sentence[a:b] for a, b in listed(sentence, ASKED)] == [
        "Ann Lee",
        "Bo Tan",
        "Carl Roth",
        "Dora Quist",
    ]


def test_names_of_which_nothing_is_said_are_not_taken_apart() -> None:
    assert listed("German Gref of Sberbank, and Andrei Kostin, who runs VTB.", ASKED) == []


def test_a_sentence_with_one_name_lists_nothing() -> None:
    assert listed("The delegation included Ann Lee.", "Who was in it?") == []
    assert listed("five deputy premiers and two bankers", "Who was in it?") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sergey Lavrov", "Foreign Minister Sergey Lavrov"),
        ("Lavrov", "Sergey Lavrov"),
        ("the roubles", "Roubles"),
        ("European Union", "the European Union"),
    ],
)
def test_the_same_item(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Russia", "Bank of Russia"),
        ("Andrei Kostin", "Andrei Belousov"),
        ("trains", "night trains"),
        ("", "Lavrov"),
    ],
)
def test_not_the_same_item(one: str, other: str) -> None:
    assert not same(one, other)
    assert not same(other, one)


@given(st.text(), st.text())
def test_items_are_slices_in_order(sentence: str, query: str) -> None:
    spans = listed(sentence, query)
    assert all(0 <= a < b <= len(sentence) for a, b in spans)
    assert spans == sorted(spans)
    for n in range(len(spans)):
        assert sentence[slice(*spans[n])] in statement(sentence, spans, n)
