"""Every byte of a library compared with every other that says the same, and what can be made anew.

Texts with their hashes, passages with their texts, vectors and the lexical index with the passages,
near-copies' index with the texts, the faiss file with the vectors. What can't be compared with
anything (a title) isn't. Nothing here ever deletes an article.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from index.storing import copies, schema, vectors, versions
from index.storing.database import Database, meta_of
from index.storing.rows import passages_of

SAMPLE = 8  # articles that opening a library compares


@dataclass(slots=True)
class Health:
    """`compared`: what was looked at, a line each; `problems`: what isn't as it was written.

    `articles`: the ids of those whose text isn't what was stored. `passages`: of those whose
    passages or vectors aren't; `words`, `shingles`, `tables`, `nearest`: whether that index isn't.
    """

    compared: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    words: bool = False
    shingles: bool = False
    tables: bool = False
    nearest: bool = False


def sample(db: Database) -> str | None:
    """The id of an article whose text isn't what was stored, if one of a few drawn is such."""
    (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM articles").fetchone()
    for _ in range(min(SAMPLE, highest)):
        row = db.execute(
            "SELECT a.id, a.content_hash, t.text FROM articles a JOIN texts t ON t.article = a.n"
            " WHERE a.n >= ? ORDER BY a.n LIMIT 1",
            [random.randint(1, highest)],  # noqa: S311
        ).fetchone()
        if row and hashlib.sha256(str(row[2]).encode()).hexdigest() != row[1]:
            return str(row[0])
    return None


def inspect(
    db: Database,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Health:
    """Reads everything once. Raises sqlite3.DatabaseError where the file can't be read at all."""
    found = Health()
    _tables(db, found)
    meta = meta_of(db)
    _articles(db, found, int(meta["dimension"]), progress)
    _versions(db, found)
    if db.holds_words:
        _words(db, found)
    _nearest(db, found, folder, str(meta["library"]), int(meta["dimension"]))
    return found


def _tables(db: Database, found: Health) -> None:
    if db.holds_words:  # (a server keeps watch over its own pages)
        for (line,) in db.execute("PRAGMA integrity_check(5)").fetchall():
            if line != "ok":
                found.tables = True
                found.problems.append(line.replace("\n", " "))
        for table, _, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            found.problems.append(f"a row of {table} without its {parent}")
        found.compared.append("the pages, rows and indexes of the database, by SQLite's own check")
    lacking = db.execute(
        "SELECT count(*) FROM articles WHERE n NOT IN (SELECT article FROM texts)"
    ).fetchone()[0]
    if lacking:
        found.problems.append(f"{lacking} articles without their text")


def _articles(
    db: Database,
    found: Health,
    dimension: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    numbers = [n for (n,) in db.execute("SELECT article FROM texts ORDER BY article")]
    passages = 0
    for done, number in enumerate(numbers, 1):
        row = db.execute(
            "SELECT a.id, a.title, a.content_hash, a.sampled, a.path, a.url, t.text"
            " FROM articles a JOIN texts t ON t.article = a.n WHERE a.n = ?",
            [number],
        ).fetchone()
        if row is None:
            continue
        id, title, content, sampled, path, url, text = row
        if hashlib.sha256(text.encode()).hexdigest() != content:
            found.articles.append(id)
            found.problems.append(
                f"the text of article {id} ({title!r}) isn't what was stored: add {url or path!r} "
                "again"
            )
        passages += _passages(db, found, number, id, text, dimension)
        keys = set(copies.sampled(copies.shingles(text)))
        if sampled and id not in found.articles:
            held = [
                db.execute("SELECT 1 FROM shingles WHERE hash = ? AND article = ?", [key, number])
                for key in keys
            ]
            if sampled != len(keys) or not all(row.fetchone() for row in held):
                found.shingles = True
        if progress is not None:
            progress(done, len(numbers))
    if found.shingles:
        found.problems.append("the index of near-copies isn't that of the texts")
    found.compared.append(f"the texts of {len(numbers)} articles with their SHA-256")
    found.compared.append(f"{passages} passages with their texts, and their vectors' form")
    found.compared.append("the index of near-copies with the texts")


def _passages(db: Database, found: Health, number: int, id: str, text: str, dimension: int) -> int:
    rows = db.execute(
        'SELECT start, "end", vector FROM passages WHERE article = ? ORDER BY start', [number]
    ).fetchall()
    last = 0
    for start, end, vector in rows:
        if not last <= start < end <= len(text) or text[last:start].strip():
            found.problems.append(f"a passage of article {id} isn't a part of its text")
            break
        last = end
        numbers = np.frombuffer(vector, dtype="<f2") if len(vector) == 2 * dimension else None
        if numbers is None or not abs(float(np.linalg.norm(numbers.astype("f4"))) - 1) < 0.01:
            found.problems.append(f"a vector of article {id} isn't one")
            break
    else:
        if rows and not text[last:].strip():
            return len(rows)
        found.problems.append(f"article {id} has a part that is in no passage")
    found.passages.append(id)
    return len(rows)


def _versions(db: Database, found: Health) -> None:
    count, wrong = versions.damaged(db)
    for id in wrong:
        found.problems.append(f"an earlier version of article {id} isn't what was stored")
    if count:
        found.compared.append(f"{count} earlier versions of articles with their SHA-256")


def _words(db: Database, found: Health) -> None:
    """The lexical index against one made anew from the same rows, word by word."""
    db.execute(schema.WORDS.replace("TABLE words", "TABLE temp.again"))
    try:
        index(db, "temp.again")
        for table, name in (("main", "words"), ("temp", "again")):
            db.execute(
                f"CREATE VIRTUAL TABLE temp.{name}_held USING fts5vocab({table}, {name}, instance)"
            )
        here, there = (
            db.execute(f"SELECT term, doc, col, offset FROM temp.{name}_held")  # noqa: S608
            for name in ("words", "again")
        )
        try:
            same = all(one == other for one, other in zip_longest(here, there))
        except sqlite3.DatabaseError:
            same = False
        here.close()
        there.close()
    finally:
        for name in ("words_held", "again_held", "again"):
            db.execute(f"DROP TABLE IF EXISTS temp.{name}")
    if not same:
        found.words = True
        found.problems.append("the index of words isn't that of the passages")
    found.compared.append("every word of the lexical index with the passages")


def index(db: Database, table: str) -> None:
    """Puts every passage into an empty lexical table."""
    for number, id, title, text in db.execute(
        "SELECT a.n, a.id, a.title, t.text FROM articles a JOIN texts t ON t.article = a.n"
    ).fetchall():
        db.executemany(
            f"INSERT INTO {table} (rowid, title, heading, text) VALUES (?, ?, ?, ?)",  # noqa: S608
            [
                (n, title, passage.heading, passage.text)
                for n, passage in passages_of(db, number, id, text).items()
            ],
        )


def _nearest(db: Database, found: Health, folder: Path, library: str, dimension: int) -> None:
    def ours(found: vectors.Manifest | vectors.Form | None) -> bool:
        row = (
            found
            and db.execute(
                "SELECT token FROM writes WHERE generation = ?", [found.generation]
            ).fetchone()
        )
        return bool(found and row and (found.library, found.token) == (library, row[0]))

    manifest, form = vectors.manifest(folder), vectors.form(folder)
    form = form if ours(form) else None
    if not ours(manifest) or (manifest and manifest.built != (form.name if form else "")):
        manifest = None
    if manifest is None and form is None:
        found.compared.append("no file of nearest neighbours (it is made when it pays)")
        return
    held = vectors.read(folder, manifest, form)
    same = held is not None and held.dimension == dimension
    same = same and (form is None or vectors.is_whole(folder, form))
    if held is not None and same:
        since = min(made.generation for made in (manifest, form) if made is not None)
        removed = {n for (n,) in db.execute("SELECT n FROM removed WHERE generation > ?", [since])}
        wanted = set(held.ids().tolist()) - removed
        last = 0
        while same and (
            some := db.execute(
                "SELECT n, vector FROM passages WHERE n > ? ORDER BY n LIMIT 4096", [last]
            ).fetchall()
        ):
            last = some[-1][0]
            shared = [(n, v) for n, v in some if n in wanted and len(v) == 2 * dimension]
            wanted -= {n for n, _ in some}
            if shared:
                same = np.allclose(
                    held.vectors([n for n, _ in shared]),
                    vectors.unpack([v for _, v in shared], dimension),
                    atol=1e-6 if form is None else 1e-3,  # (built: two bytes a number)
                )
        same = same and not wanted
    if not same:
        found.nearest = True
        found.problems.append("the file of nearest neighbours isn't that of the vectors")
    found.compared.append("the file of nearest neighbours with the vectors, number by number")


def rebuild(db: Database, found: Health) -> list[str]:
    """Makes the indexes anew that aren't what they should be, inside the caller's transaction."""
    done: list[str] = []
    if found.tables:
        db.execute("REINDEX")
        done.append("the database's indexes")
    if found.shingles:
        db.execute("DELETE FROM shingles")
        for number, text in db.execute(
            "SELECT article, text FROM texts ORDER BY article"
        ).fetchall():
            copies.remember(db, number, text)
        done.append("the index of near-copies")
    if found.words and db.holds_words:
        words(db)
        done.append("the index of words")
    return done


def words(db: Database) -> None:
    """The lexical index, made anew whatever state it is in."""
    db.execute("DROP TABLE IF EXISTS words")
    db.execute(schema.WORDS)
    index(db, "words")
