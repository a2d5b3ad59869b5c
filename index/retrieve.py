"""How a library is searched: two candidate lists, fused, without repeats.

Dense candidates come from the vectors in memory (exact inner product), lexical ones from FTS5's
BM25; `index.search.fuse` joins them by score. The vectors in memory follow the library: before
each search they catch up with what any process has written since, or are read anew where the
library has become another (its tokens differ: it was restored from a copy).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.search import Filter, Hit, fuse, match_expression, same_text, shingles
from index.splitting.passages import Passage
from index.storing import vectors
from index.storing.rows import HEAD, article_of, meta_of
from index.storing.store import Store
from index.storing.vectors import VectorIndex

SAVED_FROM = 1_000  # passages written since the index's file: fewer are caught up with in no time
SAVED_SHARE = 0.1  # or this share of all: writing the file costs by all, whatever was added
CANDIDATES = 100  # of each list, at least; more only where k asks for more
MODES = ("fused", "dense", "lexical")

_BM25 = "-bm25(words, 1.0, 1.0, 1.0)"


class Retriever:
    """Searches one store; keeps the vectors in memory. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index: VectorIndex | None = None
        self._library = ""
        self._generation = -1
        self._tokens: dict[int, str] = {}  # of the generations that the index has been through
        self._highest = 0
        self._refreshing = threading.Lock()

    def search(
        self,
        query: str,
        k: int,
        mode: str,
        filter: Filter,
        encoder: Encoder,
        check: Callable[[], None],
    ) -> list[Hit]:
        """See `Library.search`. `check` raises if the library no longer takes this encoder."""
        if not query.strip():
            raise UsageError("the query is empty; say what to search for")
        if k < 1:
            raise UsageError(f"can't return {k} passages; ask for at least 1")
        if mode not in MODES:
            raise UsageError(f"there is no search mode '{mode}'; use one of {', '.join(MODES)}")
        check()
        vector = encoder.encode([query])[0]
        depth = max(CANDIDATES, 4 * k)
        with self._store.read() as db:
            index = self._caught_up(db, encoder.dimension)
            allowed = _allowed(db, filter)
            dense = index.search(vector, depth, allowed) if mode != "lexical" else []
            expression = match_expression(query)
            lexical = _lexical(db, expression, filter, depth) if mode != "dense" else []
            both = mode == "fused"
            scores = fuse(dict(dense), dict(lexical)) if both else dict(dense or lexical)
            found = _Candidates(db, vector, scores, encoder.dimension)
            chosen = found.best(k)
            bm25 = dict(lexical)
            if mode == "dense" or len(lexical) == depth:  # else every match is in the list
                bm25 |= _bm25(db, expression, [n for n in chosen if n not in bm25])
        dense_ranks = {n: rank for rank, (n, _) in enumerate(dense, start=1)}
        lexical_ranks = {n: rank for rank, (n, _) in enumerate(lexical, start=1)}
        return [
            Hit(
                passage=found.passages[n],
                article=found.articles[n],
                score=scores[n],
                rank=rank,
                dense=found.cosines[n],
                lexical=bm25.get(n),
                dense_rank=dense_ranks.get(n),
                lexical_rank=lexical_ranks.get(n),
            )
            for rank, n in enumerate(chosen, start=1)
        ]

    def save(self, folder: Path) -> None:
        """Writes the derived index, if enough has changed since its file was written.

        Raises OSError: what is derived couldn't be kept, which costs time, nothing else.
        """
        with self._store.read() as db:
            meta = meta_of(db)
            found = vectors.manifest(folder)
            if found is not None and _is_of(db, meta, found) and not _far(db, found):
                return
            index = self._caught_up(db, int(meta["dimension"]))
            with self._refreshing:
                token = self._tokens[self._generation]
                vectors.write(folder, index, self._library, self._generation, token)

    def _caught_up(self, db: sqlite3.Connection, dimension: int) -> VectorIndex:
        """The vectors as of this snapshot, or newer."""
        meta = meta_of(db)
        generation = int(meta["generation"])
        with self._refreshing:
            if self._index is None or not self._follows(db, meta):
                self._index = self._from_file(db, meta) or VectorIndex(dimension)
                self._library = str(meta["library"])
                self._highest = int(self._index.ids().max(initial=0))
            if self._generation < generation:
                gone = db.execute("SELECT n FROM removed WHERE generation > ?", [self._generation])
                self._index.remove([n for (n,) in gone])
                new = db.execute(
                    "SELECT n, vector FROM passages WHERE n > ? ORDER BY n", [self._highest]
                )
                while rows := new.fetchmany(4096):
                    self._index.add(
                        [n for n, _ in rows], vectors.unpack([v for _, v in rows], dimension)
                    )
                    self._highest = rows[-1][0]
                self._tokens |= db.execute(
                    "SELECT generation, token FROM writes WHERE generation > ?", [self._generation]
                ).fetchall()
                self._generation = generation
            return self._index

    def _follows(self, db: sqlite3.Connection, meta: dict[str, Any]) -> bool:
        """Whether what is in memory is of this snapshot's own past; or its future, where another
        thread has begun later."""
        at = min(self._generation, int(meta["generation"]))
        return meta["library"] == self._library and self._tokens.get(at) == _token(db, at)

    def _from_file(self, db: sqlite3.Connection, meta: dict[str, Any]) -> VectorIndex | None:
        self._generation, self._tokens = -1, {}
        found = vectors.manifest(self._store.folder)
        if found is None or not _is_of(db, meta, found):
            return None
        index = vectors.read(self._store.folder, found)
        if index is not None:
            self._generation, self._tokens = found.generation, {found.generation: found.token}
        return index


