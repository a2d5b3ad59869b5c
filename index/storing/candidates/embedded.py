"""Candidates within one machine: vectors by faiss, words by SQLite's FTS5, or tantivy where they
are many.

Where the rows are SQLite's too, the lexical index is one of their tables and changes in the same
transaction; see `index.storing.candidates.beside` for rows that lie on a server. Beyond
`Limits.words` passages tantivy's files answer, with a tail of what came since; and the table until
they are built, or where that tail is too long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.search import Filter, match_expression
from index.storing import building, faults
from index.storing.bounded import bounded
from index.storing.building import STANDARD, Limits
from index.storing.candidates import word_files
from index.storing.candidates.nearest import Nearest, where
from index.storing.candidates.protocol import Counts, Scored, Vector
from index.storing.database import Database

if TYPE_CHECKING:
    from index.storing.candidates.words import View, Words

BM25 = "-bm25(words, 1.0, 1.0, 1.0)"
_AGAIN = 60  # seconds until a search asks again for the words that it missed


class Embedded:
    """For rows in SQLite, whose `words` it searches. `folder` holds the file of the vectors."""

    comparable = True

    def __init__(self, folder: Path, limits: Limits = STANDARD) -> None:
        self._folder = folder
        self._limits = limits
        self._nearest = Nearest(folder, limits)
        self._words: Words | None = None
        self._asked = -math.inf

    def catch_up(self, db: Database) -> None:
        self._nearest.catch_up(db)
        if self._wanted(db):
            self._bring(writing=False)

    def dense(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        return self._nearest.search(db, vector, depth, filter)

    def lexical(self, db: Database, query: str, depth: int, filter: Filter) -> Scored:
        if (view := self._view(db)) is not None:
            return view.search(query, depth, filter)
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
        if (view := self._view(db)) is not None:
            return view.scores(query, numbers)
        return bm25(db, query, numbers)

    def counts(self, db: Database) -> Counts:
        view = self._view(db)
        words = len(view) if view is not None else _count(db)
        return Counts(len(self._nearest), words, self._nearest.state())

    def save(self, db: Database) -> None:
        self._nearest.save(db)
        if self._wanted(db):
            self._bring(writing=True)

    def discard(self) -> None:
        self._nearest.discard()
        self._words = None
        word_files.discard(self._folder)

    def close(self) -> None:
        pass

    def _many(self, db: Database) -> bool:
        (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()
        return bool(highest >= self._limits.words)

    def _wanted(self, db: Database) -> bool:
        """Whether the files of words should be brought to the snapshot's state."""
        if not self._many(db):
            return False
        view = self._view(db)
        return view is None or building.words_wanted(view.behind, view.held)

    def _view(self, db: Database) -> View | None:
        """Tantivy's words for this snapshot, where there are such files and they hold it."""
        if self._words is None:
            if not (self._folder / word_files.WORDS).exists():
                return None
            from index.storing.candidates.words import Words  # tantivy loads here

            self._words = Words(self._folder)
        return self._words.view(db)

    def _bring(self, *, writing: bool) -> None:
        """The words to the newest state; what fails costs time, nothing else."""
        if self._limits.built == "never":
            return
        if self._limits.built == "here":
            with suppress(OSError, ValueError):
                building.follow_words(self._folder)
            return
        now = time.monotonic()
        if (writing or now - self._asked > _AGAIN) and faults.writable(self._folder):
            self._asked = now
            with suppress(OSError):
                building.start(self._folder, "words")


def _count(db: Database) -> int:
    return int(db.execute("SELECT count(*) FROM words_docsize").fetchone()[0])


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
