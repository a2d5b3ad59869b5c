"""The Assistant: a question in, a checked and cited answer out.

    question ─ rewritten with the conversation ─ its kind ─ a composer for that kind:
               search ─ passages read ─ do they state it? ─ written (streamed) ─ is it borne out?
               ─ by which passage? ─ a verdict ─ shown, or an abstention

This module puts the steps in order and keeps the time; each step decides elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

from index.encoding.encoder import Encoder
from index.errors import LibraryEmpty
from rag.answer import Answer
from rag.asking import Asked, Asking, asked
from rag.checking.check import Checker
from rag.compose import Outcome, together
from rag.composing.kinds import COMPOSERS, WITHOUT_ARTICLES
from rag.composing.parts import Parts
from rag.events import Done, Event, Token, Understood
from rag.generating.generator import Stop
from rag.generating.judge import Judge, the_same
from rag.generating.reader import LocalReader
from rag.generating.warm import Warmer
from rag.generating.writer import Writer
from rag.settings import Settings
from rag.stale import Stale, stale
from rag.understanding.conversation.follow_ups import understood
from rag.understanding.conversation.parts import parts
from rag.understanding.guessing import guess
from rag.understanding.kinds import Kind
from rag.understanding.searching import Searcher
from rag.understanding.spelling import Corrected, Speller
from rag.understanding.tongue import Tongue

if TYPE_CHECKING:
    from index.library import Library  # imports faiss


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
        self._parts = Parts(library, writer, judge, encoder, Searcher(library), Checker(judge))
        # what the encoder reads as one piece is a word, and no mistyped one
        self._speller = Speller(library, lambda word: encoder.count(word) == 1)
        self._tongue = Tongue(library)
        self.warmer: Warmer | None = None

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        model: str | None = None,
        writer_url: str | None = None,
        writer_model: str | None = None,
        settings: Settings | None = None,
    ) -> Assistant:
        """Over the library at a path, or at postgresql://user@host/database (default:
        DATELINE_LIBRARY, else the user's own).

        With a `writer_url`, answers are written by that OpenAI-compatible server (by its model of
        the name `writer_model`; it may be left away where there is only one), which gets the
        question and the passages; `model` judges them, on this machine, as ever.

        Raises LibraryMissing, LibraryDamaged, EncoderMismatch, ModelError; UsageError for a
        `writer_url` that isn't one, or isn't allowed.
        """
        from rag import opening  # the heavy libraries load here, not at `import rag`

        remote = opening.open_writer(writer_url, writer_model)
        try:
            opened, reader, encoder = opening.open_parts(library, model)
        except BaseException:
            if remote is not None:
                remote.close()
            raise
        return cls(opened, remote or reader, reader, encoder, settings)

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
        if not the_same(self.writer, self.judge):
            self.judge.close()
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

    def ask(self, question: str, **given: Unpack[Asking]) -> Answer:
        """The whole answer; see `stream`. Raises UsageError, LibraryEmpty."""
        for event in self.stream(question, **given):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(
        self, question: str, *, stop: Stop | None = None, **given: Unpack[Asking]
    ) -> Iterator[Event]:
        """The same, as it happens (see `rag.events`; what may be given: `rag.asking.Asking`).

        Closing the iterator stops the work; so does `stop.set()` from another thread, even in the
        middle of a token, and then the iterator raises Stopped.
        """
        asking = asked(question, given, self.settings, stop, time.perf_counter())
        if self.warmer is None:
            yield from self._answer(asking)
            return
        with self.warmer.paused():
            yield from self._answer(asking)

    def stale(self, answer: Answer | Mapping[str, Any]) -> list[Stale]:
        """Which articles have changed under an answer (or its JSON form) that was kept, and how."""
        kept = answer.to_dict() if isinstance(answer, Answer) else answer
        return stale(kept, self.library.article)

    def _answer(self, asking: Asked) -> Iterator[Event]:
        question, corrected = self._corrected(asking)
        kind = asking.kind or self._kind(asking, question)
        if asking.correct and kind != "smalltalk":  # which has replies in several languages
            meant = self._tongue.translated(asking.question, self.writer, asking.stop)
            if meant != asking.question:
                question, corrected = meant, ()
                kind = asking.kind or self._kind(asking, question)
        if kind not in WITHOUT_ARTICLES and not len(self.library):
            raise LibraryEmpty(
                f"The library '{self.library.name}' holds no articles; add some with "
                "'dateline add PATH'."
            )
        query = self._query(asking, question, kind)
        given = asking.kind is not None
        yield Understood(asking.question, query, kind, given, corrected)
        compose = COMPOSERS[kind]
        answered: list[Outcome] = []
        for one in parts(query) if kind == "fact" else (query,):
            if answered:
                # (a draft that isn't shown is no answer that a later part may lean on)
                before = [(o.query, "" if o.abstained else o.raw_text) for o in answered]
                one = understood(one, [*asking.history, *before], self.writer, asking.stop)
                yield Token(" ")
            answered.append((yield from compose(self._parts, asking, one)))
        total_s = time.perf_counter() - asking.began
        produced_by = self.produced_by(asking.settings)
        answer = together(asking.question, answered, produced_by, total_s=total_s, kind=kind)
        yield Done(replace(answer, corrected=corrected))

    def _corrected(self, asking: Asked) -> tuple[str, Corrected]:
        if not asking.correct:
            return asking.question, ()
        said = " ".join(text for turn in asking.history for text in turn)
        return self._speller.correct(asking.question, said)

    def _kind(self, asking: Asked, question: str) -> Kind:
        before = [asked for asked, _ in asking.history]
        beside = asking.article is not None
        return guess(question, before, self.encoder, article_open=beside).kind

    def _query(self, asking: Asked, question: str, kind: Kind) -> str:
        """The question as it stands alone. Small talk does; "this" is the article that is open."""
        if kind == "smalltalk" or (kind == "article" and asking.article is not None):
            return question
        return understood(question, asking.history, self.writer, asking.stop)

    def produced_by(self, settings: Settings | None = None) -> dict[str, str]:
        judge = self.judge.identity
        return {
            "generator": self.writer.name,
            "sha256": self.writer.sha256,
            "host": self.writer.host,
            "encoder": self.encoder.name,
            "judge": judge["generator"],
            "adapter": judge["adapter"],
            "calibrated": "yes" if self._parts.checker.calibrated else "no",
            "settings_hash": (settings or self.settings).hash,
        }