def _is_of(db: sqlite3.Connection, meta: dict[str, Any], found: vectors.Manifest) -> bool:
    """Whether the index's file was made from a state that this library has been in."""
    return (found.library, found.dimension) == (
        meta["library"],
        meta["dimension"],
    ) and found.token == _token(db, found.generation)


def _far(db: sqlite3.Connection, found: vectors.Manifest) -> bool:
    """Whether so much was written since that reading it anew each time isn't worth it."""
    passages = db.execute("SELECT count(*) FROM passages").fetchone()[0]
    (removed,) = db.execute(
        "SELECT count(*) FROM removed WHERE generation > ?", [found.generation]
    ).fetchone()
    added = passages - (found.passages - removed)
    return bool(added + removed > max(SAVED_FROM, SAVED_SHARE * found.passages))


def _token(db: sqlite3.Connection, generation: int) -> str | None:
    row = db.execute("SELECT token FROM writes WHERE generation = ?", [generation]).fetchone()
    return str(row[0]) if row else None


class _Candidates:
    """Fused candidates in order, read from the library as far as they are needed."""

    def __init__(
        self,
        db: sqlite3.Connection,
        query: NDArray[np.float32],
        scores: dict[int, float],
        dimension: int,
    ) -> None:
        self._db = db
        self.passages: dict[int, Passage] = {}
        self.articles: dict[int, Article] = {}
        self.cosines = _cosines(db, query, list(scores), dimension)
        # equal scores: the nearer passage first, then the one that came first
        self._order = sorted(self.cosines, key=lambda n: (-scores[n], -self.cosines[n], n))

    def best(self, k: int) -> list[int]:
        """The k best, where of passages that say the same in the same words only one is kept.

        Of a copy and its original, the original is kept, in the better one's place.
        """
        kept: list[int] = []
        words: dict[int, frozenset[str]] = {}
        for at, n in enumerate(self._order):
            if n not in self.passages:
                self._read(self._order[at : at + 2 * k])
            words[n] = shingles(self.passages[n].text)
            twin = next((m for m in kept if self._twins(n, m, words)), None)
            if twin is None:
                if len(kept) == k:
                    break
                kept.append(n)
            elif self.articles[twin].copy_of == self.articles[n].id:
                kept[kept.index(twin)] = n
        return kept

    def _twins(self, n: int, m: int, words: dict[int, frozenset[str]]) -> bool:
        one, other = self.articles[n], self.articles[m]
        if one.id == other.id:
            return words[n] == words[m]
        family = (one.copy_of or one.id) == (other.copy_of or other.id)
        return same_text(words[n], words[m], copies=family)

    def _read(self, numbers: Sequence[int]) -> None:
        rows = self._db.execute(
            f'SELECT p.n, p.start, p."end", p.heading, p.article, {HEAD}, t.text'  # noqa: S608
            " FROM passages p JOIN articles a ON a.n = p.article"
            " JOIN texts t ON t.article = a.n"
            f" WHERE p.n IN ({_numbers(numbers)})"
        ).fetchall()
        articles: dict[int, Article] = {}
        for n, start, end, heading, number, *row in rows:
            article = articles.setdefault(number, article_of(row))
            self.articles[n] = article
            self.passages[n] = Passage(article.id, start, end, article.text[start:end], heading)


