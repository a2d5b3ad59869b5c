"""One Reader for all tests that read: its process starts once."""

from __future__ import annotations

import atexit
from collections.abc import Iterator

from index.article import Article
from index.reading import load as loading
from index.reading.load import Refusal
from index.reading.reader import Reader

READER = Reader()
atexit.register(READER.close)


def load(
    target: str, *, source: str | None = None, public: bool | None = None
) -> Iterator[Article | Refusal]:
    """`index.reading.load.load` with it."""
    return loading.load(target, source=source, public=public, reader=READER)
