"""The real Backend: a library, an encoder and a generator on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.article import Article
from index.search import Filter
from rag import models
from rag.assistant import Assistant
from rag.events import Event
from rag.generator import Stop
from rag.settings import Settings
from rag.warm import Warmer
from ui.seam import Choices, History

if TYPE_CHECKING:
    from index.ingest import Outcome


class LocalBackend:
    """Implements `ui.seam.Backend`. One generator is in memory at a time."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._library = assistant.library
        self._one_answer = threading.Lock()
        self._warmer = self._reading_ahead()

    @classmethod
    def open(cls, library: Path, model: str | None) -> LocalBackend:
        """Makes an empty library where there is none. Raises what Assistant.open raises."""
        from index.library import Library
        from rag.opening import open_encoder

        if not library.exists():
            Library.open(library, open_encoder(), create=True).close()
        assistant = Assistant.open(library, model=model)
        return cls(assistant)

    def _reading_ahead(self) -> Warmer:
        warmer = Warmer(self._library, self._assistant.generator)
        warmer.start()
        return warmer

    def close(self) -> None:
        self._warmer.close()
        self._assistant.close()

    def stream(
        self,
        question: str,
        history: History,
        filter: Filter | None,
        choices: Choices,
        stop: Stop,
    ) -> Iterator[Event]:
        with self._one_answer:
            assistant = self._with(choices)
            self._warmer.pause()
            try:
                yield from assistant.stream(
                    question,
                    history=history,
                    filter=filter,
                    read_filters=choices.read_filters,
                    stop=stop,
                )
            finally:
                self._warmer.resume()

    def _with(self, choices: Choices) -> Assistant:
        """The assistant with what was chosen; another model takes the place of the one there."""
        if choices.model and choices.model != self._assistant.generator.name:
            from rag.opening import open_generator

            generator = open_generator(choices.model)  # raises before the old one is let go
            old = self._assistant
            self._assistant = Assistant(self._library, generator, old.encoder, old.settings)
            self._warmer.close()
            old.generator.close()
            self._warmer = self._reading_ahead()
        settings = Settings()
        if choices.passages is not None:
            settings = replace(settings, passages=choices.passages)
        if choices.strictness is not None:
            settings = replace(settings, answer_above=choices.strictness)
        self._assistant.settings = settings
        return self._assistant

    # ---- the library ----

    def article(self, article_id: str) -> Article | None:
        return self._library.article(article_id)

    def articles(self) -> Sequence[Article]:
        return self._library.articles()

    def generation(self) -> int:
        return self._library.generation

    def add(self, targets: Sequence[str], source: str | None) -> Iterator[Outcome]:
        from index.ingest import add
        from ui.parts import counter

        yield from add(self._library, targets, source=source, counter=counter())

    def remove(self, article_ids: Sequence[str]) -> Callable[[], None]:
        found = [a for a in map(self._library.article, article_ids) if a]
        kept = [(a, self._library.passages(a.id)) for a in found]
        self._library.remove([a.id for a in found])

        def back() -> None:
            for article, passages in kept:
                self._library.put(article, passages)

        return back

    # ---- models ----

    def models(self) -> Sequence[str]:
        """Generators whose files are here, the one in use first."""
        mine = self._assistant.generator.name
        here = [
            m.name
            for m in models.catalogue()
            if m.role == "generator"
            and all((models.folder() / m.name / f.path).is_file() for f in m.files)
        ]
        return [mine, *(name for name in here if name != mine)]
