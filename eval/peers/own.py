"""Dateline's side of the comparison: the product, with passages read before or not."""

from __future__ import annotations

import time

from eval.bench import Bench
from eval.peers.judging import Given
from index.library import Library
from rag.assistant import Assistant
from rag.events import Done, Token
from rag.generating.form import SYSTEM
from rag.generating.generator import Prompt
from rag.generating.states import StateCache

_BETWEEN = Prompt(SYSTEM, (), "Are you ready? Reply only Yes or No.", adapted=True)


class OwnSide:
    """The product over one library. `states` is what the bench's generator keeps."""

    def __init__(self, bench: Bench, library: Library, states: StateCache) -> None:
        self._bench, self._library, self._states = bench, library, states
        self._asker: Assistant | None = None
        self._asked = ""

    def ask(self, question: str, *, read_before: bool) -> Given:
        if not read_before or self._asker is None or self._asked != question:
            self._states.clear()
            self._asker = self._bench.over(self._library)
            self._asked = question
            if read_before:
                self._asker.ask(question)
        # What the model holds from the last prompt gives way to the system prompt alone.
        self._bench.reader().generator.yes(_BETWEEN)
        return timed(self._asker, question)


def timed(assistant: Assistant, question: str) -> Given:
    """The answer, timed from outside, as the peer is."""
    began = time.perf_counter()
    first: float | None = None
    for event in assistant.stream(question):
        if isinstance(event, Token) and first is None and event.text.strip():
            first = time.perf_counter() - began
        if isinstance(event, Done):
            total = time.perf_counter() - began
            answer = event.answer
            return Given(
                text=answer.text,
                declined=answer.abstained,
                cited=bool(answer.citations),
                sources=tuple(
                    h.article.title for h in answer.hits if h.passage.id in answer.context_ids
                ),
                first_token_s=total if first is None else first,
                total_s=total,
                prompt_tokens=answer.tokens.prompt,
                written_tokens=answer.tokens.generated,
            )
    raise AssertionError("a stream ends with Done")
