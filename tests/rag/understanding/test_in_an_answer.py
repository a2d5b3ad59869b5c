"""How a question was understood reaches the events and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant, Done, Understood
from rag.understanding.kinds import KINDS
from tests.fakes import FakeEncoder, fake_reader

HARBOUR = Article(
    "harbour", "Port Example counts its ships", "The harbour of Port Example handled 420 ships."
)


class Spelling(FakeEncoder):
    """Knows short words only."""

    def count(self, text: str) -> int:
        return sum(1 if len(word) < 6 else 2 for word in text.split())


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    encoder = Spelling()
    library = Library.open(tmp_path / "library", encoder, create=True)
    library.put(HARBOUR)
    reader = fake_reader()
    with Assistant(library, reader, reader, encoder) as made:
        yield made


def test_a_mistyped_word_is_put_right_and_shown(assistant: Assistant) -> None:
    question = "How many ships did the harbuor handle?"
    understood, *_, done = assistant.stream(question)
    assert isinstance(understood, Understood)
    assert isinstance(done, Done)
    assert understood.question == question
    assert understood.query == "How many ships did the harbour handle?"
    assert understood.corrected == done.answer.corrected == (("harbuor", "harbour"),)
    assert done.answer.to_dict()["corrected"] == [["harbuor", "harbour"]]


def test_whoever_means_it_leaves_it(assistant: Assistant) -> None:
    answer = assistant.ask("How many ships did the harbuor handle?", correct=False)
    assert answer.query == "How many ships did the harbuor handle?"
    assert answer.corrected == ()


def test_the_kind_is_guessed_unless_it_is_given(assistant: Assistant) -> None:
    guessed = next(iter(assistant.stream("timeline of the harbour")))
    assert isinstance(guessed, Understood)
    assert (guessed.kind, guessed.given) == ("timeline", False)
    given = next(iter(assistant.stream("timeline of the harbour", kind="list")))
    assert isinstance(given, Understood)
    assert (given.kind, given.given) == ("list", True)


def test_a_follow_up_takes_subject_and_kind_from_the_turn_before(assistant: Assistant) -> None:
    history = [("Tell me about the harbour of Port Example", "It handled 420 ships. [1]")]
    found = next(iter(assistant.stream("as a timeline", history=history)))
    assert isinstance(found, Understood)
    assert found.kind == "timeline"
    assert found.query == history[0][0]


def test_this_is_the_article_that_is_open_whatever_was_said_before(assistant: Assistant) -> None:
    history = [("Who won the regatta?", "Ada Sample won it. [1]")]
    found = next(iter(assistant.stream("summarise this", history=history, article="harbour")))
    assert isinstance(found, Understood)
    assert (found.kind, found.query) == ("article", "summarise this")


@pytest.mark.parametrize("question", ["Кто построил гавань?", "谁建造了港口", "مَن بنى الميناء؟"])
def test_a_question_in_another_script_stays_as_it_is_where_that_is_asked(
    assistant: Assistant, question: str
) -> None:
    history = [("Tell me about the harbour", "It handled 420 ships. [1]")]
    found = next(iter(assistant.stream(question, history=history, correct=False)))
    assert isinstance(found, Understood)
    assert found.kind in KINDS
    assert found.query == question
    assert found.corrected == ()
