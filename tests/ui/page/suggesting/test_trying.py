"""Suggestions are tried while nobody asks, and kept as long as the library stays as it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rag.events import Event, Token
from rag.generating.generator import Stop
from tests.ui.conftest import until
from tests.ui.fake_assistant import FakeBackend
from ui.page.conversations import Conversations
from ui.page.suggesting.proposals import plain
from ui.page.suggesting.trying import Suggestions


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(pace=0)


@pytest.fixture
def conversations() -> Conversations:
    return Conversations(":memory:")


def kinds(suggestions: Suggestions, backend: FakeBackend) -> list[str]:
    return [proposal.kind for proposal in suggestions.offered(backend.heads())]


def test_what_was_tried_is_offered_and_kept_for_that_library(
    backend: FakeBackend, conversations: Conversations
) -> None:
    suggestions = Suggestions(backend, conversations, pause_s=0.01)
    assert suggestions.offered(backend.heads()) == plain(backend.heads())
    suggestions.start()
    until(lambda: conversations.kept("suggestions") is not None)
    offered = suggestions.offered(backend.heads())
    assert offered != plain(backend.heads())
    assert {"overview", "day"} <= {p.kind for p in offered}
    assert all(choices.aside for *_, choices in backend.asked)
    suggestions.close()
    again = Suggestions(backend, conversations)  # the next day
    assert again.offered(backend.heads()) == offered
    backend.writes += 1
    assert again.offered(backend.heads()) == plain(backend.heads())


def test_who_asks_goes_first_and_what_was_tried_is_tried_again(
    backend: FakeBackend, conversations: Conversations
) -> None:
    held, go = threading.Event(), threading.Event()
    real = backend.events

    def slow(*given: object) -> Iterator[Event]:
        if not go.is_set():
            held.set()
            yield Token("x")
            while not go.wait(0.01):
                yield Token("x")
        yield from real(*given)  # type: ignore[arg-type, misc]

    backend.events = slow  # type: ignore[method-assign, assignment]
    suggestions = Suggestions(backend, conversations, pause_s=0.01)
    suggestions.start()
    assert held.wait(20)

    def asked(stop: Stop) -> Iterator[Event]:
        yield Token("answer")

    assert list(backend.turns.run(asked))[-1] == Token("answer")  # though the trial never ends
    assert conversations.kept("suggestions") is None
    go.set()
    until(lambda: conversations.kept("suggestions") is not None)
    assert "overview" in kinds(suggestions, backend)
    suggestions.close()
