"""The Article: one source document, cleaned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Article:
    """One source document.

    `id` stays the same when the document changes, and when its file is moved (which document it is:
    `index.library.Library.known`); `content_hash` is the SHA-256 of `text`. `copy_of` is the id of
    the article that this one is a near-copy of: a copy is kept and shown, never counted as a second
    source. `gone` is the day on which it was found to have vanished at the source that is followed.
    """

    id: str
    title: str
    text: str
    source: str | None = None
    published: date | None = None
    authors: tuple[str, ...] = ()
    url: str | None = None
    path: str | None = None
    copy_of: str | None = None
    gone: date | None = None

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """An Article without its text: what a list shows."""

    id: str
    title: str
    source: str | None = None
    published: date | None = None
    authors: tuple[str, ...] = ()
    url: str | None = None
    path: str | None = None
    copy_of: str | None = None
    gone: date | None = None

    def with_text(self, text: str) -> Article:
        return Article(
            self.id, self.title, text, self.source, self.published, self.authors, self.url,
            self.path, self.copy_of, self.gone,
        )  # fmt: skip


def article_id(origin: str) -> str:
    """Twelve hex digits for an origin: a url, or an absolute path (with `#n` inside a .jsonl)."""
    return hashlib.sha256(origin.encode()).hexdigest()[:12]
