"""Candidates within one machine: vectors in memory by faiss, words by SQLite's FTS5.

Where the rows are SQLite's too, the lexical index is one of their tables and changes in the same
transaction; see `index.storing.candidates.beside` for rows that lie on a server.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from index.search import Filter, match_expression
from index.storing.bounded import bounded
from index.storing.candidates.nearest import Nearest, where
from index.storing.candidates.protocol import Counts, Scored, Vector
from index.storing.database import Database

BM25 = "-bm25(words, 1.0, 1.0, 1.0)"


class Embedded:
    """For rows in SQLite, whose `words` it searches. `folder` holds the file of the vectors."""

    comparable = True

    def __init__(self, folder: Path) -> None:
        self._nearest = Nearest(folder)

    def catch_up(self, db: Database) -> None:
        self._nearest.catch_up(db)

    def dense(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        return self._nearest.search(db, vector, depth, filter)

    def lexical(self, db: Database, query: str, depth: int, filter: Filter) -> Scored:
        expression = bounded(db, match_expression(query))
        if expression is None:
            return []
        condition, values = where(filter)
        among = ""
        if condition:
            chosen = "SELECT p.n FROM articles a JOIN passages p ON p.article = a.n WHERE"
            # (with the +, which keeps it from being a constraint of the lexical table: FTS5 would
            # run its match anew for every row that is allowed)
            among = f" AND +rowid IN ({chosen} {condition})"
        found: Scored = db.execute(
            f"SELECT rowid, {BM25} AS score FROM words WHERE words MATCH ?{among}"  # noqa: S608
            " ORDER BY score DESC, rowid LIMIT ?",
            [expression, *values, depth],
        ).fetchall()
        return found

    def scores(self, db: Database, query: str, numbers: Sequence[int]) -> dict[int, float]:
        return bm25(db, query, numbers)

    def counts(self, db: Database) -> Counts:
        (words,) = db.execute("SELECT count(*) FROM words_docsize").fetchone()
        return Counts(len(self._nearest), words, self._nearest.state())

    def save(self, db: Database) -> None:
        self._nearest.save(db)

    def discard(self) -> None:
        self._nearest.discard()

    def close(self) -> None:
        pass


def bm25(db: Database, query: str, numbers: Sequence[int]) -> dict[int, float]:
    """Of these passages, by the table `words` of a database."""
    expression = bounded(db, match_expression(query))
    if expression is None or not numbers:
        return {}
    listed = ", ".join(str(int(n)) for n in numbers)
    return dict(
        db.execute(
            f"SELECT rowid, {BM25} FROM words WHERE words MATCH ? AND +rowid IN ({listed})",  # noqa: S608
            [expression],
        ).fetchall()
    )
