"""Small talk: which reply, and that its examples are this library's."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant, Done, Understood
from rag.composing.smalltalk import _SAID, _WORDS, examples, reply_to
from tests.fakes import FakeEncoder, fake_reader


def library(place: Path, *articles: Article) -> Library:
    opened = Library.open(place, FakeEncoder(), create=True)
    for article in articles:
        opened.put(article)
    return opened


GAS = Article("gas", "Gas for the north", "Gas is sold.", "The Courier", date(2024, 5, 17))
CITED = Article("cited", "A title [1]", "Text.", "The [1] Herald", date(2024, 5, 18))


@pytest.mark.parametrize(("way", "templates"), _SAID.items())
def test_what_people_say_gets_its_reply(way: tuple[str, str], templates: tuple[str, ...]) -> None:
    encoder = FakeEncoder(dimension=4096)  # no two words are the same
    for template in templates:
        assert reply_to(template, encoder) == way


def test_every_language_has_words_for_all_that_can_be_said() -> None:
    for reply, language in _SAID:
        assert _WORDS[language][reply]
    for words in _WORDS.values():
        assert set(words) == set(_WORDS["en"])
        assert words["try"].format("x").endswith("x")


def test_a_greeting_is_answered_with_examples_and_without_passages(tmp_path: Path) -> None:
    reader, encoder = fake_reader(), FakeEncoder()
    with Assistant(library(tmp_path / "one", GAS), reader, reader, encoder) as assistant:
        events = list(assistant.stream("hello", kind="smalltalk"))
    assert [type(event) for event in events] == [Understood, Done]
    assert isinstance(events[-1], Done)
    assert events[-1].answer.text == (
        "Hello! Ask me about the articles in this library. You could ask: Summarise “Gas for the "
        "north” · What do you have from The Courier? · What was in the news on 17 May 2024?"
    )
    assert not events[-1].answer.abstained


def test_an_empty_library_is_greeted_too(tmp_path: Path) -> None:
    reader, encoder = fake_reader(), FakeEncoder()
    with Assistant(library(tmp_path / "none"), reader, reader, encoder) as assistant:
        said = assistant.ask("what can you do?", kind="smalltalk").text
        assert said.endswith(
            "The library has no articles yet: add some, and I can answer from them."
        )
        thanks = assistant.ask("thanks", kind="smalltalk").text
    assert thanks == "You’re welcome! Ask me whenever there is more."


def test_a_title_never_looks_like_a_citation(tmp_path: Path) -> None:
    with library(tmp_path / "cited", CITED) as opened:
        assert examples(opened) == ["What was in the news on 18 May 2024?"]
    with library(tmp_path / "both", CITED, GAS) as opened:
        assert "Summarise “Gas for the north”" in examples(opened)
        assert not re.search(r"\[\d+\]", " ".join(examples(opened)))


def test_a_library_that_says_nothing_of_its_articles_still_has_an_example(tmp_path: Path) -> None:
    with library(tmp_path / "bare", Article("x", "T" * 90, "Text.")) as opened:
        assert examples(opened) == ["Which articles do you have?"]
