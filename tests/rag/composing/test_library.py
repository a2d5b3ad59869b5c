"""Questions about the library: what is read from them, and that what is said is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from index.search import Filter
from rag import Assistant, Done, Understood
from rag.answer import Answer
from rag.composing.library import LISTED
from rag.understanding.holdings import Names, asked_of_library
from tests.fakes import FakeEncoder, fake_reader


def article(
    id: str, title: str, text: str, source: str | None, published: date | None, *authors: str
) -> Article:
    return Article(id, title, text, source, published, authors)


ARTICLES = [
    article(
        "gas", "Gas for the north", "Gazprom sells gas to the north.", "The Sample Courier",
        date(2024, 5, 17), "Ada Sample",
    ),
    article(
        "ships", "Ships\nin March", "The harbour counted 420 ships. Gazprom's tankers were there.",
        "Specimen Wire", date(2024, 5, 3), "Ben Specimen", "Ada Sample",
    ),
    article(
        "trams", "Trams [1] again", "The trams run across the new bridge.", "The Sample Courier",
        date(2024, 5, 18), "Cleo Example",
    ),
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as opened:
        for one in ARTICLES:
            opened.put(one)
    return tmp_path / "library"


@pytest.fixture
def ask(place: Path) -> Iterator[Callable[..., Answer]]:
    reader = fake_reader()
    encoder = FakeEncoder()
    with Assistant(Library.open(place, encoder), reader, reader, encoder) as assistant:

        def answered(question: str, **given: object) -> Answer:
            answer = assistant.ask(question, kind="library", **given)  # type: ignore[arg-type]
            assert not answer.abstained
            assert not answer.claims
            return answer

        yield answered


def ids(answer: Answer) -> list[str]:
    return [head.id for head in answer.articles]


def test_how_many_there_are_and_from_when_to_when(ask: Callable[..., Answer]) -> None:
    assert ask("How many articles do you have?").text == (
        "The library holds 3 articles. The dates go from 3 May 2024 to 18 May 2024."
    )


def test_mentions_are_counted_and_listed_newest_first(ask: Callable[..., Answer]) -> None:
    answer = ask("Which articles mention Gazprom?")
    assert answer.said == "2 articles mention “Gazprom”."
    assert answer.text.split("\n") == [
        "2 articles mention “Gazprom”.",
        "1. Gas for the north (The Sample Courier, 2024-05-17)",
        "2. Ships in March (Specimen Wire, 2024-05-03)",
    ]
    assert answer.to_dict()["articles"][1]["article_id"] == "ships"


def test_what_nobody_mentions_is_said_with_the_nearest(ask: Callable[..., Answer]) -> None:
    answer = ask("Which articles mention Greenland?")
    assert answer.said == "No article mentions “Greenland”. The nearest:"
    assert len(answer.articles) == 3


def test_an_outlet_narrows_and_one_that_is_not_there_is_named(ask: Callable[..., Answer]) -> None:
    answer = ask("What have you got from the Courier?")
    assert answer.said == "The library holds 2 articles from The Sample Courier."
    assert ids(answer) == ["trams", "gas"]
    answer = ask("Do you have anything from Reuters?")
    assert answer.text == (
        "The library holds no article from “Reuters”. There are articles of 2 outlets: "
        "The Sample Courier (2) and Specimen Wire (1)."
    )


def test_whom_nothing_is_from_may_still_be_mentioned(ask: Callable[..., Answer]) -> None:
    answer = ask("What have you got from Gazprom?")
    assert answer.said == (
        "The library holds no article from “Gazprom”. 2 articles mention “Gazprom”."
    )
    assert ids(answer) == ["gas", "ships"]


def test_authors(ask: Callable[..., Answer]) -> None:
    answer = ask("Show me everything by Ada Sample.")
    assert answer.said == "The library holds 2 articles by Ada Sample."
    assert ids(answer) == ["gas", "ships"]
    assert ask("Which authors do you have?").text == (
        "There are articles of 3 authors: Ada Sample (2), Ben Specimen (1) and Cleo Example (1)."
    )


def test_the_ends(ask: Callable[..., Answer]) -> None:
    answer = ask("What is the newest article?")
    assert (answer.said, ids(answer)) == ("The newest article is of 18 May 2024.", ["trams"])
    answer = ask("What is the oldest article?")
    assert (answer.said, ids(answer)) == ("The oldest article is of 3 May 2024.", ["ships"])


def test_words_that_stand_apart_are_not_said_to_be_mentioned(ask: Callable[..., Answer]) -> None:
    """A regression: the newest of articles that hold two words was said to mention both as one."""
    answer = ask("What is the newest article about gas north?")
    assert (
        answer.said == "The newest article that holds the words of “gas north” is of 17 May 2024."
    )
    assert ask("What do you have about gas north?").said == (
        "1 article holds the words of “gas north”."
    )


def test_a_day_is_when_articles_were_published(ask: Callable[..., Answer]) -> None:
    answer = ask("Which articles were published on 17 May 2024?")
    assert answer.said == "The library holds 1 article of 17 May 2024."
    assert ids(answer) == ["gas"]
    none = ask("Which articles were published on 1 May 2023?")
    assert none.said.startswith("The library holds no article of 1 May 2023. The dates go from")
    assert ids(none) == []


def test_what_was_chosen_goes_before_what_the_question_says(ask: Callable[..., Answer]) -> None:
    chosen = Filter(sources=frozenset({"Specimen Wire"}))
    answer = ask("What have you got from the Courier?", filter=chosen)
    assert ids(answer) == ["ships"]
    assert answer.said == "The library holds 1 article from Specimen Wire."
    assert answer.filter == chosen


@pytest.mark.parametrize(
    ("before", "question", "said"),
    [
        ("What is the newest article?", "and the oldest?", "The oldest article is of 3 May 2024."),
        (
            "How many articles mention Gazprom?",
            "and from the Courier?",
            "1 article from The Sample Courier mentions “Gazprom”.",
        ),
        ("How many articles mention Gazprom?", "list them", "2 articles mention “Gazprom”."),
    ],
)
def test_a_follow_up_asks_something_else_of_the_same_or_the_same_of_others(
    ask: Callable[..., Answer], before: str, question: str, said: str
) -> None:
    assert ask(question, history=[(before, "An answer.")]).said == said


def test_a_long_list_ends_and_says_so(place: Path) -> None:
    encoder, reader = FakeEncoder(), fake_reader()
    with Library.open(place, encoder) as opened:
        for n in range(30):
            opened.put(article(f"n{n:02}", f"Note {n}", "A note.", None, date(2023, 1, 1 + n)))
    with Assistant(Library.open(place, encoder), reader, reader, encoder) as assistant:
        answer = assistant.ask("Which articles do you have?", kind="library")
    assert answer.said == "The library holds 33 articles."
    assert len(answer.articles) == LISTED
    assert answer.note == f"These are {LISTED} of 33, newest first."
    assert answer.text.endswith(answer.note)


@pytest.mark.parametrize(
    "question", ["?", "the", "mention", "from", "by", "“", '""', "from from by", "a" * 1999]
)
def test_no_question_breaks_it(ask: Callable[..., Answer], question: str) -> None:
    assert ask(question).said


def test_an_empty_library_says_so_and_a_fact_still_raises(tmp_path: Path) -> None:
    from index.errors import LibraryEmpty

    encoder, reader = FakeEncoder(), fake_reader()
    library = Library.open(tmp_path / "empty", encoder, create=True)
    with Assistant(library, reader, reader, encoder) as assistant:
        events = list(assistant.stream("How many articles do you have?", kind="library"))
        assert [type(event) for event in events] == [Understood, Done]
        assert isinstance(events[-1], Done)
        assert events[-1].answer.text == "The library is empty: it holds no articles yet."
        with pytest.raises(LibraryEmpty):
            assistant.ask("How many ships were there?", kind="fact")


def test_words_that_only_mean_articles_are_not_what_is_asked_about() -> None:
    names = Names({"The Sample Courier"}, {"Ada Sample"}, date(2024, 5, 20))
    asked = asked_of_library("how many stories mention Gazprom?", names, FakeEncoder())
    assert (asked.want, asked.about, asked.by) == ("count", "Gazprom", "words")
    asked = asked_of_library("Which articles mention “the Courier”?", names, FakeEncoder())
    assert (asked.about, asked.filter) == ("the Courier", Filter())
