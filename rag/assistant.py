"""The Assistant: a question in, a checked and cited answer out.

    question ─ rewritten with the conversation ─ each thing that it asks:
               search ─ passages read ─ do they state it? ─ written (streamed) ─ is it borne out?
               ─ by which passage? ─ a verdict ─ shown, or an abstention

This module puts the steps in order and keeps the time; each step decides elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Generator as Iterates
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from index.encoding.encoder import Encoder
from index.errors import LibraryEmpty, UsageError
from index.search import Filter, Hit
from rag.answer import Answer, Citation, Claim, Conflict, Timings, Tokens
from rag.checking import conflicts
from rag.checking.attribute import Span, beside, candidates, lacking, span_of
from rag.checking.verdict import Judged, calibration
from rag.compose import Outcome, sentence_spans, together
from rag.events import ClaimChecked, Done, Event, Passages, Token
from rag.generating.generator import Read, Stop
from rag.generating.judge import Judge
from rag.generating.reader import LocalReader
from rag.generating.warm import Warmer
from rag.generating.writer import Writer
from rag.settings import Settings
from rag.understanding.conversation import Turn, understood
from rag.understanding.parts import parts
from rag.understanding.searching import Searcher

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

_LONGEST_QUESTION = 2000  # characters
_FOUND = 0.5  # P(stated) from which no further passages are read
_HOPELESS = 0.02  # P(stated), and P(borne out), under which nothing more is asked


class Assistant:
    """Answers questions over one library. Thread-safe as its parts are: answers take turns.

    `Assistant.open()` builds the parts; the constructor takes finished ones.
    """

    def __init__(
        self,
        library: Library,
        writer: Writer,
        judge: Judge,
        encoder: Encoder,
        settings: Settings | None = None,
    ) -> None:
        self.library = library
        self.writer = writer
        self.judge = judge
        self.encoder = encoder
        self.settings = settings or Settings()
        self._calibration = calibration(judge)
        self._searcher = Searcher(library)
        self.warmer: Warmer | None = None

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

        opened, reader, encoder = open_parts(library, model)
        return cls(opened, reader, reader, encoder, settings)

    def read_ahead(self) -> Warmer:
        """From now on, read passages whenever nobody is asking (for a process that stays).

        Answers pause it by themselves; closing the assistant ends it.
        """
        if self.warmer is None:
            reader = self.judge if isinstance(self.judge, LocalReader) else None
            self.warmer = Warmer(self.library, reader)
            self.warmer.start()
        return self.warmer

    def close(self) -> None:
        if self.warmer:
            self.warmer.close()
        self.writer.close()
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
        settings: Settings | None = None,
    ) -> Answer:
        """The whole answer; see `stream`. Raises UsageError, LibraryEmpty."""
        for event in self.stream(
            question, history=history, filter=filter, read_filters=read_filters, settings=settings
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
        settings: Settings | None = None,
        stop: Stop | None = None,
    ) -> Iterator[Event]:
        """The same, as it happens (see `rag.events`). `history` is (question, answer) pairs,
        `settings` are this question's own.

        What `filter` leaves open is taken from the question's own words ("last week", "according
        to the Guardian"; see `rag.understanding.asked_filter`), unless `read_filters` is False.

        Closing the iterator stops the work; so does `stop.set()` from another thread, even in the
        middle of a token, and then the iterator raises Stopped.
        """
        asked = _Asked(
            _checked(question),
            tuple(history),
            filter or Filter(),
            read_filters,
            settings or self.settings,
            stop,
            time.perf_counter(),
        )
        if self.warmer is None:
            yield from self._answer(asked)
            return
        with self.warmer.paused():
            yield from self._answer(asked)

    def _answer(self, asked: _Asked) -> Iterator[Event]:
        if not len(self.library):
            raise LibraryEmpty(
                f"The library '{self.library.path}' holds no articles; add some with "
                "'dateline add PATH'."
            )
        query = understood(asked.question, asked.history, self.writer, asked.stop)
        answered: list[Outcome] = []
        for one in parts(query):
            if answered:
                # (a draft that isn't shown is no answer that a later part may lean on)
                before = [(o.query, "" if o.abstained else o.raw_text) for o in answered]
                one = understood(one, [*asked.history, *before], self.writer, asked.stop)
                yield Token(" ")
            answered.append((yield from self._outcome(asked, one)))
        total_s = time.perf_counter() - asked.began
        produced_by = self.produced_by(asked.settings)
        yield Done(together(asked.question, answered, produced_by, total_s=total_s))

    def _outcome(self, asked: _Asked, query: str) -> Iterates[Event, None, Outcome]:
        """One thing that is asked: searched, written, checked, and decided on by itself."""
        began = time.perf_counter()
        settings, stop = asked.settings, asked.stop
        hits, filter, reading = yield from self._searcher.search(
            asked.question, query, asked.filter, settings.considered, read_filters=asked.read
        )
        searched = time.perf_counter()
        near = hits[: settings.budget]
        context, stated = self._read(query, near, settings, stop)
        yield Passages(near, tuple(hit.passage.id for hit in context))

        first_token_s: float | None = None
        pieces: list[str] = []
        read = Read(0, 0)
        if context and stated >= _HOPELESS:
            for event in self.writer.write(query, context, stop):
                if isinstance(event, Read):
                    read = event
                    continue
                if first_token_s is None:
                    first_token_s = time.perf_counter() - asked.began
                pieces.append(event.text)
                yield Token(event.text)
        raw_text = "".join(pieces).strip()

        written = time.perf_counter()
        claims: list[Claim] = []
        signals = {"stated": stated, "probability": 0.0}
        for start, end in sentence_spans(raw_text):
            claim, judged = self._check(raw_text[start:end], query, context, stated, asked)
            claims.append(claim)
            if claim.score >= signals["probability"]:
                signals |= {
                    "supported": judged.supported,
                    "alone": judged.alone,
                    "probability": claim.score,
                }
            yield ClaimChecked(claim)
        abstained = all(claim.verdict == "withheld" for claim in claims)
        found: tuple[Conflict, ...] = ()
        if not abstained:
            found = conflicts.conflicts(claims, query, hits, self.writer, self.judge, stop)
        return Outcome(
            query=query,
            raw_text=raw_text,
            abstained=abstained,
            claims=tuple(claims),
            conflicts=found,
            hits=near,
            context_ids=tuple(hit.passage.id for hit in context),
            filter=filter,
            timings=Timings(
                search_s=searched - began,
                first_token_s=first_token_s,
                checks_s=time.perf_counter() - written,
            ),
            tokens=Tokens(read.tokens, read.reused, len(pieces)),
            signals=signals,
            reading=reading,
        )

    def produced_by(self, settings: Settings | None = None) -> dict[str, str]:
        judge = self.judge.identity
        return {
            "generator": self.writer.name,
            "sha256": self.writer.sha256,
            "encoder": self.encoder.name,
            "judge": judge["generator"],
            "adapter": judge["adapter"],
            "calibrated": "yes" if self._calibration.fits else "no",
            "settings_hash": (settings or self.settings).hash,
        }

    def _read(
        self, query: str, hits: Sequence[Hit], settings: Settings, stop: Stop | None
    ) -> tuple[list[Hit], float]:
        """The passages to answer from and P(stated): the best ones, or, where those don't state
        it, the next ones."""
        best: tuple[list[Hit], float] = [], 0.0
        for first in range(0, len(hits), settings.passages):
            context = list(hits[first : first + settings.passages])
            context = context[: self.writer.fits(query, context)]
            if not context:
                break
            stated = self.judge.stated(query, context, stop)
            if not best[0] or stated > best[1]:
                best = context, stated
            if stated >= _FOUND:
                break
        return best

    def _check(
        self,
        sentence: str,
        query: str,
        context: Sequence[Hit],
        stated: float,
        asked: _Asked,
    ) -> tuple[Claim, Judged]:
        """The sentence with its verdict, and the words of the passage that bears it out alone."""
        supported = self.judge.supported(sentence, context, query, asked.stop)
        likely = candidates(sentence, context)
        alone: tuple[float, ...] = (0.0,)
        if supported >= _HOPELESS:
            alone = self.judge.alone(sentence, likely, asked.stop)
        best = likely[alone.index(max(alone))]
        judged = Judged(stated, supported, max(alone))
        score = self._calibration.probability(judged)
        verdict = self._calibration.verdict(score)
        spans = _quotes(sentence, best, context, enough=max(alone) >= _FOUND)
        known = " ".join([query, *(_known(span) for span in spans)])
        claim = Claim(
            text=sentence,
            verdict=verdict,
            score=score,
            citations=tuple(_citation(span) for span in spans),
            lacking=lacking(sentence, known) if spans else (),
            shown=verdict != "withheld" or asked.settings.show_withheld,
        )
        return claim, judged


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question and all that was asked with it."""

    question: str
    history: tuple[Turn, ...]
    filter: Filter
    read: bool  # filters from the question's own words
    settings: Settings
    stop: Stop | None
    began: float


def _quotes(sentence: str, best: Hit, context: Sequence[Hit], *, enough: bool) -> list[Span]:
    """The quote of the best passage and, where that isn't enough, one of another."""
    first = span_of(sentence, best)
    if first is None:
        return []
    second = None if enough else beside(sentence, first, context)
    return [first, second] if second else [first]


def _known(span: Span) -> str:
    """A quote with what a reader of it sees: what it is from, and when."""
    article, passage = span.hit.article, span.hit.passage
    published = article.published.strftime("%d %B %Y") if article.published else ""
    return "\n".join((article.title, passage.heading, published, span.quote))


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
