"""Follow-ups are rewritten; questions that stand alone aren't touched."""

import pytest

from rag.generating.generator import Prompt
from rag.generating.reader import LocalReader
from rag.understanding.conversation.follow_ups import (
    adds_nothing,
    keeps_asking,
    standing,
    understood,
)
from rag.understanding.guessing import leaning_of
from tests.fakes import FakeGenerator, fake_reader

HISTORY = [
    ("How large was trade in 2023?", "Trade between Ruritania and Graustark was 240 crowns.")
]


def prompts(writer: LocalReader) -> list[Prompt]:
    assert isinstance(writer.generator, FakeGenerator)
    return writer.generator.prompts


@pytest.mark.parametrize(
    "question",
    [
        "And in 2021?",
        "Who is he?",
        "When did it open?",
        "What about exports?",
        "Why?",
        "How much?",
        "Where was that signed?",
        "Did they agree?",
        # regressions: a name beside the pronoun isn't what it means
        "What did he say on Monday?",
        "In Harbin, what did he say?",
        "What did she tell Reuters about Trump?",
        "Who put it under sanctions in May?",
        "What did the mayor say about it?",
        "Who held that post before him?",
        "How much more is that than in 2021?",
        "How many people live there?",
        "Who else?",
    ],
)
def test_questions_that_lean_on_the_conversation(question: str) -> None:
    assert leaning_of(question) == "leans"


@pytest.mark.parametrize(
    "question",
    [
        "How large was trade between Russia and China in 2023?",
        "Who leads Rosneft?",
        "When did Putin say he would visit Harbin?",
        "Which officials said that China supplies parts?",
        "Is there a pipeline to Mongolia?",
        "What is Power of Siberia 2?",
        "What was announced this week about the pipeline?",
        "What was the name of the ship that sank?",
        "How many people had to leave their homes?",
        "Where did the turkey get its name?",
        "Is it true that China supplies parts?",
    ],
)
def test_questions_that_stand_alone(question: str) -> None:
    assert leaning_of(question) == "alone"
    assert understood(question, HISTORY, fake_reader()) == question


def test_a_follow_up_is_rewritten_with_the_conversation() -> None:
    writer = fake_reader({"And in 2021?": "How large was Ruritania's trade in 2021?"})
    assert understood("And in 2021?", HISTORY, writer) == "How large was Ruritania's trade in 2021?"
    assert "240 crowns" in prompts(writer)[0].parts[0]


def test_without_a_conversation_nothing_is_rewritten() -> None:
    writer = fake_reader()
    assert understood("And in 2021?", [], writer) == "And in 2021?"
    assert prompts(writer) == []


def test_a_rewriting_that_brings_in_something_new_is_not_taken() -> None:
    writer = fake_reader({"Who is he?": "Who is President Rudolf of 1894?"})
    assert understood("Who is he?", HISTORY, writer) == "Who is he? (How large was trade in 2023?)"


@pytest.mark.parametrize(
    ("rewritten", "fine"),
    [
        ("How large was Graustark's trade in 2021?", True),
        ("How large was trade in 2022?", False),
        ("How large was Freedonia’s trade in 2021?", False),
        ("Freedonian trade?", True),  # a first word is capitalised whatever it is
    ],
)
def test_every_name_and_number_of_a_rewriting_was_said(rewritten: str, fine: bool) -> None:
    assert adds_nothing(rewritten, "And in 2021?", HISTORY) is fine


@pytest.mark.parametrize(
    ("question", "rewritten", "same"),
    [
        # a regression
        ("When was it sanctioned?", "What was the purpose of its sanctioning?", False),
        ("When was it sanctioned?", "When was the Harbin Institute sanctioned?", True),
        ("When was it sanctioned?", "When was the Harbin Institute founded?", False),
        ("How many people live there?", "How many people live in Harbin?", True),
        ("How many people live there?", "How do people live in Harbin?", False),
        ("Who held that post before him?", "Who held the office of minister before Shoigu?", True),
        ("And in 2021?", "How large was trade in 2021?", True),
        ("And in 2021?", "How large was trade?", False),
        ("What about exports?", "How large were exports in 2023?", True),
        ("Did they agree?", "Did Russia and China agree?", True),
        ("Did they agree?", "When did Russia and China agree?", False),
    ],
)
def test_a_rewriting_asks_the_same(question: str, rewritten: str, same: bool) -> None:
    assert keeps_asking(rewritten, question) is same


def test_a_rewriting_that_asks_something_else_is_not_taken() -> None:
    question = "When was it sanctioned?"
    writer = fake_reader({question: "What was the purpose of trade's sanctioning?"})
    assert understood(question, HISTORY, writer) == f"{question} (How large was trade in 2023?)"


FLOOD = ("What is known about the flood in Graustark?", "It rained for a week. [1]")


@pytest.mark.parametrize(
    "question", ["shorter", "as a timeline", "in more detail please", "list them", "in German"]
)
def test_what_only_says_how_is_about_the_question_before(question: str) -> None:
    writer = fake_reader()
    assert leaning_of(question) == "form"
    assert understood(question, [FLOOD], writer) == FLOOD[0]
    assert prompts(writer) == []


def test_an_article_of_the_list_before_is_named_without_the_writer() -> None:
    writer = fake_reader()
    history = [("what do you have?", "2 articles.\n1. Rain (Courier)\n2. More rain (Courier)")]
    assert understood("summarise the second one", history, writer) == "summarise “More rain”"
    assert prompts(writer) == []


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        ([FLOOD[0]], FLOOD[0]),
        ([FLOOD[0], "shorter"], FLOOD[0]),
        ([FLOOD[0], "shorter", "as a timeline"], FLOOD[0]),
        ([FLOOD[0], "thanks!"], FLOOD[0]),
        ([FLOOD[0], "Who leads Rosneft?"], "Who leads Rosneft?"),
        ([FLOOD[0], "Who is he?", "shorter"], f"Who is he? ({FLOOD[0]})"),
        (["shorter"], "shorter"),
        (["hello"], ""),
        ([], ""),
    ],
)
def test_what_the_last_turn_was_about(asked: list[str], about: str) -> None:
    assert standing([(question, "An answer. [1]") for question in asked]) == about
