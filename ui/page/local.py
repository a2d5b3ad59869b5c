"""The real Backend: a library, an encoder and a generator on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from index.article import Article, Head
from index.search import Filter
from index.storing.places import Place, there
from rag.assistant import Assistant
from rag.events import Event
from rag.models import files as models
from rag.service import Loading, Service
from rag.settings import Settings
from rag.turns import Events
from ui.page.seam import Choices, CountsUndated, History

if TYPE_CHECKING:
    from index.ingest import Outcome
    from index.storing.listing import News
    from index.storing.versions import Version


PULSE_S = 0.5  # how often the seconds of a step are shown anew


class LocalBackend:
    """Implements `ui.page.seam.Backend` with a Service, which reads ahead while nobody asks and
    nothing is added."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._library = service.assistant.library
        self._usual = service.model
        service.assistant.read_ahead()

    @classmethod
    def open(
        cls,
        library: Place,
        model: str | None,
        writer_url: str | None = None,
        writer_model: str | None = None,
    ) -> LocalBackend:
        """Makes an empty library where there is none. Raises what Assistant.open raises."""
        from index.library import Library
        from rag.opening import open_encoder

        if not there(library):
            Library.open(library, open_encoder(), create=True).close()
        assistant = Assistant.open(
            library, model=model, writer_url=writer_url, writer_model=writer_model
        )
        return cls(Service(assistant))

    @property
    def folder(self) -> Path:
        """The library's folder, or what this machine keeps of one on a server."""
        return self._library.path

    @property
    def library_id(self) -> str:
        return self._library.id

    @property
    def writer_host(self) -> str:
        """The server that writes the answers; "" where they are written on this machine."""
        return self.service.assistant.writer.host

    def close(self) -> None:
        """The answer under way ends within a token, and no other is begun."""
        self.service.close()

    def stop(self) -> None:
        """What is asked ends within a token. Doesn't wait for it."""
        self.service.stop()

    def stream(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Events[Event | Loading]:
        return self.service.stream(
            question,
            history=history,
            filter=filter,
            read_filters=choices.read_filters,
            kind=choices.kind,
            article=choices.article,
            skip=choices.skip,
            correct=choices.correct,
            settings=_settings(choices),
            model=choices.model,
            pulse=PULSE_S,
            aside=choices.aside,
        )

    # ---- the library ----

    def article(self, article_id: str) -> Article | None:
        return self._library.article(article_id)

    def articles(self) -> Sequence[Article]:
        return self._library.articles()

    def heads(self) -> Sequence[Head]:
        return self._library.heads()

    def undated(self, filter: Filter) -> int:
        library: object = self._library
        if isinstance(library, CountsUndated):
            return library.undated(filter)
        return sum(
            a.published is None
            and a.copy_of is None
            and (not filter.sources or a.source in filter.sources)
            for a in self._library.heads()
        )

    def generation(self) -> int:
        return self._library.generation

    def news(self, generation: int) -> News:
        return self._library.since(generation)

    def versions(self, article_id: str) -> Sequence[Version]:
        return self._library.versions(article_id)

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[Outcome]:
        from index.ingest import add

        with self.service.quiet():
            yield from add(self._library, targets, source=source, public=public or None)

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

    def edit(self, article_id: str, title: str, source: str, published: date | None) -> None:
        with self.service.quiet():
            before = self._library.article(article_id)
            said = {
                "title": title.strip(),
                "source": source.strip() or None,
                "published": published,
            }
            changed = {k: v for k, v in said.items() if getattr(before, k, None) != v}
            if changed or before is None:  # what a person leaves alone may still be read anew
                self._library.edit(article_id, **changed)

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
    usual = Settings()
    budget = choices.budget or usual.budget
    return replace(
        usual,
        passages=choices.passages or usual.passages,
        budget=budget,
        considered=max(budget, usual.considered),
        show_withheld=choices.show_withheld,
    )
