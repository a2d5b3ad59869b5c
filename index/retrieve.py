"""How a library is searched: two candidate lists, fused, without repeats.

Candidates come from behind a seam (`index.storing.candidates`), by vector and by words;
`index.search` joins them, by score or by rank. What they stand for is read from the rows, so that a
candidate of a passage that is gone is no hit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.search import (
    Filter,
    Hit,
    asked_exactly,
    exactly,
    fuse,
    fuse_ranks,
    same_text,
    shingles,
)
from index.splitting.passages import Passage
from index.storing import vectors
from index.storing.candidates.protocol import Candidates
from index.storing.database import Database, Rows
from index.storing.rows import HEAD, article_of

CANDIDATES = 100  # of each list, at least; more only where k asks for more
MODES = ("fused", "dense", "lexical")


class Retriever:
    """Searches one library. Thread-safe."""

    def __init__(self, rows: Rows, candidates: Candidates) -> None:
        self._rows = rows
        self.candidates = candidates

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
        vector = encoder.encode([query], "query")[0]
        depth = max(CANDIDATES, 4 * k)
        candidates = self.candidates
        with self._rows.read() as db:
            candidates.catch_up(db)
            dense = candidates.dense(db, vector, depth, filter) if mode != "lexical" else []
            lexical = candidates.lexical(db, query, depth, filter) if mode != "dense" else []
            if mode != "fused":
                scores = dict(dense or lexical)
            elif candidates.comparable:
                scores = fuse(dict(dense), dict(lexical))
            else:
                scores = fuse_ranks([n for n, _ in dense], [n for n, _ in lexical])
            if mode == "fused" and (parts := asked_exactly(query)):
                every_match = len(lexical) < depth  # then what holds a part is among them
                may_hold = [n for n, _ in lexical] if every_match else list(scores)
                scores = exactly(scores, parts, _texts(db, may_hold))
            found = _Read(db, vector, scores, encoder.dimension)
            chosen = found.best(k)
            bm25 = dict(lexical)
            if mode == "dense" or len(lexical) == depth:  # else every match is in the list
                bm25 |= candidates.scores(db, query, [n for n in chosen if n not in bm25])
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


class _Read:
    """Fused candidates in order, read from the library as far as they are needed."""

    def __init__(
        self,
        db: Database,
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


def _texts(db: Database, numbers: list[int]) -> dict[int, str]:
    return dict(
        db.execute(
            "SELECT p.n, substr(t.text, CAST(p.start + 1 AS INTEGER),"  # noqa: S608
            ' CAST(p."end" - p.start AS INTEGER)) FROM passages p'
            f" JOIN texts t ON t.article = p.article WHERE p.n IN ({_numbers(numbers)})"
        ).fetchall()
    )


def _cosines(
    db: Database, query: NDArray[np.float32], numbers: list[int], dimension: int
) -> dict[int, float]:
    rows = db.execute(
        f"SELECT n, vector FROM passages WHERE n IN ({_numbers(numbers)})"  # noqa: S608
    ).fetchall()
    if not rows:
        return {}
    cosines = vectors.unpack([blob for _, blob in rows], dimension) @ query
    return {n: float(cosine) for (n, _), cosine in zip(rows, cosines, strict=True)}


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(int(n)) for n in numbers)
