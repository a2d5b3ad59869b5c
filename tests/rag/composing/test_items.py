from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.composing.items import listed, same, statement

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
