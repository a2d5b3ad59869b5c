"""What a library holds, read without its articles' texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from index.article import Article, Head
from index.search import Filter
from index.storing.database import NO_LIMIT, Database, meta_of, placeholders
from index.storing.rows import ARTICLES, HEAD, article_of, head_of
from index.storing.schema import place


def heads(db: Database, limit: int | None, offset: int) -> list[Head]:
    """Newest first, those without a date last."""
    rows = db.execute(
        f"SELECT {HEAD} FROM articles a"  # noqa: S608
        " ORDER BY a.published DESC NULLS LAST, a.title, a.id LIMIT ? OFFSET ?",
        [NO_LIMIT if limit is None else limit, offset],
    )
    return [head_of(row) for row in rows]


def sources(db: Database) -> dict[str, int]:
    """How many articles each source has, by name; articles without a source aren't counted."""
    return dict(
        db.execute(
            "SELECT source, count(*) FROM articles WHERE source IS NOT NULL"
            " GROUP BY source ORDER BY source"
        ).fetchall()
    )


@dataclass(frozen=True, slots=True)
class News:
    """What came into a library since some generation of it: articles that weren't there, those that
    were corrected, and those that vanished at their source (which are in neither of the others)."""

    added: list[Head]
    changed: list[Head]
    gone: list[Head]


def since(db: Database, generation: int) -> News:
    """Newest last change first."""

    def those(condition: str) -> list[Head]:
        values = [generation] * condition.count("?")
        rows = db.execute(f"SELECT {HEAD} FROM articles a WHERE {condition}", values)  # noqa: S608
        return [head_of(row) for row in rows]

    return News(
        those("a.arrived > ? AND a.gone IS NULL ORDER BY a.arrived DESC, a.n DESC"),
        those(
            "a.changed > ? AND a.arrived <= ? AND a.gone IS NULL ORDER BY a.changed DESC, a.n DESC"
        ),
        those("a.changed > ? AND a.gone IS NOT NULL ORDER BY a.changed DESC, a.n DESC"),
    )


def contents(db: Database) -> Iterator[tuple[str, str]]:
    """Title and SHA-256 of the text of every article."""
    for title, content_hash in db.execute("SELECT title, content_hash FROM articles"):
        yield str(title), str(content_hash)


def gone(db: Database) -> list[Head]:
    """Articles that vanished at their source, latest first."""
    rows = db.execute(
        f"SELECT {HEAD} FROM articles a WHERE a.gone IS NOT NULL"  # noqa: S608
        " ORDER BY a.gone DESC, a.title, a.id"
    )
    return [head_of(row) for row in rows]


def mark_gone(db: Database, ids: Iterable[str], day: date | None) -> None:
    """That an article vanished is told by `since`; one that is there again, and was never
    corrected, is as it was."""
    ids = list(ids)
    if day is not None:
        now = int(meta_of(db)["generation"])
        db.executemany("UPDATE articles SET changed = ? WHERE id = ?", [(now, id) for id in ids])
    else:
        db.executemany(
            "UPDATE articles SET changed = arrived WHERE id = ? AND NOT EXISTS"
            " (SELECT 1 FROM versions WHERE article = articles.id)",
            [(id,) for id in ids],
        )
    db.executemany(
        "UPDATE articles SET gone = ? WHERE id = ?",
        [(day.isoformat() if day else None, id) for id in ids],
    )


def newest(db: Database, by: date) -> date | None:
    row = db.execute(
        "SELECT max(published) FROM articles WHERE published <= ?", [by.isoformat()]
    ).fetchone()
    return date.fromisoformat(row[0]) if row[0] else None


def undated(db: Database, filter: Filter) -> int:
    """How many articles a filter leaves out only because they have no date."""
    if filter.since is None and filter.until is None:
        return 0
    among, values = "", sorted(filter.sources)
    if values:
        among = f" AND source IN ({placeholders(values)})"
    row = db.execute(
        f"SELECT count(*) FROM articles WHERE published IS NULL{among}",  # noqa: S608
        values,
    ).fetchone()
    return int(row[0])


def known(db: Database, article: Article, folder: Path | None) -> Article | None:
    """The article of the library that this one is, in an earlier state or place.

    With an address, the one of that address. Else the one of that file: at the same path; at the
    same place seen from the library's folder (both were moved, or copied, together); or of the same
    text, if its own file is gone (the file was moved).
    """
    if article.url is not None or article.path is None:
        return _one(db, "a.id = ?", article.id)
    found = _one(db, "a.url IS NULL AND a.path = ?", article.path)
    found = found or _one(db, "a.url IS NULL AND a.place = ?", place(article.path, folder))
    if found is not None:
        return found
    rows = db.execute(
        f"{ARTICLES} WHERE a.content_hash = ? AND a.path IS NOT NULL AND a.url IS NULL"
        " ORDER BY a.title <> ?, a.n",
        [article.content_hash, article.title],
    )
    return next((a for a in map(article_of, rows) if _is_gone(a.path or "")), None)


def _one(db: Database, condition: str, value: str | None) -> Article | None:
    found = db.execute(f"{ARTICLES} WHERE {condition} ORDER BY a.n", [value]).fetchone()
    return None if found is None else article_of(found)


def _is_gone(path: str) -> bool:
    """Whether the file isn't there; a path may name an article inside it ("news.jsonl#3")."""
    return not any(Path(p).exists() for p in (path, path.rpartition("#")[0]) if p)
