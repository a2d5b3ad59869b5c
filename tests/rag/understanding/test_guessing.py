"""What a question asks for: the shipped weights without the encoder they were fitted to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.understanding.grams import PLACES, grams
from rag.understanding.guessing import (
    CONTEXT,
    SURE,
    SURE_UNREAD,
    UNREAD,
    WEIGHTS,
    Weights,
    context,
    decided,
    guess,
    leaning_of,
)
from rag.understanding.kinds import KINDS, Kind
from tests.fakes import FakeEncoder


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("who won the regatta in Ruritania", "fact"),
        ("Did the Duke of Graustark resign?", "yesno"),
        ("tell me about the strike in Graustark", "overview"),
        ("Summarise the article about the castle", "article"),
        ("what happened on 3 march", "day"),
        ("timeline of the siege", "timeline"),
        ("list all the towns that were flooded", "list"),
        ("compare Ruritania and Graustark", "comparison"),
        ("how many articles do you have", "library"),
        ("hello!", "smalltalk"),
        ("write me a poem about the Duke", "other"),
        ("tiemline of the seige", "timeline"),
    ],
)
def test_each_kind_is_told_from_the_others(question: str, kind: Kind) -> None:
    assert guess(question).kind == kind


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("tell me about the strike in Graustark", "overview"),
        ("Summarise the article about the castle", "article"),
    ],
)
def test_what_only_says_how_keeps_the_kind_of_the_turn_before(before: str, kind: Kind) -> None:
    assert guess("shorter please", [before]).kind == kind


def test_what_says_another_kind_takes_it() -> None:
    assert guess("as a timeline", ["tell me about the strike"]).kind == "timeline"


def test_the_same_words_ask_for_the_library_after_a_question_about_it() -> None:
    assert guess("list them", ["Who travelled with the Duke?"]).kind == "list"
    assert guess("list them", ["How many articles do you have?"]).kind == "library"


def test_this_is_the_article_that_is_open() -> None:
    assert guess("the main points", article_open=True).kind == "article"
    assert guess("Who won the regatta?", article_open=True).kind == "fact"


@pytest.mark.parametrize("question", ["Кто победил на выборах?", "谁赢得了选举", "?!", "…"])
def test_what_it_cannot_read_is_looked_up(question: str) -> None:
    assert guess(question).kind not in UNREAD


@given(st.text(), st.lists(st.text(), max_size=4), st.booleans())
def test_any_text_has_a_kind_with_probabilities(
    question: str, before: list[str], beside: bool
) -> None:
    found = guess(question, before, article_open=beside)
    assert tuple(found.probabilities) == KINDS
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert found.leaning == leaning_of(question)


def test_an_encoder_that_the_weights_do_not_belong_to_is_not_asked() -> None:
    encoder = FakeEncoder()
    assert guess("hello!", [], encoder) == guess("hello!")
    assert encoder.encoded == []


def test_the_encoder_that_they_belong_to_is_asked_once_for_all_turns() -> None:
    encoder = FakeEncoder(dimension=2)
    kinds = np.zeros((PLACES + 2 + CONTEXT + 1, len(KINDS)), np.float32)
    kinds[PLACES, KINDS.index("list")] = 9  # the first number of the vector alone decides
    kinds[PLACES + 1, KINDS.index("day")] = 9
    weights = Weights(
        np.zeros((PLACES + 2, 3), np.float32),
        np.zeros((PLACES + CONTEXT + 1, len(KINDS)), np.float32),
        kinds,
        encoder.sha256,
    )
    vector = encoder.encode(["of what"])[0]
    encoder.encoded.clear()
    found = guess("of what", ["earlier"], encoder, weights=weights)
    assert found.kind == ("list" if vector[0] > vector[1] else "day")
    assert encoder.encoded == ["earlier", "of what"]


def test_what_is_answered_without_passages_takes_more() -> None:
    chances = np.full(len(KINDS), 0.0, np.float32)
    chances[KINDS.index("smalltalk")] = SURE_UNREAD - 0.01
    chances[KINDS.index("list")] = SURE + 0.05
    assert decided(chances) == "list"
    chances[KINDS.index("smalltalk")] = SURE_UNREAD
    assert decided(chances) == "smalltalk"


def test_who_is_unsure_looks_it_up_as_a_fact() -> None:
    chances = np.full(len(KINDS), 1 / len(KINDS), np.float32)
    chances[KINDS.index("article")] = SURE - 0.01
    assert decided(chances) == "fact"


def test_the_conversation_counts_as_far_as_the_question_leans() -> None:
    before = np.zeros(len(KINDS), np.float32)
    before[2] = 0.5
    row = context(np.array([0.2, 0.6, 0.2], np.float32), before, False)
    assert row.shape == (CONTEXT,)
    assert row[2] == pytest.approx(0.3)  # leans
    assert row[len(KINDS) + 2] == pytest.approx(0.1)  # says how
    assert row[-5:].tolist() == pytest.approx([0.6, 0.2, 0, 0, 0])
    assert not context(np.array([0, 1, 0], np.float32), None, False).any()


def test_weights_come_back_in_half_precision(tmp_path: Path) -> None:
    shipped = Weights.load(WEIGHTS)
    shipped.save(tmp_path / "again.npz")
    again = Weights.load(tmp_path / "again.npz")
    assert again.encoder == shipped.encoder
    assert np.array_equal(again.joined, shipped.joined)


def test_grams_are_of_words_and_letters_whatever_the_case() -> None:
    assert np.array_equal(grams("Who WON?"), grams("who won?"))
    assert np.array_equal(grams("in 1987"), grams("in 2024"))
    assert not np.array_equal(grams("who won"), grams("won who"))
    assert not grams(" ").any()


@given(st.text(min_size=1))
def test_grams_are_at_most_two_unit_vectors(text: str) -> None:
    assert float(np.linalg.norm(grams(text))) <= 2.001
