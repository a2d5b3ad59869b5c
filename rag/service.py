"""One Assistant for everybody who asks: whose turn it is, stopping, another model.

Front ends (the page, the terminal, an API) share a Service; none of them has a queue of its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Unpack

from index.errors import DatelineError
from rag.answer import Answer
from rag.asking import Asking
from rag.assistant import Assistant
from rag.errors import ModelError
from rag.events import Done, Event, Token
from rag.generating.generator import Stop, Stopped
from rag.generating.judge import the_same
from rag.generating.reader import LocalReader
from rag.turns import WAITING, Closed, Events, QueueFull, Turns, Waiting

__all__ = ["Closed", "Loading", "QueueFull", "Service", "Waiting"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loading:
    """Before the first event of an answer, where another model has to be loaded for it."""

    model: str


class Service:
    """Answers one question at a time, first come, first served. Thread-safe; owns its Assistant.

    `opener` opens the reader of a model by its name in models.txt. With a Writer on a server the
    model is who judges, and another model takes that place only: who writes stays the same.
    """

    def __init__(
        self,
        assistant: Assistant,
        *,
        waiting: int = WAITING,
        opener: Callable[[str], LocalReader] | None = None,
    ) -> None:
        self._assistant = assistant
        self._model = assistant.judge.name
        self._opened = True  # whether that model is there to answer
        self._opener = opener
        self._turns: Turns[Event | Loading] = Turns(waiting=waiting, joined=_joined)
        self._closing = threading.Lock()

    @property
    def assistant(self) -> Assistant:
        """The one that answers now; another takes its place with another model."""
        return self._assistant

    @property
    def model(self) -> str:
        """The local model that is there: it judges, and writes where no server does."""
        return self._model

    def ask(
        self,
        question: str,
        *,
        model: str | None = None,
        **given: Unpack[Asking],
    ) -> Answer:
        """The whole answer; see `stream`. Raises Stopped where `stop()` ended it."""
        with self.stream(question, model=model, **given) as events:
            for event in events:
                if isinstance(event, Done):
                    return event.answer
        raise Stopped

    def stream(
        self,
        question: str,
        *,
        model: str | None = None,
        pulse: float | None = None,
        aside: bool = False,
        **given: Unpack[Asking],
    ) -> Events[Event | Loading]:
        """What happens, as `Assistant.stream` tells it, with Waiting while others come before and
        Loading where `model` (a name in models.txt; None takes the one that is there) isn't the
        one in memory.

        `aside` is for what nobody waits for: it ends without an answer as soon as anybody asks
        anything. The question has its place from this call on. Tokens that weren't read in time
        come joined.
        Raises QueueFull, Closed; the iterator what `Assistant.stream` does, ModelError and Closed.
        """

        def start(stop: Stop) -> Iterator[Event | Loading]:
            yield from self._use(model or self._model)
            yield from self._assistant.stream(question, stop=stop, **given)

        return self._turns.run(start, pulse=pulse, aside=aside)

    def stop(self) -> None:
        """Ends everything that is asked now."""
        self._turns.stop()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nothing is read ahead meanwhile; afterwards, what is new is."""
        warmer = self._assistant.warmer
        if warmer is None:
            yield
            return
        try:
            with warmer.paused():
                yield
        finally:
            current = self._assistant.warmer
            if current is not None:
                current.again()

    def close(self) -> None:
        """Those who ask get Closed; what is under way ends within a token. Then all is closed."""
        self._turns.close()
        with self._closing:
            if self._opened:
                self._opened = False
                self._assistant.close()
            else:
                self._assistant.library.close()
                if not the_same(self._assistant.writer, self._assistant.judge):
                    self._assistant.writer.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _use(self, model: str) -> Iterator[Loading]:
        """That model is there to answer. The old one goes first: two don't fit where one does."""
        if self._opened and model == self._model:
            return
        self._look_for(model)
        yield Loading(model)
        old = self._model
        if self._opened:
            self._opened = False
            self._let_go()
        try:
            self._take(model)
        except Exception as error:
            if model == old:
                raise
            said = str(error).rstrip(".") if isinstance(error, DatelineError) else repr(error)
            try:
                self._take(old)
            except Exception as again:
                raise ModelError(
                    f"The model '{model}' can't be opened ({said}), and '{old}' not again "
                    f"({again}); look at 'dateline models verify'."
                ) from error
            raise ModelError(
                f"The model '{model}' can't be opened ({said}); '{old}' answers as before."
            ) from error

    def _look_for(self, model: str) -> None:
        """Raises ModelError where it isn't on this machine, while the old one is still there."""
        if self._opener is None:
            from rag.models import files

            files.path(model)

    def _let_go(self) -> None:
        assistant = self._assistant
        if assistant.warmer is not None:
            assistant.warmer.close()
        assistant.judge.close()

    def _take(self, model: str) -> None:
        old, reader = self._assistant, self._reader(model)
        writer = reader if the_same(old.writer, old.judge) else old.writer
        new = Assistant(old.library, writer, reader, old.encoder, old.settings)
        if old.warmer is not None:
            new.read_ahead()
        self._assistant, self._model, self._opened = new, model, True
        log.info("answers are by %s now", model)

    def _reader(self, model: str) -> LocalReader:
        if self._opener is not None:
            return self._opener(model)
        from rag.opening import open_reader  # the heavy libraries load here

        return open_reader(model)


def _joined(one: Event | Loading, next: Event | Loading) -> Event | Loading | None:
    """Two pieces of a draft are one; everything else is told apart."""
    if isinstance(one, Token) and isinstance(next, Token):
        return Token(one.text + next.text)
    return None
