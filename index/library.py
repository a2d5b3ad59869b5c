"""The Library: a folder with articles, passages and their index. In it:

library.sqlite     the truth (index.storing.store)
index.faiss/.json  derived from it, at some generation; caught up with or built anew at need
writer.lock/.pid   held by the one process that writes
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import (
    DatelineError,
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryMissing,
    UsageError,
)
from index.retrieve import Retriever
from index.search import Filter, Hit
from index.splitting.passages import Passage, split
from index.splitting.search_text import search_texts
from index.storing import vectors
from index.storing.rows import ARTICLE, article_of, delete, insert, meta_of
from index.storing.store import FILE, Store, missing


@dataclass(frozen=True, slots=True)
class Status:
    """What a library holds. `bytes` counts all files of its folder."""

    path: Path
    articles: int
    passages: int
    copies: int
    sources: int
    generation: int
    encoder: str
    dimension: int
    bytes: int


class Library:
    """Articles in, passages found. Made by `Library.open`; thread-safe.

    Many processes may read while one writes. Each write is one transaction: after `kill -9` an
    article is there with all its passages, or it isn't there.
    """

    def __init__(self, path: Path, store: Store, encoder: Encoder | None) -> None:
        self.path = path
        self._store = store
        self._encoder = encoder
        self._retriever = Retriever(store)
        self._lock = FileLock(path / "writer.lock", thread_local=False)
        self._holders = 0
        self._holding = threading.Lock()
        self._unsaved = False

    @classmethod
    def open(
        cls, path: str | Path, encoder: Encoder | None = None, *, create: bool = False
    ) -> Library:
        """The library in a folder. Without an encoder it can be listed, not searched or added to.

        Raises LibraryMissing, LibraryDamaged, EncoderMismatch (built with another encoder),
        UsageError (the path is a file).
        """
        path = Path(path).expanduser()
        if path.exists() and not path.is_dir():
            raise UsageError(f"'{path}' is a file; a library is a folder: name another path")
        store = Store(path)
        if create:
            if encoder is None:
                raise UsageError(f"a library at '{path}' can only be made with an encoder")
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatelineError(
                    f"the folder '{path}' can't be made ({error.strerror}); name another"
                ) from error
            store.create(encoder.name, encoder.dimension)
        elif not store.file.is_file():
            raise LibraryMissing(missing(path))
        try:
            store.verify()
            library = cls(path, store, encoder)
            if encoder is not None:
                library._match(encoder)
        except BaseException:
            store.close()
            raise
        return library

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Saves the derived index if this process has changed the library. May be called twice."""
        if self._unsaved:
            try:
                with self.writing():
                    pass
            except LibraryBusy:
                pass  # whoever writes now saves it
        self._store.close()

    # --- reading ----------------------------------------------------------------------------

    @property
    def encoder(self) -> Encoder | None:
        return self._encoder

    @property
    def generation(self) -> int:
        """Counts up with every change, by any process."""
        with self._store.read() as db:
            return int(meta_of(db)["generation"])

    def __len__(self) -> int:
        """How many articles."""
        with self._store.read() as db:
            return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])

    def article(self, id: str) -> Article | None:
        with self._store.read() as db:
            row = db.execute(f"SELECT {ARTICLE} FROM articles WHERE id = ?", [id]).fetchone()  # noqa: S608
        return None if row is None else article_of(row)

    def articles(self) -> list[Article]:
        """All articles, newest first, those without a date last."""
        with self._store.read() as db:
            rows = db.execute(
                f"SELECT {ARTICLE} FROM articles"  # noqa: S608
                " ORDER BY published IS NULL, published DESC, title, id"
            ).fetchall()
        return [article_of(row) for row in rows]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Id and text of every article, in the order in which they were first added."""
        with self._store.read() as db:
            yield from db.execute("SELECT id, text FROM articles ORDER BY n")

    def passages(self, article_id: str) -> list[Passage]:
        """The passages of an article, in order; none if there is no such article."""
        with self._store.read() as db:
            rows = db.execute(
                'SELECT a.text, p.start, p."end", p.heading FROM passages p'
                " JOIN articles a ON a.n = p.article WHERE a.id = ? ORDER BY p.start",
                [article_id],
            ).fetchall()
        return [Passage(article_id, s, e, text[s:e], heading) for text, s, e, heading in rows]

    def passage(self, passage_id: str) -> Passage | None:
        article_id = passage_id.rpartition(":")[0]
        return next((p for p in self.passages(article_id) if p.id == passage_id), None)

    def sources(self) -> dict[str, int]:
        """How many articles each source has, by name; articles without a source aren't counted."""
        with self._store.read() as db:
            return dict(
                db.execute(
                    "SELECT source, count(*) FROM articles WHERE source IS NOT NULL"
                    " GROUP BY source ORDER BY source"
                ).fetchall()
            )

    def newest(self, by: date) -> date | None:
        """The date of the newest article, of those that aren't dated after `by`."""
        with self._store.read() as db:
            row = db.execute(
                "SELECT max(published) FROM articles WHERE published <= ?", [by.isoformat()]
            ).fetchone()
        return date.fromisoformat(row[0]) if row[0] else None

    def status(self) -> Status:
        with self._store.read() as db:
            meta = meta_of(db)
            articles, copies, sources = db.execute(
                "SELECT count(*), count(copy_of), count(DISTINCT source) FROM articles"
            ).fetchone()
            passages = db.execute("SELECT count(*) FROM passages").fetchone()[0]
        return Status(
            path=self.path,
            articles=articles,
            passages=passages,
            copies=copies,
            sources=sources,
            generation=meta["generation"],
            encoder=meta["encoder"],
            dimension=meta["dimension"],
            bytes=sum(map(_size, self.path.iterdir())),
        )

    def check(self) -> None:
        """Reads everything once; raises LibraryDamaged if something isn't as it was written."""
        with self._store.read() as db:
            found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found == "ok" and db.execute("PRAGMA foreign_key_check").fetchone():
                found = "a passage without its article"
            rows = db.execute(
                'SELECT a.id, length(a.text), p.start, p."end", length(p.vector)'
                " FROM passages p JOIN articles a ON a.n = p.article"
            ).fetchall()
            passages, words = db.execute(
                "SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM words_docsize)"
            ).fetchone()
            size = 2 * int(meta_of(db)["dimension"])
        if found == "ok" and passages != words:
            found = f"{passages} passages, but {words} in the lexical index"
        for id, length, start, end, vector in rows:
            if not 0 <= start < end <= length or vector != size:
                found = f"article {id} has a passage that can't be"
        if found != "ok":
            raise LibraryDamaged(
                f"the library '{self.path}' is damaged ({found}); restore '{FILE}' from a copy, "
                "or remove the folder and add the articles again"
            )

    def search(
        self, query: str, k: int = 10, *, mode: str = "fused", filter: Filter | None = None
    ) -> list[Hit]:
        """The k best passages for a query, best first; see `index.retrieve` for how.

        `mode` is "fused", "dense" or "lexical". Articles that another process has added since
        are found. Raises UsageError, EncoderMismatch (re-indexed meanwhile).
        """
        encoder = self._encoder
        if encoder is None:
            raise UsageError(f"the library '{self.path}' was opened without an encoder")
        return self._retriever.search(
            query, k, mode, filter or Filter(), encoder, lambda: self._match(encoder)
        )

    # --- writing ----------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the writer's lock over several writes; saves the derived index at the end.

        Each write takes the lock by itself too. Raises LibraryBusy if another process has it.
        """
        with self._holding:
            if not self._holders:
                self._acquire()
            self._holders += 1
        try:
            yield
        finally:
            with self._holding:
                self._holders -= 1
                if not self._holders:
                    try:
                        if self._unsaved:
                            self._unsaved = False
                            self._retriever.save(self.path)
                    finally:
                        self._lock.release()

    def put(
        self,
        article: Article,
        passages: Sequence[Passage] | None = None,
        embeddings: NDArray[np.float32] | None = None,
    ) -> None:
        """Adds an article, or replaces the one with its id, in one transaction.

        Without `passages`, they are split by an estimate of tokens; without `embeddings` (unit
        vectors, one row a passage), they are encoded here. Raises LibraryBusy.
        """
        if passages is None:
            passages = split(article.id, article.text, lambda text: max(1, len(text) // 4))
        if embeddings is None:
            if self._encoder is None:
                raise UsageError(f"the library '{self.path}' was opened without an encoder")
            embeddings = self._encoder.encode(search_texts(article, passages, self._encoder.fits))
        if len(embeddings) != len(passages):
            raise ValueError(f"{len(embeddings)} vectors for {len(passages)} passages")
        with self._lone_write() as db:
            if self._encoder is not None:
                self._match(self._encoder, db)
            insert(db, article, passages, embeddings)

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Removes articles, in one transaction; returns the ids that were there.

        Of the copies of a removed article, the oldest takes its place.
        """
        with self._lone_write() as db:
            return [id for id in dict.fromkeys(ids) if delete(db, id)]

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None = None) -> None:
        """Encodes every passage anew, with this encoder from now on, in one transaction.

        `progress` is told how many of how many passages are done. Readers with the old encoder
        go on until it is done, then get EncoderMismatch.
        """
        with self._lone_write() as db:
            total = db.execute("SELECT count(*) FROM passages").fetchone()[0]
            done = 0
            for some in _batches(_to_encode(db, encoder), 256):
                found = encoder.encode([text for _, text in some])
                db.executemany(
                    "UPDATE passages SET vector = ? WHERE n = ?",
                    [(vectors.pack(v), n) for v, (n, _) in zip(found, some, strict=True)],
                )
                done += len(some)
                if progress is not None:
                    progress(done, total)
            # another library, as far as indexes on disk and in other processes know
            db.executemany(
                "UPDATE meta SET value = ? WHERE name = ?",
                [
                    (os.urandom(16).hex(), "library"),
                    (encoder.name, "encoder"),
                    (encoder.dimension, "dimension"),
                ],
            )
            self._encoder = encoder

    @contextmanager
    def _lone_write(self) -> Iterator[sqlite3.Connection]:
        with self._holding:
            if not self._holders:
                self._acquire()
            self._holders += 1
        try:
            with self._store.write() as db:
                yield db
            self._unsaved = True
        finally:
            with self._holding:
                self._holders -= 1
                if not self._holders:
                    self._lock.release()

    def _acquire(self) -> None:
        pid = self.path / "writer.pid"
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            try:
                who = f"process {int(pid.read_text())}"
            except (OSError, ValueError):
                who = "another process"
            raise LibraryBusy(
                f"{who} is writing to the library '{self.path}'; try again when it is done"
            ) from None
        except OSError as error:
            raise DatelineError(
                f"the library '{self.path}' can't be written ({error.strerror}); "
                "check the folder's permissions"
            ) from error
        with suppress(OSError):  # it only serves a message
            pid.write_text(str(os.getpid()))

    def _match(self, encoder: Encoder, db: sqlite3.Connection | None = None) -> None:
        if db is None:
            with self._store.read() as snapshot:
                meta = meta_of(snapshot)
        else:
            meta = meta_of(db)
        if (meta["encoder"], meta["dimension"]) != (encoder.name, encoder.dimension):
            raise EncoderMismatch(
                f"the library '{self.path}' was built with the encoder '{meta['encoder']}', not "
                f"'{encoder.name}'; re-index it with: dateline --library '{self.path}' reindex"
            )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # SQLite's side files come and go
        return 0


def _to_encode(db: sqlite3.Connection, encoder: Encoder) -> Iterator[tuple[int, str]]:
    """The number of every passage, and what the encoder reads of it; article by article."""
    for (number,) in db.execute("SELECT n FROM articles ORDER BY n").fetchall():
        row = db.execute(f"SELECT {ARTICLE} FROM articles WHERE n = ?", [number]).fetchone()  # noqa: S608
        article = article_of(row)
        rows = db.execute(
            'SELECT n, start, "end", heading FROM passages WHERE article = ? ORDER BY start',
            [number],
        ).fetchall()
        passages = [
            Passage(article.id, s, e, article.text[s:e], heading) for _, s, e, heading in rows
        ]
        texts = search_texts(article, passages, encoder.fits)
        yield from zip([n for n, *_ in rows], texts, strict=True)


def _batches(items: Iterator[tuple[int, str]], size: int) -> Iterator[list[tuple[int, str]]]:
    while some := list(islice(items, size)):
        yield some
