"""A lexical query keeps to the rarest of its words where all of them are too many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from index.storing import schema
from index.storing.bounded import bounded

# every passage is about trade, every second about ships, every tenth about grain, one about Łódź
TEXTS = [
    "trade" + " ships" * (n % 2 == 0) + " grain" * (n % 10 == 0) + " łódź" * (n == 7)
    for n in range(1, 101)
]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE passages (n INTEGER PRIMARY KEY)")
    made.execute(schema.WORDS)
    for n, text in enumerate(TEXTS, 1):
        made.execute("INSERT INTO passages VALUES (?)", [n])
        made.execute(
            "INSERT INTO words (rowid, title, heading, text) VALUES (?, '', '', ?)", [n, text]
        )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("query", "most", "kept"),
    [
        ('"trade" OR "grain"', 100, '"trade" OR "grain"'),  # as many as there are passages
        ('"trade" OR "grain"', 99, '"grain"'),
        ('"trade" OR "łódź" OR "grain"', 11, '"łódź" OR "grain"'),
        ('"trade" OR "łódź" OR "grain"', 10, '"łódź"'),
        ('"trade" OR "nowhere"', 60, '"trade"'),  # a word that is nowhere leaves the others
        ('"trade" OR "ships"', 10, '"trade" AND "ships"'),
        ('"ships" OR "łódź trade"', 5, '"ships"'),
        ('"nowhere"', 5, '"nowhere"'),
    ],
)
def test_the_commonest_words_go_first(
    db: sqlite3.Connection, query: str, most: int, kept: str
) -> None:
    assert bounded(db, query, most) == kept


def test_no_query_stays_none(db: sqlite3.Connection) -> None:
    assert bounded(db, None, 1) is None
