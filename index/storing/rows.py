"""Articles and passages as rows of the library's tables, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.article import Article, Head
from index.splitting.passages import Passage
from index.storing import copies, seals, versions
from index.storing.database import Database, meta_of
from index.storing.schema import place
from index.storing.vectors import pack

HEAD = "a.id, a.title, a.source, a.published, a.authors, a.url, a.path, a.copy_of, a.gone"
ARTICLES = f"SELECT {HEAD}, t.text FROM articles a JOIN texts t ON t.article = a.n"  # noqa: S608


def head_of(row: Sequence[Any]) -> Head:
    """From the columns of `HEAD`."""
    id, title, source, published, authors, url, path, copy_of, gone = row
    return Head(
        id=id,
        title=title,
        source=source,
        published=date.fromisoformat(published) if published else None,
        authors=tuple(json.loads(authors)),
        url=url,
        path=path,
        copy_of=copy_of,
        gone=date.fromisoformat(gone) if gone else None,
    )


def article_of(row: Sequence[Any]) -> Article:
    """From what `ARTICLES` selects."""
    return head_of(row[:-1]).with_text(row[-1])


def passages_of(db: Database, number: int, id: str, text: str) -> dict[int, Passage]:
    """The passages of an article by number, in order."""
    rows = db.execute(
        'SELECT n, start, "end", heading FROM passages WHERE article = ? ORDER BY start, n',
        [number],
    )
    return {n: Passage(id, s, e, text[s:e], heading) for n, s, e, heading in rows}


def insert(
    db: Database,
    folder: Path | None,
    article: Article,
    passages: Sequence[Passage],
    vectors: NDArray[np.float32],
    *,
    history: bool = True,
) -> None:
    """The article, its passages, their vectors and words; in place of the article with its id.
    `folder` is the library's, if it lies in one.

    `history` keeps what that one said as a version, if it said something else.
    """
    changed = history and versions.keep(db, article)
    forget(db, article.id)
    generation = meta_of(db)["generation"]
    blobs = [pack(vector) for vector in vectors]
    values = {
        "id": article.id,
        "title": article.title,
        "content_hash": article.content_hash,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "authors": json.dumps(article.authors),
        "url": article.url,
        "path": article.path,
        "copy_of": article.copy_of,
        "place": place(article.path, folder),
        "gone": article.gone.isoformat() if article.gone else None,
        "arrived": generation,
        "changed": generation,
    }
    values["seal"] = seals.seal(
        [values[name] for name in seals.HEAD.split(", ")],
        sorted((p.start, p.end, p.heading, b) for p, b in zip(passages, blobs, strict=True)),
    )
    fixed = {"id", "arrived"} if changed else {"id", "arrived", "changed"}
    overwrite = ", ".join(f"{name} = excluded.{name}" for name in values if name not in fixed)
    (number,) = db.execute(
        f"INSERT INTO articles ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608
        f" ON CONFLICT (id) DO UPDATE SET {overwrite} RETURNING n",
        list(values.values()),  # an updated article keeps its number: its age
    ).fetchone()
    db.execute(
        "INSERT INTO texts VALUES (?, ?) ON CONFLICT (article) DO UPDATE SET text = excluded.text",
        [number, article.text],
    )
    copies.remember(db, number, article.text)
    if changed:
        _part_from_copies(db, article)
    into = 'INSERT INTO passages (article, start, "end", heading, vector) VALUES (?, ?, ?, ?, ?)'
    rows = [
        (number, passage.start, passage.end, passage.heading, blob)
        for passage, blob in zip(passages, blobs, strict=True)
    ]
    if not db.holds_words:
        db.executemany(into, rows)
        return
    for passage, row in zip(passages, rows, strict=True):
        (added,) = db.execute(f"{into} RETURNING n", row).fetchone()
        db.execute(
            "INSERT INTO words (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [added, article.title, passage.heading, passage.text],
        )


def _part_from_copies(db: Database, article: Article) -> None:
    """What the copies of an article are copies of, now that it says something else: of it still, or
    of the oldest of them that says the same, or of nothing."""
    own = copies.shingles(article.text)
    rows = db.execute(
        "SELECT a.n, a.id, t.text FROM articles a JOIN texts t ON t.article = a.n"
        " WHERE a.copy_of = ? ORDER BY a.n",
        [article.id],
    ).fetchall()
    kept = [copies.containment(own, copies.shingles(text)) >= copies.CONTAINED for *_, text in rows]
    parted = [row for row, stays in zip(rows, kept, strict=True) if not stays]
    if article.copy_of is not None:  # a copy is never one of a copy
        db.execute(
            "UPDATE articles SET copy_of = ? WHERE copy_of = ?", [article.copy_of, article.id]
        )
    for _, id, _ in parted:
        db.execute("UPDATE articles SET copy_of = NULL WHERE id = ?", [id])
    for number, id, text in parted:
        found = copies.original_of(db, id, text)
        if found is not None:
            older, first = db.execute(
                "SELECT n, coalesce(copy_of, id) FROM articles WHERE id = ?", [found]
            ).fetchone()
            if older < number and first != id:
                db.execute("UPDATE articles SET copy_of = ? WHERE id = ?", [first, id])


def forget(db: Database, id: str) -> int | None:
    """Removes the passages of an article; returns the article's number, None if there is none."""
    row = db.execute(
        "SELECT a.n, a.title, t.text FROM articles a JOIN texts t ON t.article = a.n"
        " WHERE a.id = ?",
        [id],
    ).fetchone()
    if row is None:
        return None
    number, title, text = row
    passages = passages_of(db, number, id, text)
    if db.holds_words:  # a table without its own text must be told what it is to forget
        db.executemany(
            "INSERT INTO words (words, rowid, title, heading, text) VALUES ('delete', ?, ?, ?, ?)",
            [(n, title, passage.heading, passage.text) for n, passage in passages.items()],
        )
    generation = meta_of(db)["generation"]
    db.executemany("INSERT INTO removed VALUES (?, ?)", [(n, generation) for n in passages])
    db.execute("DELETE FROM passages WHERE article = ?", [number])
    copies.forget(db, number, text)
    return int(number)


