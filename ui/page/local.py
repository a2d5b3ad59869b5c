"""The real Backend: a library, an encoder and a generator on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.article import Article
from index.search import Filter
from rag.assistant import Assistant
from rag.events import Event
from rag.generating.generator import Stop, Stopped
from rag.models import files as models
from rag.settings import Settings
from ui.page.seam import Choices, History, Loading

if TYPE_CHECKING:
    from index.ingest import Outcome


class LocalBackend:
    """Implements `ui.page.seam.Backend`. One generator is in memory at a time; it reads ahead while
    nobody asks and nothing is added."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._library = assistant.library
        self._one_answer = threading.Lock()
        self._stop: Stop | None = None
        self._closed = False
        self._usual = assistant.generator.name
        self._warmer = assistant.read_ahead()

    @classmethod
    def open(cls, library: Path, model: str | None) -> LocalBackend:
        """Makes an empty library where there is none. Raises what Assistant.open raises."""
        from index.library import Library
        from rag.opening import open_encoder

        if not library.exists():
            Library.open(library, open_encoder(), create=True).close()
        assistant = Assistant.open(library, model=model)
        return cls(assistant)

    def close(self) -> None:
        """The answer under way ends within a token, and no other is begun."""
        self._closed = True
        if self._stop is not None:
            self._stop.set()
        with self._one_answer:
            self._assistant.close()

    def stream(
        self,
        question: str,
        history: History,
        filter: Filter | None,
        choices: Choices,
        stop: Stop,
    ) -> Iterator[Event | Loading]:
        with self._one_answer:
            if self._closed:
                raise Stopped
            self._stop = stop
            if choices.model and choices.model != self._assistant.generator.name:
                yield Loading(choices.model)
                self._change(choices.model)
            self._assistant.settings = _settings(choices)
            yield from self._assistant.stream(
                question,
                history=history,
                filter=filter,
                read_filters=choices.read_filters,
                stop=stop,
            )

    def _change(self, model: str) -> None:
        """Another model takes the place of the one there. Raises ModelError and changes nothing."""
        from rag.opening import open_generator

        with self._warmer.paused():
            generator = open_generator(model)
        old = self._assistant
        self._warmer.close()
        old.generator.close()
        self._assistant = Assistant(self._library, generator, old.encoder, old.settings)
        self._warmer = self._assistant.read_ahead()

    # ---- the library ----

    def article(self, article_id: str) -> Article | None:
        return self._library.article(article_id)

    def articles(self) -> Sequence[Article]:
        return self._library.articles()

    def generation(self) -> int:
        return self._library.generation

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[Outcome]:
        from index.ingest import add

        try:
            with self._warmer.paused():
                yield from add(self._library, targets, source=source, public=public or None)
        finally:  # also when the window was closed in the middle
            self._warmer.again()

    def remove(self, article_ids: Sequence[str]) -> Callable[[], None]:
        library = self._library
        found = [a for a in map(library.article, article_ids) if a]
        kept = [(a, library.passages(a.id)) for a in sorted(found, key=lambda a: a.copy_of or "")]
        copies = library.copies_of(article_ids)
        library.remove([a.id for a in found])

        def back() -> None:
            """The articles, and that what is a copy of them is one: another had taken the place."""
            with library.writing():
                for article, passages in kept:
                    there = article.copy_of and library.article(article.copy_of)
                    library.put(article if there else replace(article, copy_of=None), passages)
                for id, original in copies:
                    copy = library.article(id)
                    if copy is not None and copy.copy_of != original:
                        library.put(replace(copy, copy_of=original), library.passages(id))

        return back

    # ---- models ----

    def models(self) -> Sequence[str]:
        """Generators whose files are here, the one that the page was opened with first."""
        mine = self._usual
        here = [
            m.name
            for m in models.catalogue()
            if m.role == "generator"
            and all((models.folder() / m.name / f.path).is_file() for f in m.files)
        ]
        return [mine, *(name for name in here if name != mine)]


def _settings(choices: Choices) -> Settings:
    settings = Settings()
    if choices.passages is not None:
        settings = replace(settings, passages=choices.passages)
    if choices.strictness is not None:
        settings = replace(settings, answer_above=choices.strictness)
    return settings
