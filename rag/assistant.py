"""The Assistant: a question in, a checked and cited answer out.

    question ─ rewritten with the conversation ─ each thing that it asks:
               search ─ context ─ written (streamed) ─ sentences ─ attributed ─ verified
               ─ shown, or an abstention

This module puts the steps in order and keeps the time; each step decides elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Generator as Iterates
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from index.encoding.encoder import Encoder
from index.errors import LibraryEmpty, UsageError
from index.search import Filter, Hit
from rag.answer import Answer, Citation, Claim, Conflict, Timings, Tokens
from rag.checking import abstain, conflicts
from rag.checking.attribute import Span, attribute
from rag.checking.repair import shortened
from rag.checking.verify import Check, Verifier
from rag.compose import Part, scraps, sentence_spans, statement, together, unattributed
from rag.events import ClaimChecked, Done, Event, Passages, Token
from rag.generating import prompt
from rag.generating.generator import Generator, Piece, Prompt, Read, Stop
from rag.generating.warm import Warmer
from rag.settings import Settings
from rag.understanding.conversation import Turn, understood
from rag.understanding.parts import parts
from rag.understanding.searching import Searcher

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

_LONGEST_QUESTION = 2000  # characters


class Assistant:
    """Answers questions over one library. Thread-safe as its parts are: answers take turns.

    `Assistant.open()` builds the parts; the constructor takes finished ones.
    """

    def __init__(
        self,
        library: Library,
        generator: Generator,
        encoder: Encoder,
        settings: Settings | None = None,
    ) -> None:
        self.library = library
        self.generator = generator
        self.encoder = encoder
        self.settings = settings or Settings()
        self._verifier = Verifier(generator, encoder)
        self._searcher = Searcher(library)
        self._warmer: Warmer | None = None

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        model: str | None = None,
        settings: Settings | None = None,
    ) -> Assistant:
        """Over the library at a path (default: DATELINE_LIBRARY, else the user's own).

        Raises LibraryMissing, LibraryDamaged, EncoderMismatch, ModelError.
        """
        from rag.opening import open_parts  # the heavy libraries load here, not at `import rag`

        return cls(*open_parts(library, model), settings)

    def read_ahead(self) -> Warmer:
        """From now on, read passages whenever nobody is asking (for a process that stays).

        Answers pause it by themselves; closing the assistant ends it.
        """
        if self._warmer is None:
            self._warmer = Warmer(self.library, self.generator)
            self._warmer.start()
        return self._warmer

    def close(self) -> None:
        if self._warmer:
            self._warmer.close()
        self.generator.close()
        self.library.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filter: Filter | None = None,
        read_filters: bool = True,
    ) -> Answer:
        """The whole answer; see `stream`. Raises UsageError, LibraryEmpty."""
        for event in self.stream(
            question, history=history, filter=filter, read_filters=read_filters
        ):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filter: Filter | None = None,
        read_filters: bool = True,
        stop: Stop | None = None,
    ) -> Iterator[Event]:
        """The same, as it happens (see `rag.events`). `history` is (question, answer) pairs.

        What `filter` leaves open is taken from the question's own words ("last week", "according
        to the Guardian"; see `rag.understanding.asked_filter`), unless `read_filters` is False.

        Closing the iterator stops the work; so does `stop.set()` from another thread, even in the
        middle of a token, and then the iterator raises Stopped.
        """
        if self._warmer is None:
            yield from self._answer(question, history, filter, read_filters, stop)
            return
        self._warmer.pause()
        try:
            yield from self._answer(question, history, filter, read_filters, stop)
        finally:
            self._warmer.resume()

    def _answer(
        self,
        question: str,
        history: Sequence[Turn],
        given: Filter | None,
        read_filters: bool,
        stop: Stop | None,
    ) -> Iterator[Event]:
        began = time.perf_counter()
        question = _checked(question)
        if not len(self.library):
            raise LibraryEmpty(
                f"The library '{self.library.path}' holds no articles; add some with "
                "'dateline add PATH'."
            )
        query = understood(question, history, self.generator, stop)
        answered: list[Part] = []
        for asked in parts(query):
            if answered:
                # (a draft that isn't shown is no answer that a later part may lean on)
                before = [(p.query, "" if p.abstained else p.raw_text) for p in answered]
                asked = understood(asked, [*history, *before], self.generator, stop)
                yield Token(" ")
            part = self._part(question, asked, given or Filter(), read_filters, began, stop)
            answered.append((yield from part))
        yield Done(
            together(question, answered, self.produced_by(), total_s=time.perf_counter() - began)
        )

    def _part(
        self,
        question: str,
        query: str,
        given: Filter,
        read_filters: bool,
        began: float,
        stop: Stop | None,
    ) -> Iterates[Event, None, Part]:
        """One thing that is asked: searched, written, checked, and decided on by itself."""
        part_began = time.perf_counter()
        hits, filter, reading = yield from self._searcher.search(
            question, query, given, self.settings.considered, read_filters=read_filters
        )
        context = self._fitting(query, hits[: self.settings.passages])
        context_ids = tuple(hit.passage.id for hit in context)
        searched = time.perf_counter()
        yield Passages(hits, context_ids)

        first_token_s: float | None = None
        pieces: list[Piece] = []
        read = Read(0, 0)
        if context:
            asked = prompt.answer_prompt(query, context)
            for event in self.generator.write(asked, self.settings.max_tokens, stop):
                if isinstance(event, Read):
                    read = event
                    continue
                if first_token_s is None:
                    first_token_s = time.perf_counter() - began
                pieces.append(event)
                yield Token(event.text)
        raw_text = "".join(piece.text for piece in pieces).strip()

        written = time.perf_counter()
        claims: list[Claim] = []
        signals: dict[str, float] = {}
        if raw_text:
            # Asked first: the context and the question are what the generator has just read.
            signals = {
                **abstain.retrieval_signals(context),
                **abstain.question_signals(query, context),
                **abstain.writing_signals([p.logprob for p in pieces], query, raw_text),
                **abstain.reading_signals(self.generator, query, context, stop),
            }
            spans = sentence_spans(raw_text)
            dropped = scraps(raw_text, spans)
            for start, end in spans:
                sentence = raw_text[start:end]
                if (start, end) in dropped:
                    keep = not self.settings.drop_unsupported
                    claim = Claim(sentence, "unsupported", 0.0, shown=keep)
                else:
                    claim = self._check(sentence, context, query, stop)
                claims.append(claim)
                yield ClaimChecked(claim)
            signals["support"] = max((claim.score for claim in claims), default=0.0)
            signals["answer_probability"] = abstain.shipped_weights().probability(signals)

        abstained = not any(claim.shown for claim in claims) or abstain.abstains(
            signals, self.settings.answer_above
        )
        found: tuple[Conflict, ...] = ()
        if not abstained:
            found = conflicts.conflicts(claims, query, hits, self._verifier, stop)
        return Part(
            query=query,
            raw_text=raw_text,
            abstained=abstained,
            claims=tuple(claims),
            conflicts=found,
            hits=hits,
            context_ids=context_ids,
            filter=filter,
            timings=Timings(
                search_s=searched - part_began,
                first_token_s=first_token_s,
                checks_s=time.perf_counter() - written,
            ),
            tokens=Tokens(read.tokens, read.reused, len(pieces)),
            signals=signals,
            reading=reading,
        )

    def produced_by(self) -> dict[str, str]:
        return {
            "generator": self.generator.name,
            "sha256": self.generator.sha256,
            "encoder": self.encoder.name,
            "settings_hash": self.settings.hash,
        }

    def _fitting(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """As many of the best hits as leave room for the answer: whole passages or none."""
        context = list(hits)
        room = self.generator.context_tokens - self.settings.max_tokens
        while context and self._longest_prompt(query, context) > room:
            context.pop()
        return context

    def _longest_prompt(self, query: str, context: Sequence[Hit]) -> int:
        prompts: tuple[Prompt, ...] = (
            prompt.answer_prompt(query, context),
            prompt.states_prompt(query, context),
        )
        return max(self.generator.prompt_tokens(asked) for asked in prompts)

    def _check(self, sentence: str, context: Sequence[Hit], query: str, stop: Stop | None) -> Claim:
        """The sentence, aligned and checked; where only a part of it holds, that part."""
        text = bare = unattributed(sentence)
        spans, check = self._align(statement(text), context, query, stop)
        if check.verdict != "supported" and spans:
            left = shortened(
                text,
                " ".join(hit.passage.text for hit in context),
                spans[0].hit.article.published,
                " ".join(hit.article.title for hit in context),
            )
            if left is not None:
                left_spans, left_check = self._align(statement(left), context, query, stop)
                if left_check.verdict == "supported":
                    text, spans, check = left, left_spans, left_check
        return Claim(
            text=text,
            verdict=check.verdict,
            score=check.score,
            citations=tuple(_citation(span) for span in spans),
            shown=check.verdict != "unsupported" or not self.settings.drop_unsupported,
            raw=None if text == bare else sentence,
        )

    def _align(
        self, sentence: str, context: Sequence[Hit], query: str, stop: Stop | None
    ) -> tuple[tuple[Span, ...], Check]:
        spans = attribute(sentence, context, self._verifier.encoder)
        return spans, self._verifier.check(sentence, spans, query, stop, context=context)


def _checked(question: str) -> str:
    question = " ".join(question.split())
    if not question:
        raise UsageError("The question is empty; ask something about the articles.")
    if len(question) > _LONGEST_QUESTION:
        raise UsageError(
            f"The question has {len(question)} characters but at most {_LONGEST_QUESTION} are "
            "taken; shorten it."
        )
    return question


def _citation(span: Span) -> Citation:
    """Not numbered yet: numbers follow the order of what is shown."""
    article = span.hit.article
    return Citation(
        n=0,
        article=article,
        passage_id=span.hit.passage.id,
        start=span.start,
        end=span.end,
        quote=article.text[span.start : span.end],
    )