def _cosines(
    db: sqlite3.Connection, query: NDArray[np.float32], numbers: list[int], dimension: int
) -> dict[int, float]:
    rows = db.execute(
        f"SELECT n, vector FROM passages WHERE n IN ({_numbers(numbers)})"  # noqa: S608
    ).fetchall()
    if not rows:
        return {}
    cosines = vectors.unpack([blob for _, blob in rows], dimension) @ query
    return {n: float(cosine) for (n, _), cosine in zip(rows, cosines, strict=True)}


def _where(filter: Filter) -> tuple[str, list[Any]]:
    """A condition on articles `a`, and its parameters; "" if nothing is filtered."""
    conditions: list[str] = []
    values: list[Any] = []
    if filter.since is not None:
        conditions.append("a.published >= ?")
        values.append(filter.since.isoformat())
    if filter.until is not None:
        conditions.append("a.published <= ?")
        values.append(filter.until.isoformat())
    if filter.sources:
        conditions.append(f"a.source IN ({', '.join('?' * len(filter.sources))})")
        values += sorted(filter.sources)
    return " AND ".join(conditions), values


def _allowed(db: sqlite3.Connection, filter: Filter) -> NDArray[np.int64] | None:
    """The numbers of the passages that the filter lets through; None if it lets all through."""
    condition, values = _where(filter)
    if not condition:
        return None
    rows = db.execute(
        f"SELECT p.n FROM articles a JOIN passages p ON p.article = a.n WHERE {condition}",  # noqa: S608
        values,
    ).fetchall()
    return np.array([n for (n,) in rows], dtype=np.int64)


def _lexical(
    db: sqlite3.Connection, expression: str | None, filter: Filter, depth: int
) -> list[tuple[int, float]]:
    """Numbers and BM25 scores (higher is better), best first."""
    if expression is None:
        return []
    condition, values = _where(filter)
    among = ""
    if condition:
        chosen = "SELECT p.n FROM articles a JOIN passages p ON p.article = a.n WHERE"
        # (with the +, which keeps it from being a constraint of the lexical table: FTS5 would run
        # its match anew for every row that is allowed)
        among = f" AND +rowid IN ({chosen} {condition})"
    return db.execute(
        f"SELECT rowid, {_BM25} AS score FROM words WHERE words MATCH ?{among}"  # noqa: S608
        " ORDER BY score DESC, rowid LIMIT ?",
        [expression, *values, depth],
    ).fetchall()


def _bm25(
    db: sqlite3.Connection, expression: str | None, numbers: Sequence[int]
) -> dict[int, float]:
    if expression is None or not numbers:
        return {}
    return dict(
        db.execute(
            f"SELECT rowid, {_BM25} FROM words WHERE words MATCH ?"  # noqa: S608
            f" AND +rowid IN ({_numbers(numbers)})",
            [expression],
        ).fetchall()
    )


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(int(n)) for n in numbers)
