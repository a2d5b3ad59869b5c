"""Values put in one another's place: what a false twin of a sentence is."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.fitting.adapter.examples.typed import keywords, slipped, typed
from eval.fitting.adapter.examples.values import (
    cut,
    exchanged,
    lowered,
    near,
    negated,
    other_name,
    other_number,
    other_value,
    split_title,
    whole,
)

SENTENCE = "The bridge of Sampleton is 812 metres long."


def test_a_value_is_exchanged_where_it_stands_once_as_whole_words() -> None:
    assert exchanged(SENTENCE, "812", "640") == "The bridge of Sampleton is 640 metres long."
    assert exchanged(SENTENCE, "81", "64") is None
    assert exchanged("2 of 2 came.", "2", "3") is None


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_another_number_is_another_number(n: int, seed: int) -> None:
    other = other_number(f"{n} tons", Random(seed))
    assert other is not None
    value, unit = other.split(" ")
    assert int(value) != n
    assert unit == "tons"


def test_a_number_keeps_the_way_it_is_written() -> None:
    other = other_number("$1,250,000.75", Random(1))
    assert other is not None
    assert other.startswith("$")
    assert other.endswith(".75")
    assert other.count(",") == 2
    assert other_number("no figure", Random(1)) is None


def test_another_name_is_of_the_text_and_shares_no_word() -> None:
    text = "Mayor Ada Quill met Bruno Vance. The mayor of Sampleton thanked Quill."
    found = {other_name("Ada Quill", text, Random(n)) for n in range(30)}
    assert found == {"Bruno Vance", "Sampleton"}
    assert other_name("a bridge", text, Random(0)) is None


def test_a_wrong_value_is_of_the_same_kind_and_no_right_answer() -> None:
    others = ["1,204", "Bruno Vance", "812", "about 812"]
    found = {other_value(SENTENCE, ["812"], others, SENTENCE, Random(n)) for n in range(40)}
    assert "The bridge of Sampleton is 1,204 metres long." in found
    assert SENTENCE not in found
    assert not any(sentence and "Vance" in sentence for sentence in found)


def test_a_sentence_without_its_answer_has_no_false_twin() -> None:
    assert other_value(SENTENCE, ["640"], ["812"], SENTENCE, Random(0)) is None


def test_near_counts_half_of_an_answers_words() -> None:
    assert near("It was Ada.", ["Ada Quill"])
    assert not near("It was Bruno.", ["Ada Quill"])


def test_a_sentence_is_negated_once() -> None:
    assert negated("It was built.") == "It was not built."
    assert negated("It has grown.") == "It has never grown."
    assert negated("It was not built.") is None
    assert negated("Ships came.") is None


@pytest.mark.parametrize(
    ("passage", "title", "text"),
    [
        ("Bridge (2024-05-03)\nIt opened.", "Bridge (2024-05-03)", "It opened."),
        ("Bridge | It opened.", "Bridge", "It opened."),
        ("Bridge -- It opened.", "Bridge", "It opened."),
        ("It opened.", "", "It opened."),
        ("It opened.\nThen it closed.", "", "It opened.\nThen it closed."),
    ],
)
def test_titles_are_told_from_texts(passage: str, title: str, text: str) -> None:
    assert split_title(passage) == (title, text)


def test_a_bare_answer_is_no_sentence() -> None:
    assert whole("The bridge is long.")
    assert not whole("At least 23,000 years ago")
    assert not whole("Sampleton.")


def test_only_a_word_that_opens_a_sentence_loses_its_capital() -> None:
    assert lowered("The bridge is long.") == "the bridge is long."
    assert lowered("Sampleton is small.") == "Sampleton is small."


def test_cut_gives_sentences() -> None:
    assert cut("It opened. It is 8.5 m long! Why?") == ["It opened.", "It is 8.5 m long!", "Why?"]


@given(st.text(max_size=80), st.integers(0, 1000))
def test_a_question_as_typed_is_a_question_still(question: str, seed: int) -> None:
    if question.strip().rstrip("?!. "):
        assert typed(question, Random(seed)).strip()


def test_keywords_are_what_one_types_into_a_search_box() -> None:
    assert keywords("How long is the bridge of Sampleton?") == "long bridge Sampleton?"
    assert keywords("Who is it?") == "Who is it?"


def test_a_slip_is_one_letter_of_a_longer_word_that_is_no_name() -> None:
    for seed in range(50):
        found = slipped("how long is Sampleton bridge", Random(seed))
        assert found.startswith("how long is Sampleton ")
        assert abs(len(found) - len("how long is Sampleton bridge")) <= 1
    assert slipped("is it on?", Random(0)) == "is it on?"
