"""A library of a test's own, asked by stand-in models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.article import Article
from index.library import Library
from rag import Assistant, Settings
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, fake_reader


@contextmanager
def opened(
    folder: Path,
    *articles: Article,
    script: dict[str, str] | None = None,
    judged: dict[str, float] | None = None,
    reader: LocalReader | None = None,
    **settings: int,
) -> Iterator[Assistant]:
    """`script` and `judged`: see `tests.fakes.FakeGenerator`."""
    encoder = FakeEncoder(dimension=512)
    library = Library.open(folder / "library", encoder, create=True)
    for article in articles:
        library.put(article)
    reader = reader or fake_reader(script, judged=judged)
    chosen = Settings(**settings)  # type: ignore[arg-type]
    with Assistant(library, reader, reader, encoder, chosen) as assistant:
        yield assistant