def delete(db: Database, id: str) -> bool:
    """Removes an article with all that hangs on it; whether it was there.

    The oldest copy of it becomes the original of the others.
    """
    number = forget(db, id)
    if number is None:
        return False
    db.execute("DELETE FROM texts WHERE article = ?", [number])
    versions.forget(db, id)
    # What is followed doesn't bring back what a person has removed; nor where a refresh was cut off
    # between an article and the note of where it came from.
    db.execute(
        "UPDATE items SET dropped = 1 WHERE origin IN (SELECT path FROM articles WHERE n = ?"
        " UNION SELECT url FROM articles WHERE n = ?) AND n NOT IN (SELECT item FROM held)"
        " AND NOT EXISTS (SELECT 1 FROM articles WHERE path = items.origin AND n <> ?)",
        [number, number, number],
    )
    db.execute("DELETE FROM articles WHERE n = ?", [number])
    db.execute(
        "UPDATE items SET dropped = 1 WHERE n IN (SELECT item FROM held WHERE article = ?)"
        " AND (SELECT count(*) FROM held WHERE item = items.n) = 1",
        [id],
    )
    db.execute("DELETE FROM held WHERE article = ?", [id])
    heir = db.execute(
        "SELECT id FROM articles WHERE copy_of = ? ORDER BY n LIMIT 1", [id]
    ).fetchone()
    if heir is not None:
        db.execute("UPDATE articles SET copy_of = NULL WHERE id = ?", heir)
        db.execute("UPDATE articles SET copy_of = ? WHERE copy_of = ?", [heir[0], id])
    return True
