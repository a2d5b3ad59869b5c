"""Which article of a list is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.understanding.conversation.listed import Listed, listed, named_in_list

ANSWER = """There are 3 articles about it.
1. Tram line to close after 90 years (Evening Post, 2024-05-12)
2. Riders protest (again) (Courier, 2024-05-14)
3. What it costs (Evening Post)"""
HISTORY = [("what do you have on the tram?", ANSWER)]
FIRST = "“Tram line to close after 90 years”"
SECOND = "“Riders protest (again)”"
THIRD = "“What it costs”"


def test_a_list_is_read_as_it_was_shown() -> None:
    assert listed(ANSWER) == (
        Listed("Tram line to close after 90 years", "Evening Post, 2024-05-12"),
        Listed("Riders protest (again)", "Courier, 2024-05-14"),
        Listed("What it costs", "Evening Post"),
    )


@pytest.mark.parametrize("answer", ["", "It ran for 90 years. [1]", "2. Two\n3. Three", "3.5 km"])
def test_what_is_not_numbered_from_one_is_no_list(answer: str) -> None:
    assert listed(answer) == ()


@pytest.mark.parametrize(
    ("question", "becomes"),
    [
        ("the second one", SECOND),
        ("summarise the first article please", f"summarise {FIRST} please"),
        ("What's number 3 about?", f"What's {THIRD} about?"),
        ("tell me about the last one", f"tell me about {THIRD}"),
        ("summarise the third", f"summarise {THIRD}"),
        ("the 2nd", SECOND),
        ("2", SECOND),
        ("no. two", SECOND),
        ("who wrote the 1st story?", f"who wrote {FIRST}?"),
        ("the one from the Courier", SECOND),
        ("summarise the courier one", f"summarise {SECOND}"),
    ],
)
def test_a_place_in_the_list_is_its_title(question: str, becomes: str) -> None:
    assert named_in_list(question, HISTORY) == becomes


@pytest.mark.parametrize(
    "question",
    [
        "the fourth one",
        "the one from the Evening Post",  # two are
        "Who won the First World War?",
        "what happened on the 2nd of May",
        "that article",
        "How many people live in the second city of Graustark?",
        "",
    ],
)
def test_what_points_at_none_of_it_is_left(question: str) -> None:
    assert named_in_list(question, HISTORY) is None


def test_that_article_is_the_only_one() -> None:
    history = [("whats the newest?", "The newest is:\n1. Riders protest (Courier, 2024-05-14)")]
    assert (
        named_in_list("What does that article say about fares?", history)
        == "What does “Riders protest” say about fares?"
    )


def test_the_list_may_be_a_turn_further_back() -> None:
    history = [*HISTORY, ("summarise the first one", "It closes in June. [1]")]
    assert named_in_list("and the second one?", history) == f"and {SECOND}?"


def test_without_a_list_nothing_is_named() -> None:
    assert named_in_list("the second one", []) is None
    assert named_in_list("the second one", [("Who won?", "The Duke won. [1]")]) is None


@given(st.text(), st.text())
def test_any_text_is_read(question: str, answer: str) -> None:
    named_in_list(question, [("q", answer)])
