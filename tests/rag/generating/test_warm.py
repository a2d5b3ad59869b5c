"""Reading ahead: newest articles first, never in the way of a question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant, Stop, Stopped
from rag.generating.form import TrainedForm
from rag.generating.generator import Prompt
from rag.generating.reader import LocalReader
from rag.generating.warm import Warmer
from tests.fakes import FakeEncoder, FakeGenerator

ARTICLES = [
    Article(id="old", title="Old", text="An old story was told.", published=date(2020, 1, 1)),
    Article(id="new", title="New", text="A new story was told.", published=date(2024, 1, 1)),
    Article(id="undated", title="Undated", text="A story of no date was told."),
    Article(
        id="copy", title="Copy", text="A new story was told.", published=date(2024, 2, 2),
        copy_of="new",
    ),
]  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as library:
        for article in ARTICLES:
            library.put(article)
        yield library


class Recorder(FakeGenerator):
    """Keeps what it was told to remember; can be held in the middle of a passage."""

    def __init__(self) -> None:
        super().__init__()
        self.remembered: list[str] = []
        self.held = threading.Event()
        self.entered = threading.Event()
        self.done = threading.Event()
        self.stopped = 0
        self.after = 3
        self.held.set()

    def remember(self, prompt: Prompt, stop: Stop | None = None) -> bool:
        self.entered.set()
        while not self.held.is_set():
            if stop is not None and stop.is_set():
                self.stopped += 1
                raise Stopped
        self.remembered.append(prompt.parts[0])
        if len(self.remembered) >= self.after:
            self.done.set()
        return super().remember(prompt, stop)


def reading(generator: FakeGenerator) -> LocalReader:
    return LocalReader(generator, TrainedForm())


def test_newest_first_and_copies_not_at_all(library: Library) -> None:
    generator = Recorder()
    warmer = Warmer(library, reading(generator))
    warmer.start()
    assert generator.done.wait(30)
    warmer.close()
    assert [part.split("\n")[1] for part in generator.remembered] == [
        "A new story was told.",
        "An old story was told.",
        "A story of no date was told.",
    ]


def test_it_reads_exactly_what_a_question_will_need(library: Library) -> None:
    generator = Recorder()
    warmer = Warmer(library, reading(generator))
    warmer.start()
    assert generator.done.wait(30)
    warmer.close()
    reader = reading(generator)
    assistant = Assistant(library, reader, reader, FakeEncoder())
    answer = assistant.ask("Which new story was told?")
    assert answer.tokens.reused > 0


def test_a_question_drops_what_is_being_read_and_it_is_taken_up_again(library: Library) -> None:
    generator = Recorder()
    generator.held.clear()
    warmer = Warmer(library, reading(generator))
    warmer.start()
    assert generator.entered.wait(30)
    warmer.pause()
    assert generator.remembered == []
    generator.held.set()
    warmer.resume()
    assert generator.done.wait(30)
    warmer.close()
    assert generator.remembered[0].split("\n")[1] == "A new story was told."


def test_it_reads_no_more_than_its_budget(library: Library) -> None:
    generator = Recorder()
    warmer = Warmer(library, reading(generator), budget=1)
    warmer._round()
    assert len(generator.remembered) == 1


def test_other_articles_are_read_when_it_is_told_of_them(library: Library) -> None:
    generator = Recorder()
    warmer = Warmer(library, reading(generator))
    warmer.start()
    assert generator.done.wait(30)
    library.put(Article(id="late", title="Late", text="A late story.", published=date(2025, 1, 1)))
    generator.done.clear()
    generator.after = 4
    warmer.again()
    assert generator.done.wait(30)
    warmer.close()
    assert "A late story." in [part.split("\n")[1] for part in generator.remembered]


def test_nothing_is_read_while_it_is_paused(library: Library) -> None:
    generator = Recorder()
    warmer = Warmer(library, reading(generator))
    with warmer.paused():
        warmer.start()
        assert generator.remembered == []
        assert not generator.entered.is_set()
    assert generator.done.wait(30)
    warmer.close()


def test_closing_it_in_the_middle_of_a_passage_ends_it(library: Library) -> None:
    generator = Recorder()
    generator.held.clear()
    warmer = Warmer(library, reading(generator))
    warmer.start()
    assert generator.entered.wait(30)
    warmer.close()
    assert not warmer._thread.is_alive()
    assert generator.stopped == 1
