"""What articles said before they were corrected: kept beside what they say now.

An old version is shown and compared, never searched and never cited.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

from index.article import Article
from index.storing.database import Database


@dataclass(frozen=True, slots=True)
class Version:
    """An article as it was until `replaced`; `content_hash` is the SHA-256 of `text`."""

    title: str
    text: str
    published: date | None
    content_hash: str
    replaced: datetime


def version_dict(version: Version) -> dict[str, str | None]:
    """A version as JSON, its text too."""
    return {
        "title": version.title,
        "published": version.published.isoformat() if version.published else None,
        "content_hash": version.content_hash,
        "replaced": version.replaced.isoformat(),
        "text": version.text,
    }


def keep(db: Database, article: Article) -> bool:
    """Keeps what the library's article with this id says, where the new one says something else;
    whether it did. A text that isn't what was stored is not kept: nobody wrote it."""
    row = db.execute(
        "SELECT a.content_hash, a.title, t.text, a.published FROM articles a"
        " JOIN texts t ON t.article = a.n WHERE a.id = ?",
        [article.id],
    ).fetchone()
    published = article.published.isoformat() if article.published else None
    if row is None or row[1:] == (article.title, article.text, published):
        return False
    if row[0] != _hash(row[2]):
        return True
    now = datetime.now(UTC).isoformat(timespec="seconds")
    db.execute(
        "INSERT INTO versions (article, content_hash, title, text, published, replaced)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [article.id, *row, now],
    )
    return True


def versions_of(db: Database, id: str) -> list[Version]:
    """Oldest first, in the order in which they were replaced, whatever the clock said."""
    rows = db.execute(
        "SELECT title, text, published, content_hash, replaced FROM versions WHERE article = ?"
        " ORDER BY n",
        [id],
    )
    return [
        Version(
            title,
            text,
            date.fromisoformat(published) if published else None,
            content_hash,
            datetime.fromisoformat(replaced),
        )
        for title, text, published, content_hash, replaced in rows
    ]


def forget(db: Database, id: str) -> None:
    db.execute("DELETE FROM versions WHERE article = ?", [id])


def damaged(db: Database) -> tuple[int, list[str]]:
    """How many versions there are, and the ids of articles of which one isn't what was stored."""
    count, wrong = 0, []
    for id, content, text in db.execute("SELECT article, content_hash, text FROM versions"):
        count += 1
        if _hash(text) != content:
            wrong.append(id)
    return count, wrong


def stated(said: Version | Article) -> str:
    """Title, day and text as one text: what a correction may have changed."""
    day = said.published.isoformat() if said.published else "no date"
    return f"{said.title}\n{day}\n{said.text}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
