"""One Assistant for all who ask, with stand-in models and real threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.article import Article
from index.errors import DatelineError, UsageError
from index.library import Library
from rag import Assistant, Done, Settings, Token, Understood
from rag.errors import ModelError
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, Read, Stop, Stopped
from rag.generating.reader import LocalReader
from rag.service import Closed, Loading, Service, Waiting
from tests.fakes import FakeEncoder, FakeGenerator

LONG = 30
ARTICLE = Article("one", "The bridge", "The harbour bridge was opened on Saturday by the mayor.")
ASKED = "When was the harbour bridge opened?"


class Held(FakeGenerator):
    """Can be held before it writes; counts how many of its kind are open at once."""

    now = most = 0

    def __init__(self, name: str = "usual") -> None:
        super().__init__(name=name)
        self.writing = threading.Event()
        self.go = threading.Event()
        self.go.set()
        Held.now += 1
        Held.most = max(Held.most, Held.now)

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        self.writing.set()
        while not self.go.wait(0.005):
            if stop is not None and stop.is_set():
                raise Stopped
        yield from super().write(prompt, max_tokens, stop)

    def close(self) -> None:
        super().close()
        Held.now -= 1


class Shop:
    """Opens models by name; `missing` ones can't be."""

    def __init__(self) -> None:
        self.opened: list[Held] = []
        self.missing: set[str] = {"broken"}

    def __call__(self, name: str) -> LocalReader:
        if name in self.missing:
            raise ModelError(f"The model '{name}' is damaged.")
        self.opened.append(Held(name))
        return LocalReader(self.opened[-1], TrainedForm())


@pytest.fixture
def shop() -> Shop:
    Held.now = Held.most = 0
    return Shop()


@pytest.fixture
def service(tmp_path: Path, shop: Shop) -> Iterator[Service]:
    library = Library.open(tmp_path / "library", FakeEncoder(), create=True)
    library.put(ARTICLE)
    reader = shop("usual")
    service = Service(Assistant(library, reader, reader, FakeEncoder()), opener=shop)
    yield service
    service.close()


def test_an_answer_is_the_assistants_own(service: Service) -> None:
    answer = service.ask(ASKED)
    assert answer.text == f"{ARTICLE.text} [1]"
    events = list(service.stream(ASKED))
    assert isinstance(events[0], Understood)
    assert isinstance(events[-1], Done)
    draft = "".join(event.text for event in events if isinstance(event, Token))
    assert draft == ARTICLE.text


def test_what_is_asked_with_a_question_is_for_that_question_only(service: Service) -> None:
    service.assistant.library.put(Article("two", "A ferry", "The solar ferry has run since May."))
    one = service.ask(ASKED, settings=Settings(passages=1, budget=1))
    assert (len(one.context_ids), len(service.ask(ASKED).context_ids)) == (1, 2)


def test_errors_are_raised_where_one_asks(service: Service) -> None:
    with pytest.raises(UsageError, match="is empty"):
        service.ask("  ")


def test_many_who_ask_at_once_all_get_their_answer(service: Service) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(service.ask(ASKED).text)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert answers == [f"{ARTICLE.text} [1]"] * 12


def test_a_stream_that_is_held_and_another_call_on_the_same_thread(service: Service) -> None:
    held = service.stream(ASKED)
    next(held)
    assert not service.ask(ASKED).abstained
    assert isinstance(list(held)[-1], Done)


def test_stopping_the_service_ends_an_ask(service: Service, shop: Shop) -> None:
    [generator] = shop.opened
    generator.go.clear()
    stopped = threading.Event()

    def asks() -> None:
        with pytest.raises(Stopped):
            service.ask(ASKED)
        stopped.set()

    thread = threading.Thread(target=asks)
    thread.start()
    assert generator.writing.wait(LONG)
    service.stop()
    assert stopped.wait(LONG)
    generator.go.set()
    assert not service.ask(ASKED).abstained


def test_closing_while_one_is_answered_ends_it_and_then_everything(
    service: Service, shop: Shop
) -> None:
    others = set(threading.enumerate())  # of other tests
    [generator] = shop.opened
    generator.go.clear()
    service.assistant.read_ahead()
    waits = service.stream(ASKED), service.stream(ASKED)
    assert generator.writing.wait(LONG)
    service.close()
    for each in waits:
        with pytest.raises(Closed, match="closed before it had answered"):
            list(each)
    assert generator.closed
    with pytest.raises(Closed, match="open it again"):
        service.ask(ASKED)
    service.close()
    left = set(threading.enumerate()) - others
    assert not [thread for thread in left if thread.name.startswith("dateline-")]


def test_another_model_comes_when_the_old_one_has_gone(service: Service, shop: Shop) -> None:
    """A regression: a gigabyte was in memory twice."""
    service.assistant.read_ahead()
    events = [e for e in service.stream(ASKED, model="other") if not isinstance(e, Waiting)]
    assert events[0] == Loading("other")
    done = events[-1]
    assert isinstance(done, Done)
    assert done.answer.model["generator"] == "other"
    usual, other = shop.opened
    assert (usual.closed, other.closed, Held.most) == (True, False, 1)
    assert service.ask(ASKED).model["generator"] == "other"
    assert len(shop.opened) == 2
    assert service.assistant.warmer is not None


def test_a_model_that_cannot_be_opened_leaves_the_old_one_answering(
    service: Service, shop: Shop
) -> None:
    with pytest.raises(ModelError, match=r"'broken' is damaged\); 'usual' answers as before"):
        service.ask(ASKED, model="broken")
    assert service.ask(ASKED).model["generator"] == "usual"
    assert Held.most == Held.now == 1


def test_when_the_old_one_cannot_be_opened_again_it_says_so_and_a_later_question_tries(
    service: Service, shop: Shop
) -> None:
    shop.missing.add("usual")
    with pytest.raises(ModelError, match="and 'usual' not again"):
        service.ask(ASKED, model="broken")
    with pytest.raises(ModelError, match="'usual' is damaged"):
        service.ask(ASKED)
    shop.missing.discard("usual")
    assert service.ask(ASKED).model["generator"] == "usual"


def test_closing_without_a_model_closes_the_library(service: Service, shop: Shop) -> None:
    shop.missing.add("usual")
    with pytest.raises(DatelineError):
        service.ask(ASKED, model="broken")
    service.close()
    assert Held.now == 0


def test_a_model_that_is_not_here_is_said_before_the_old_one_is_let_go(
    service: Service, shop: Shop
) -> None:
    service._opener = None
    with pytest.raises(ModelError, match="nonesuch"):
        service.ask(ASKED, model="nonesuch")
    assert not shop.opened[0].closed
