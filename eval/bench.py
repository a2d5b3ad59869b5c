"""The Bench: what is measured. It makes the same Assistant that people use over given articles.

Models are opened once for all suites, at first use. Passages that were read are kept in memory
only, so that a run neither gains from an earlier one nor fills the user's cache.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from eval.baselines import Baselines
from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.ingest import Counter
from index.library import Library
from index.search import Hit
from index.splitting.passages import Passage, split
from index.splitting.search_text import search_texts
from rag.assistant import Assistant
from rag.checking.verdict import Judged, Verdict, calibration
from rag.generating.reader import LocalReader
from rag.generating.writer import Writer
from rag.settings import Settings

BATCH = 256  # articles


class Bench:
    """`settings` are the Assistant's (`--set name=value`); `model=NAME` among them picks the
    generator, `adapter=off` leaves its adapter off, `reading=whole` has it read prompts from end to
    end, without the passage cache. With `writer_url` that server writes the Assistant's answers
    (its model `writer_model`), and the generator only judges. Tests give an encoder, a
    reader and baselines of their own."""

    def __init__(
        self,
        settings: Mapping[str, str],
        *,
        encoder: Encoder | None = None,
        reader: LocalReader | None = None,
        baselines: Baselines | None = None,
    ) -> None:
        self._model = settings.get("model")
        self._whole = _one_of(settings, "reading", "separate", "whole") == "whole"
        self._adapted = _one_of(settings, "adapter", "on", "off") == "on"
        self._writer_at = settings.get("writer_url"), settings.get("writer_model")
        self._writer: Writer | None = None
        own = {"model", "reading", "adapter", "writer_url", "writer_model"}
        given = {name: value for name, value in settings.items() if name not in own}
        self.settings = Settings().with_values(given)
        self._encoder = encoder
        self._reader = reader
        self._baselines = baselines
        self._counter: Counter | None = reader.generator if reader else None

    def models(self) -> dict[str, str]:
        """Names and hashes of what is measured, for run.json."""
        judge = self.reader().identity
        return {
            "generator": self.writer().name,
            "generator_sha256": self.writer().sha256,
            "judge": self.reader().name,
            "adapter_sha256": judge["adapter"],
            "form": judge["form"],
            "encoder": self.encoder().name,
            "settings_hash": self.settings.hash,
        }

    def encoder(self) -> Encoder:
        if self._encoder is None:
            from rag.opening import open_encoder

            self._encoder = open_encoder()
        return self._encoder

    def reader(self) -> LocalReader:
        """The local model, Writer and Judge."""
        if self._reader is None:
            from rag.generating.states import StateCache
            from rag.opening import MEMORY_BOUND, open_reader

            self._reader = open_reader(
                self._model,
                states=StateCache(None, memory_bound=MEMORY_BOUND, disk_bound=0),
                separate_parts=not self._whole,
                adapted=self._adapted,
            )
        return self._reader

    def writer(self) -> Writer:
        """Who writes the Assistant's answers."""
        if self._writer is None:
            from rag.opening import open_writer

            self._writer = open_writer(*self._writer_at) or self.reader()
        return self._writer

    @contextmanager
    def library(self, articles: Sequence[Article]) -> Iterator[Library]:
        """A temporary library of these articles, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="dateline-eval-") as folder:
            library = Library.open(Path(folder) / "library", self.encoder(), create=True)
            try:
                self.put(library, articles)
                yield library
            finally:
                library.close()

    def over(self, library: Library) -> Assistant:
        """The product's Assistant over a library."""
        return Assistant(library, self.writer(), self.reader(), self.encoder(), self.settings)

    def split(self, article: Article) -> list[Passage]:
        """The article's passages, as the product makes them."""
        encoder = self.encoder()
        return split(article.id, article.text, encoder.count, fits=encoder.fits)

    def counter(self) -> Counter:
        """Counts tokens as the generator does; a stand-in generator counts by itself."""
        if self._counter is None:
            from index.splitting.tokens import load  # tiktoken loads here
            from rag.models import files as models

            chosen = models.get(self._model) if self._model else models.default("generator")
            self._counter = load(models.path(chosen.name), models.folder() / ".tokens")
        return self._counter

    def put(self, library: Library, articles: Sequence[Article]) -> None:
        """Split, encode and add. In batches over articles: most are a passage or two, and the
        encoder likes more at once."""
        with library.writing():
            for begin in range(0, len(articles), BATCH):
                some = [(a, self.split(a)) for a in articles[begin : begin + BATCH]]
                fits = self.encoder().fits
                vectors = self.encoder().encode(
                    [text for a, found in some for text in search_texts(a, found, fits)]
                )
                at = 0
                for article, found in some:
                    library.put(article, found, vectors[at : at + len(found)])
                    at += len(found)

    def check(
        self, claim: str, hits: Sequence[Hit], question: str | None = None
    ) -> tuple[float, Verdict]:
        """The product's own check of a claim against passages: calibrated probability, verdict.

        With a question the claim is judged as its answer, over all the passages and over the best
        one alone; without, as a statement, over the best one alone.
        """
        if not hits:
            return 0.0, "withheld"
        judge = self.reader()
        calibrated = calibration(judge)
        alone = max(judge.alone(claim, hits))
        if question is None:
            score = calibrated.statement_probability(alone)
        else:
            stated = judge.stated(question, hits)
            supported = judge.supported(claim, hits, question)
            score = calibrated.probability(Judged(stated, supported, alone))
        return score, calibrated.verdict(score)

    def baselines(self) -> Baselines:
        """The libraries that the product stands on, alone, for `speed`."""
        if self._baselines is None:
            from eval.baselines import LibraryBaselines
            from index.cores import usable_cores
            from rag.models import files as models

            chosen = models.get(self._model) if self._model else models.default("generator")
            self._baselines = LibraryBaselines(
                models.path(models.default("encoder").name),
                models.path(chosen.name),
                usable_cores(),
            )
        return self._baselines


def _one_of(settings: Mapping[str, str], name: str, default: str, other: str) -> str:
    value = settings.get(name, default)
    if value not in (default, other):
        raise UsageError(f"{name}={value!r}: write '{default}' or '{other}'.")
    return value


def passage_hit(title: str, text: str, n: int = 1) -> Hit:
    """A hit that stands for a text which wasn't searched for, for `check`."""
    article = Article(id=f"text-{n}", title=title, text=text)
    passage = Passage(article.id, 0, len(text), text)
    return Hit(passage, article, 1.0, n, 1.0, None, None, None)
