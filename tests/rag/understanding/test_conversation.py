"""Follow-ups are rewritten; questions that stand alone aren't touched."""

import pytest

from rag.generating.generator import Prompt
from rag.generating.reader import LocalReader
from rag.understanding.conversation import adds_nothing, leans, understood
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
    ],
)
def test_questions_that_lean_on_the_conversation(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "How large was trade between Russia and China in 2023?",
        "Who leads Rosneft?",
        "When did Putin say he would visit Harbin?",
        "Which officials said that China supplies parts?",
        "Is there a pipeline to Mongolia?",
        "What is Power of Siberia 2?",
    ],
)
def test_questions_that_stand_alone(question: str) -> None:
    assert not leans(question)
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
