"""Another encoder for a library: every passage encoded anew, while it is searched as before.

New vectors wait in a file beside the library, by passage number: a number stands for one text and
one title for good, so a run that is cut off goes on where it was, and what was removed meanwhile
does no harm. When next to none is lacking they take the old ones' place, in one transaction, and
the library gets another id, by which every index of it is built anew. Until then nothing of the
library changes. Passages stay as they were split: answers cite them by id.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from index.encoding.encoder import Encoder
from index.splitting.search_text import search_texts
from index.storing import faults, schema, seals, vectors
from index.storing.database import Database, Rows, describe, meta_of
from index.storing.rows import ARTICLES, article_of, passages_of

FILE = "reindex.sqlite"  # in the library's folder; gone when the library has the new encoder
BATCH = 256  # passages encoded at once; fewer lacking ones are encoded with the writer's lock held


def identity(encoder: Encoder) -> dict[str, str | int]:
    """What a library keeps of its encoder."""
    return {
        "encoder": encoder.name,
        "encoder_sha256": encoder.sha256,
        "dimension": encoder.dimension,
        "passage_prefix": encoder.prefixes.passage,
        "query_prefix": encoder.prefixes.query,
    }


def reindex(
    rows: Rows,
    writing: Callable[[], AbstractContextManager[Database]],
    encoder: Encoder,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """`writing` gives the one transaction, with the writer's lock; others may write until then.

    `progress` is told how many of how many passages are done, with those of a run before.
    """
    say = progress or (lambda done, total: None)
    with _waiting(rows, encoder) as waiting:
        while True:
            with rows.read() as db:
                lacking, total = waiting.lacking(db)
            done = total - sum(lacking.values())
            if total - done < BATCH:
                break
            for articles in _batches(lacking):
                with rows.read() as db:
                    texts = waiting.texts(db, articles, encoder)
                waiting.add(texts, encoder)
                done += len(texts)
                say(done, total)
        with writing() as db:
            lacking, total = waiting.lacking(db)
            waiting.add(waiting.texts(db, list(lacking), encoder), encoder)
            # another library, as far as indexes on disk and in other processes know
            describe(db, {"library": os.urandom(16).hex(), "search_text": schema.CONTEXT})
            describe(db, identity(encoder))
            for some in waiting.stored():
                db.executemany("UPDATE passages SET vector = ? WHERE n = ?", some)
            seals.renew(db)
        say(total, total)
    (rows.folder / FILE).unlink(missing_ok=True)


class _Waiting:
    """The vectors that are there already, of one library by one encoder."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known = {n for (n,) in db.execute("SELECT n FROM vectors")}

    def lacking(self, db: Database) -> tuple[dict[int, int], int]:
        """How many vectors lack, by their article's number; and how many passages there are."""
        counts: dict[int, int] = {}
        total = 0
        for n, article in db.execute("SELECT n, article FROM passages ORDER BY n"):
            total += 1
            if n not in self._known:
                counts[article] = counts.get(article, 0) + 1
        return counts, total

    def texts(
        self, db: Database, articles: Sequence[int], encoder: Encoder
    ) -> list[tuple[int, str]]:
        """The numbers of these articles' passages that lack, and what the encoder reads of each."""
        found: list[tuple[int, str]] = []
        for number in articles:
            row = db.execute(f"{ARTICLES} WHERE a.n = ?", [number]).fetchone()
            if row is None:  # removed meanwhile
                continue
            article = article_of(row)
            passages = passages_of(db, number, article.id, article.text)
            texts = search_texts(article, list(passages.values()), encoder.fits)
            found += [(n, t) for n, t in zip(passages, texts, strict=True) if n not in self._known]
        return found

    def add(self, texts: Sequence[tuple[int, str]], encoder: Encoder) -> None:
        for at in range(0, len(texts), BATCH):
            some = texts[at : at + BATCH]
            found = encoder.encode([text for _, text in some])
            numbers = [n for n, _ in some]
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    zip(numbers, map(vectors.pack, found), strict=True),
                )
            self._known.update(numbers)

    def stored(self) -> Iterator[list[tuple[bytes, int]]]:
        cursor = self._db.execute("SELECT vector, n FROM vectors ORDER BY n")
        while some := cursor.fetchmany(4 * BATCH):
            yield some


@contextmanager
def _waiting(rows: Rows, encoder: Encoder) -> Iterator[_Waiting]:
    """What waits of this library by this encoder; of any other it is thrown away."""
    with rows.read() as db:
        of = json.dumps([meta_of(db)["library"], identity(encoder)], sort_keys=True)
    path = rows.folder / FILE
    try:
        file = _opened(path, of)
        if file is None:
            path.unlink(missing_ok=True)
            path.with_name(f"{FILE}-journal").unlink(missing_ok=True)
            file = _opened(path, of)
            assert file is not None
        try:
            yield _Waiting(file)
        finally:
            file.close()
    except sqlite3.Error as error:
        raise faults.from_sqlite(error, rows.folder) from error
    except OSError as error:
        raise faults.from_system(error, rows.folder) from error


def _opened(path: Path, of: str) -> sqlite3.Connection | None:
    """None if it holds another library's vectors, another encoder's, or isn't what it should be."""
    new = not path.exists()
    db = sqlite3.connect(path)
    try:
        if new:
            with db:
                db.execute("CREATE TABLE made (of TEXT NOT NULL)")
                db.execute("CREATE TABLE vectors (n INTEGER PRIMARY KEY, vector BLOB NOT NULL)")
                db.execute("INSERT INTO made VALUES (?)", [of])
        if db.execute("SELECT of FROM made").fetchall() == [(of,)]:
            return db
    except sqlite3.DatabaseError:
        if new:
            db.close()
            raise
    db.close()
    return None


def _batches(lacking: dict[int, int]) -> Iterator[list[int]]:
    """Articles in order, of some BATCH lacking passages together."""
    some: list[int] = []
    held = 0
    for article, count in lacking.items():
        some.append(article)
        held += count
        if held >= BATCH:
            yield some
            some, held = [], 0
    if some:
        yield some
