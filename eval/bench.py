"""The Bench: what is measured. It makes the same Assistant that people use over given articles.

`ProductBench` is the product; the tests have another with a fake in its place. Suites see only
the Protocol. Models are opened once for all suites, at first use.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.baselines import Baselines
from index.article import Article
from index.encoder import Encoder
from index.passages import Passage, encoded_text, split
from index.search import Filter, Hit
from rag.answer import Answer
from rag.generator import Generator

BATCH = 256  # articles


class Asker(Protocol):
    def ask(self, question: str, *, filter: Filter | None = None) -> Answer: ...


class Searcher(Protocol):
    """What of a Library the suites use."""

    def search(
        self, query: str, k: int = 10, *, mode: str = "fused", filter: Filter | None = None
    ) -> list[Hit]: ...

    def put(
        self,
        article: Article,
        passages: Sequence[Passage] | None = None,
        embeddings: NDArray[np.float32] | None = None,
    ) -> None: ...

    def writing(self) -> AbstractContextManager[None]: ...


Check = Callable[[str, str, str | None], float]
"""(claim, passage, question) to the probability that the passage supports the claim."""


class Bench(Protocol):
    def models(self) -> dict[str, str]:
        """Names and hashes of what is measured, for run.json."""
        ...

    def library(self, articles: Sequence[Article]) -> AbstractContextManager[Searcher]:
        """A temporary library of these articles, gone afterwards."""
        ...

    def over(self, library: Searcher) -> Asker:
        """The product's Assistant over such a library."""
        ...

    def split(self, article: Article) -> list[Passage]:
        """The article's passages, as the product makes them."""
        ...

    def put(self, library: Searcher, articles: Sequence[Article]) -> None:
        """Split, encode and add, as the product does."""
        ...

    def verifier(self) -> Check:
        """The product's own check of a claim. Raises DatelineError where there is none."""
        ...

    @property
    def threshold(self) -> float:
        """At or over it, the product calls a claim supported."""
        ...

    def encoder(self) -> Encoder: ...

    def baselines(self) -> Baselines:
        """The libraries that the product stands on, alone, for `speed`."""
        ...


class ProductBench:
    """The product as it ships: `index` and `rag`, with the models that models.txt names.

    `settings` are the Assistant's (`--set name=value`); `model=NAME` among them picks the
    generator. Passages that were read are kept in memory only, so that a run neither gains from
    an earlier one nor fills the user's cache.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        from rag.settings import Settings

        self._model = settings.get("model")
        given = {name: value for name, value in settings.items() if name != "model"}
        self._settings = Settings().with_values(given)
        self._encoder: Encoder | None = None
        self._generator: Generator | None = None

    def models(self) -> dict[str, str]:
        generator, encoder = self.generator(), self.encoder()
        return {
            "generator": generator.name,
            "generator_sha256": generator.sha256,
            "encoder": encoder.name,
            "settings_hash": self._settings.hash,
        }

    def encoder(self) -> Encoder:
        if self._encoder is None:
            from rag.opening import open_encoder

            self._encoder = open_encoder()
        return self._encoder

    def generator(self) -> Generator:
        if self._generator is None:
            from rag.opening import MEMORY_BOUND, open_generator
            from rag.states import StateCache

            kept = StateCache(None, memory_bound=MEMORY_BOUND, disk_bound=0)
            self._generator = open_generator(self._model, states=kept)
        return self._generator

    @contextmanager
    def library(self, articles: Sequence[Article]) -> Iterator[Searcher]:
        from index.library import Library

        with tempfile.TemporaryDirectory(prefix="dateline-eval-") as folder:
            library = Library.open(Path(folder) / "library", self.encoder(), create=True)
            try:
                self.put(library, articles)
                yield library
            finally:
                library.close()

    def over(self, library: Searcher) -> Asker:
        from index.library import Library
        from rag.assistant import Assistant

        assert isinstance(library, Library)
        return Assistant(library, self.generator(), self.encoder(), self._settings)

    def split(self, article: Article) -> list[Passage]:
        return split(article.id, article.text, self.generator().count, fits=self.encoder().fits)

    def put(self, library: Searcher, articles: Sequence[Article]) -> None:
        """In batches over articles: most have one passage, and the encoder likes more at once."""
        with library.writing():
            for begin in range(0, len(articles), BATCH):
                some = [(a, self.split(a)) for a in articles[begin : begin + BATCH]]
                texts = [encoded_text(a.title, p) for a, found in some for p in found]
                vectors = self.encoder().encode(texts)
                at = 0
                for article, found in some:
                    library.put(article, found, vectors[at : at + len(found)])
                    at += len(found)

    def verifier(self) -> Check:
        raise NotImplementedError

    @property
    def threshold(self) -> float:
        raise NotImplementedError

    def baselines(self) -> Baselines:
        from eval.baselines import LibraryBaselines
        from index.cores import usable_cores
        from rag import models

        chosen = models.get(self._model) if self._model else models.default("generator")
        return LibraryBaselines(
            models.path(models.default("encoder").name), models.path(chosen.name), usable_cores()
        )
