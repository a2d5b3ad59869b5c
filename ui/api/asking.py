"""A question on its way through a Service, seen from an event loop.

The Service's events are read in threads that are few and kept; whoever asked and is gone ends the
work within a token.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field

from starlette.types import Receive

from index.search import Filter
from rag.answer import Answer
from rag.events import Done, Event
from rag.service import Loading, Waiting
from rag.turns import Events
from rag.understanding.conversation.listed import Turn
from rag.understanding.kinds import Kind
from ui.api.errors import ApiError
from ui.api.shelves import Shelf
from ui.api.watching import Asked, Watch

PULSE_S = 5.0  # after which a stream that has nothing to say shows that it's alive
QUESTION_CHARS = 2000
TURNS = 6
THREADS = 64

Told = Event | Loading | Waiting
_NUMBER = re.compile(r"\s?\[\d{1,3}\]")  # of a source, in an answer


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which library, and how to tell of it: `route`, and `who` by token."""

    text: str
    shelf: Shelf
    history: tuple[Turn, ...] = ()
    filter: Filter | None = None
    read_filters: bool = True
    kind: Kind | None = None
    article: str | None = None
    route: str = ""
    who: str = ""

    def __post_init__(self) -> None:
        """Raises ApiError for a question that is empty or too long."""
        if not self.text.strip():
            raise ApiError(400, "The question is empty; ask something.", param="messages")
        if len(self.text) > QUESTION_CHARS:
            raise ApiError(
                400,
                f"The question has {len(self.text)} characters but at most {QUESTION_CHARS} are "
                "taken; shorten it.",
                param="messages",
                code="question_too_long",
            )


@dataclass(slots=True)
class Asker:
    """Asks for everybody. `close()` ends its threads."""

    watch: Watch
    pulse_s: float = PULSE_S
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="dateline-api")
    )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def place(self, question: Question) -> Events[Event | Loading]:
        """Its place in the queue, from now on. Raises QueueFull, Closed."""
        asked = Asked(question.route, question.shelf.name, question.who, question.text)
        try:
            return self._stream(question)
        except Exception:
            with self.watch.asking(asked):
                raise

    def _stream(self, question: Question) -> Events[Event | Loading]:
        return question.shelf.service.stream(
            question.text,
            history=question.history[-TURNS:],
            filter=question.filter,
            read_filters=question.read_filters,
            kind=question.kind,
            article=question.article,
            pulse=self.pulse_s,
        )

    async def told(
        self, question: Question, events: Events[Event | Loading]
    ) -> AsyncGenerator[Told, None]:
        """What happens, until it is Done. Closing it, or cancelling, ends the work.

        Raises what the Service does, and ApiError where it was stopped before it had answered.
        """
        loop = asyncio.get_running_loop()
        asked = Asked(question.route, question.shelf.name, question.who, question.text)
        with self.watch.asking(asked), events:
            while True:
                event = await loop.run_in_executor(self._threads, next, events, None)
                if event is None:
                    raise ApiError(503, "The answer was stopped; ask again.", code="stopped")
                if not isinstance(event, Waiting) or event.place == 0:
                    asked.begins()
                if isinstance(event, Done):
                    asked.answered(event.answer)
                    yield event
                    return
                yield event

    async def answer(self, question: Question, receive: Receive) -> Answer | None:
        """The whole answer; None where whoever asked is gone. Raises as `told`."""
        events = self.place(question)

        async def left() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            events.stop()

        leaving = asyncio.create_task(left())
        try:
            async with aclosing(self.told(question, events)) as telling:
                async for event in telling:
                    if isinstance(event, Done):
                        return event.answer
        except ApiError:
            if leaving.done():
                return None
            raise
        finally:
            leaving.cancel()
        return None


def turns(said: Sequence[tuple[str, str]]) -> tuple[str, tuple[Turn, ...]]:
    """From (role, text) pairs: the question, which is the last thing a user said, and what was
    asked and answered before it. Whatever isn't a user's or an assistant's is passed over: nobody
    gives instructions here."""
    asked: list[list[str]] = []
    for role, text in said:
        if role == "user":
            asked.append([text, ""])
        elif role == "assistant" and asked:
            asked[-1][1] = f"{asked[-1][1]} {_NUMBER.sub('', text)}".strip()
    if not asked:
        raise ApiError(400, "Nobody asks anything: there is no user's message.", param="messages")
    *before, last = asked
    return last[0], tuple((question, answer) for question, answer in before)
