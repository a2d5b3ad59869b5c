"""Articles and passages as rows of the library's tables, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.splitting.passages import Passage
from index.storing.vectors import pack

ARTICLE = "id, title, text, source, published, authors, url, path, copy_of"
_OVERWRITE = ", ".join(
    f"{name} = excluded.{name}" for name in [*ARTICLE.split(", ")[1:], "content_hash"]
)


def article_of(row: Sequence[Any]) -> Article:
    """From the columns of `ARTICLE`."""
    id, title, text, source, published, authors, url, path, copy_of = row
    return Article(
        id=id,
        title=title,
        text=text,
        source=source,
        published=date.fromisoformat(published) if published else None,
        authors=tuple(json.loads(authors)),
        url=url,
        path=path,
        copy_of=copy_of,
    )


def meta_of(db: sqlite3.Connection) -> dict[str, Any]:
    """`library` (an id), `generation`, `encoder`, `dimension`."""
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


def insert(
    db: sqlite3.Connection,
    article: Article,
    passages: Sequence[Passage],
    vectors: NDArray[np.float32],
) -> None:
    """The article, its passages, their vectors and words; in place of the article with its id."""
    forget(db, article.id)
    (number,) = db.execute(
        "INSERT INTO articles (id, title, text, source, published, authors, url, path, copy_of,"  # noqa: S608
        " content_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        f" {_OVERWRITE} RETURNING n",  # an updated article keeps its number: its age
        [
            article.id,
            article.title,
            article.text,
            article.source,
            article.published.isoformat() if article.published else None,
            json.dumps(article.authors),
            article.url,
            article.path,
            article.copy_of,
            article.content_hash,
        ],
    ).fetchone()
    for passage, vector in zip(passages, vectors, strict=True):
        added = db.execute(
            'INSERT INTO passages (article, start, "end", heading, vector) VALUES (?, ?, ?, ?, ?)',
            [number, passage.start, passage.end, passage.heading, pack(vector)],
        )
        db.execute(
            "INSERT INTO words (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [added.lastrowid, article.title, passage.heading, passage.text],
        )


def forget(db: sqlite3.Connection, id: str) -> int | None:
    """Removes the passages of an article; returns the article's number, None if there is none."""
    row = db.execute("SELECT n, title, text FROM articles WHERE id = ?", [id]).fetchone()
    if row is None:
        return None
    number, title, text = row
    passages = db.execute(
        'SELECT n, start, "end", heading FROM passages WHERE article = ?', [number]
    ).fetchall()
    # a table without its own text must be told what it is to forget
    db.executemany(
        "INSERT INTO words (words, rowid, title, heading, text) VALUES ('delete', ?, ?, ?, ?)",
        [(n, title, heading, text[start:end]) for n, start, end, heading in passages],
    )
    db.execute(
        "INSERT INTO removed SELECT n, (SELECT value FROM meta WHERE name = 'generation')"
        " FROM passages WHERE article = ?",
        [number],
    )
    db.execute("DELETE FROM passages WHERE article = ?", [number])
    return int(number)


def delete(db: sqlite3.Connection, id: str) -> bool:
    """Removes an article with all that hangs on it; whether it was there.

    The oldest copy of it becomes the original of the others.
    """
    number = forget(db, id)
    if number is None:
        return False
    db.execute("DELETE FROM articles WHERE n = ?", [number])
    heir = db.execute(
        "SELECT id FROM articles WHERE copy_of = ? ORDER BY n LIMIT 1", [id]
    ).fetchone()
    if heir is not None:
        db.execute("UPDATE articles SET copy_of = NULL WHERE id = ?", heir)
        db.execute("UPDATE articles SET copy_of = ? WHERE copy_of = ?", [heir[0], id])
    return True
