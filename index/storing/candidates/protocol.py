"""The seam between what is found and what is true.

Candidates are passages' numbers with scores, nothing else; what they stand for is read from the
rows. They are always of a state that the rows have been in, follow them by what was removed and
what was added since, and can be thrown away at any time. A number stands for one text, vector,
title, date and outlet for good: whatever changes gets new numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.article import Head
from index.search import Filter
from index.storing import database
from index.storing.database import Database, State
from index.storing.rows import HEAD, head_of
from index.storing.vectors import unpack

Vector = NDArray[np.float32]
Scored = list[tuple[int, float]]
"""Numbers of passages with scores, best first; a higher score is better."""

BATCH = 1024  # passages handed to an engine at once


@dataclass(frozen=True, slots=True)
class Counts:
    """How many passages each index holds, and of which state of the rows. `highest` is the number
    of the last, of an engine of its own; None while it is being built."""

    dense: int
    lexical: int
    state: State | None
    highest: int | None = None


class Candidates(Protocol):
    """Passages found by vector, and by words. Thread-safe.

    `comparable`: whether its BM25 scores mean what the embedded ones do; where they don't, lists
    are fused by rank. `db` is always the rows' snapshot of the search.
    """

    comparable: bool

    def catch_up(self, db: Database) -> None:
        """Brings both indexes to the snapshot's state, or a later one."""
        ...

    def dense(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        """By inner product, of those that the filter lets through."""
        ...

    def lexical(self, db: Database, query: str, depth: int, filter: Filter) -> Scored:
        """By BM25, of those that the filter lets through; none for a query without words."""
        ...

    def scores(self, db: Database, query: str, numbers: Sequence[int]) -> dict[int, float]:
        """BM25 scores of those of these passages that have a word of the query."""
        ...

    def counts(self, db: Database) -> Counts: ...

    def save(self, db: Database) -> None:
        """At the end of writing, under the writer's lock: keeps what pays. Raises OSError."""
        ...

    def discard(self) -> None:
        """Throws all away; it is made anew from the rows."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as an engine of its own needs it."""

    number: int
    article: Head
    heading: str
    text: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Built:
    """What an engine was built from: a state of the rows, up to a passage's number; `whole` if that
    is all of it."""

    state: State
    highest: int
    whole: bool


class Engine(Protocol):
    """What follows the rows by itself: `follow` tells it what to add and to remove."""

    def built(self) -> Built | None: ...
    def stamp(self, built: Built) -> None: ...
    def upsert(self, entries: Sequence[Entry]) -> None: ...
    def remove(self, numbers: Sequence[int]) -> None: ...

    def clear(self) -> None:
        """Empty, and able to take passages."""
        ...


def follow(db: Database, engine: Engine) -> None:
    """Brings an engine to the snapshot's state. Cut off at any point, it goes on where it was:
    passages are told by number, and doing a step twice does nothing.

    One at a time. The snapshot has to be the newest: an engine of a later state is taken for one of
    another history, and is built anew.
    """
    now = database.state_of(db)
    held = engine.built()
    if held is None or not database.has_been(db, held.state):
        engine.clear()
        held = Built(now, 0, False)
        engine.stamp(held)
    if held.whole and held.state == now:
        return
    state, highest = held.state, held.highest
    gone = db.execute("SELECT n FROM removed WHERE generation > ?", [state.generation])
    numbers = [n for (n,) in gone.fetchall()]
    for at in range(0, len(numbers), BATCH):
        engine.remove(numbers[at : at + BATCH])
    for entries in entries_of(db, highest):
        engine.upsert(entries)
        highest = entries[-1].number
        engine.stamp(Built(state, highest, False))
    engine.stamp(Built(now, highest, True))


def entries_of(db: Database, above: int) -> Iterator[list[Entry]]:
    """Passages with a number above this one, in order, some at a time."""
    dimension = int(database.meta_of(db)["dimension"])
    while rows := db.execute(
        f'SELECT p.n, p.vector, p.heading, p.start, p."end", {HEAD}, t.text FROM passages p'  # noqa: S608
        " JOIN articles a ON a.n = p.article JOIN texts t ON t.article = a.n"
        " WHERE p.n > ? ORDER BY p.n LIMIT ?",
        [above, BATCH],
    ).fetchall():
        vectors = unpack([row[1] for row in rows], dimension)
        yield [
            Entry(n, head_of(head), heading, text[start:end], vector)
            for (n, _, heading, start, end, *head, text), vector in zip(rows, vectors, strict=True)
        ]
        above = rows[-1][0]
