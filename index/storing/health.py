"""Every byte of a library compared with every other that says the same, and what can be made anew.

Texts with their hashes; titles, dates, passages and vectors with the article's seal; passages with
their texts, the lexical index with the passages, near-copies' index with the texts, the files of
nearest neighbours with the vectors, the stamps of writes with each other. Nothing is changed here:
see `index.storing.mending`. What a page of the file no longer gives is a problem like any other.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from index.storing import copies, schema, seals, versions
from index.storing.candidates import built
from index.storing.database import Database, meta_of
from index.storing.rows import passages_of
from index.storing.store import tolerant

SAMPLE = 8  # articles that opening a library compares


@dataclass(slots=True)
class Health:
    """`compared`: what was looked at, a line each; `problems`: what isn't as it was written.

    `articles`: the ids of those whose text isn't what was stored. `passages`: of those whose
    passages or vectors aren't, `heads`: whose title, source, date, authors or address isn't.
    `words`, `shingles`, `tables`, `nearest`, `links`, `stamps`, `served` (candidates on a
    server): whether that index isn't, what one
    article says of another, or the count of writes. `unreadable`: whether some rows can't be read
    at all. `lost`: what mending could not bring back, a sentence each.
    """

    compared: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    words: bool = False
    shingles: bool = False
    tables: bool = False
    nearest: bool = False
    served: bool = False
    links: bool = False
    stamps: bool = False
    unreadable: bool = False
    heads: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


# What an error of SQLite's tells of the machine, not of the library's bytes.
_OTHER = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip
UNFIT = (sqlite3.DatabaseError, TypeError, ValueError, KeyError, OverflowError)


def is_damage(error: Exception) -> bool:
    """Whether it comes of rows that aren't what was written: of another kind, or none at all."""
    if isinstance(error, sqlite3.ProgrammingError) or "no such module" in str(error):
        return False
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _OTHER


def sample(db: Database) -> tuple[int, str | None]:
    """How many articles were drawn by chance; the id of one whose text isn't what was stored."""
    (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM articles").fetchone()
    drawn: set[str] = set()
    few = (
        list(range(1, highest + 1)) if highest <= SAMPLE else random.sample(range(highest), SAMPLE)
    )
    for number in few:
        row = db.execute(
            "SELECT a.id, a.content_hash, t.text FROM articles a JOIN texts t ON t.article = a.n"
            " WHERE a.n >= ? ORDER BY a.n LIMIT 1",
            [number],
        ).fetchone()
        if row:
            drawn.add(str(row[0]))
            if _hash(str(row[2])) != row[1]:
                return len(drawn), str(row[0])
    return len(drawn), None


def inspect(
    db: Database,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Health:
    """Reads everything once. Raises sqlite3.Error for what isn't damage (a full disk)."""
    found = Health()
    # (a server reads rows of its own kinds only)
    with tolerant(db) if db.holds_words else nullcontext():
        looks: list[tuple[str, Callable[[], None]]] = [
            ("the pages of the database", lambda: _tables(db, found)),
            ("the articles", lambda: _articles(db, found, progress)),
            ("the earlier versions", lambda: _versions(db, found)),
            ("the stamps of writes", lambda: _stamps(db, found)),
            ("the vectors", lambda: _files(found, built.neighbours(db, folder))),
            ("the files of words", lambda: _files(found, built.words(db, folder))),
        ]
        if db.holds_words:
            looks.insert(4, ("the index of words", lambda: _words(db, found)))
        for what, look in looks:
            try:
                look()
            except UNFIT as error:
                if not is_damage(error):
                    raise
                found.unreadable = True
                found.problems.append(f"{what} can't be read in full ({error})")
    return found


def sound(db: Database) -> list[str]:
    """What SQLite itself finds wrong with its pages, rows and indexes."""
    lines = [str(line).replace("\n", " ") for (line,) in db.execute("PRAGMA integrity_check(5)")]
    return [line for line in lines if line != "ok"]


def _tables(db: Database, found: Health) -> None:
    if db.holds_words:  # (a server keeps watch over its own pages)
        if wrong := sound(db):
            found.tables = True
            found.problems += wrong
        for table, _, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            found.problems.append(f"a row of {table} without its {parent}")
            found.unreadable = True
        found.compared.append("the pages, rows and indexes of the database, by SQLite's own check")
    for one, other in (("articles a", "texts"), ("texts a", "articles")):
        theirs, ours = ("article", "n") if other == "texts" else ("n", "article")
        (lacking,) = db.execute(
            f"SELECT count(*) FROM {one} WHERE a.{ours} NOT IN (SELECT {theirs} FROM {other})"  # noqa: S608
        ).fetchone()
        if lacking:
            found.unreadable = True
            kind = "their text" if other == "texts" else "their title and date"
            found.problems.append(f"{lacking} articles without {kind}")
    (astray,) = db.execute(
        "SELECT count(*) FROM articles WHERE copy_of NOT IN (SELECT id FROM articles)"
    ).fetchone()
    if astray:
        found.links = True
        found.problems.append(f"{astray} articles are called copies of one that isn't there")


def _stamps(db: Database, found: Health) -> None:
    """What indexes on disk and in other processes go by."""
    generation = int(meta_of(db)["generation"])
    (last,) = db.execute("SELECT max(generation) FROM writes").fetchone()
    (later,) = db.execute(
        "SELECT count(*) FROM removed WHERE generation > ?", [generation]
    ).fetchone()
    (both,) = db.execute("SELECT count(*) FROM removed JOIN passages USING (n)").fetchone()
    if last != generation or later or both:
        found.stamps = True
        found.problems.append("the count of changes isn't that of what was written and removed")
    found.compared.append("the stamps of writes with each other")


def _articles(
    db: Database,
    found: Health,
    progress: Callable[[int, int], None] | None,
) -> None:
    dimension = int(meta_of(db)["dimension"])
    numbers = [n for (n,) in db.execute("SELECT article FROM texts ORDER BY article")]
    passages = 0
    for done, number in enumerate(numbers, 1):
        row = db.execute(
            "SELECT a.id, a.title, a.content_hash, a.sampled, a.path, a.url, a.seal, t.text"
            " FROM articles a JOIN texts t ON t.article = a.n WHERE a.n = ?",
            [number],
        ).fetchone()
        if row is None:
            continue
        id, title, content, sampled, path, url, sealed, text = row
        own = seals.parts(seals.held(db, number))
        head, body = seals.parts(sealed) if sealed else own
        if _hash(text) != content:
            found.articles.append(id)
            found.problems.append(
                f"the text of article {id} ({title!r}) isn't what was stored: add {url or path!r} "
                "again"
            )
        elif head != own[0]:
            found.heads.append(id)
            found.problems.append(
                f"the title, source, date, authors or address of article {id} ({title!r}) isn't "
                f"what was stored: add {url or path!r} again, or edit it"
            )
        passages += _passages(db, found, number, id, text, dimension)
        if body != own[1] and id not in found.passages:
            found.passages.append(id)
            found.problems.append(f"a vector of article {id} isn't what was stored")
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
    found.compared.append(f"{passages} passages and their vectors with the texts and the seals")
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


def _files(found: Health, seen: built.Seen) -> None:
    found.compared += filter(None, [seen.compared])
    found.problems += seen.problems
    found.nearest = found.nearest or bool(seen.problems)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
