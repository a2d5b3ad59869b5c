"""Which articles a library holds of an outlet, an author, a time, or with words in them: counted
and listed by SQL, without a search.

Reads texts only to see whether words stand in them as they were given.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from index.article import Head
from index.holdings import Holding, Mentions, Wanted
from index.storing.database import NO_LIMIT, Database
from index.storing.rows import ARTICLES, HEAD, head_of
from index.words import FUNCTION_WORDS

_COUNTS = (
    "count(*), count(a.copy_of), count(*) - count(a.published), min(a.published), max(a.published)"
)


def holding(db: Database, wanted: Wanted) -> Holding:
    where, values = _where(wanted)
    row = db.execute(
        f"SELECT {_COUNTS} FROM articles a{where}",  # noqa: S608
        values,
    ).fetchone()
    sources = db.execute(
        f"SELECT a.source, count(*) FROM articles a{where}"  # noqa: S608
        f" {'AND' if where else 'WHERE'} a.source IS NOT NULL GROUP BY a.source"
        " ORDER BY count(*) DESC, a.source",
        values,
    )
    first, last = (date.fromisoformat(day) if day else None for day in row[3:])
    return Holding(row[0], row[1], row[2], first, last, dict(sources.fetchall()))


def chosen(db: Database, wanted: Wanted, limit: int | None, *, oldest: bool) -> list[Head]:
    """Newest first, or oldest; those without a date last, originals before their copies."""
    where, values = _where(wanted)
    rows = db.execute(
        f"SELECT {HEAD} FROM articles a{where} ORDER BY a.published IS NULL,"  # noqa: S608
        f" a.published {'ASC' if oldest else 'DESC'}, a.copy_of IS NOT NULL, a.title, a.id LIMIT ?",
        [*values, NO_LIMIT if limit is None else limit],
    )
    return [head_of(row) for row in rows]


def authors(db: Database) -> dict[str, int]:
    """How many articles each author has written, alone or with others."""
    counts: Counter[str] = Counter()
    for names, count in db.execute("SELECT authors, count(*) FROM articles GROUP BY authors"):
        for name in dict.fromkeys(json.loads(names)):
            counts[name] += count
    return dict(counts)


_CHECKED = 2000  # articles whose texts are read for how the words stand there


def holds(lexicon: Database, words: str) -> bool:
    """Whether one passage of an article has all of these words that tell something, in whatever
    form and place. `lexicon` has the table of words."""
    said = re.findall(r"\w+", words)
    if not said:
        return False
    row = lexicon.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", [_all_of(said)])
    return row.fetchone() is not None


def mentions(db: Database, lexicon: Database, words: str) -> Mentions:
    """The articles that mention these words; none for words without a letter or digit. `lexicon`
    has the table of words: the rows themselves, or what lies beside them.

    The lexical index finds them whatever their endings, the texts say which are exact; where there
    are too many to be read, none is called so.
    """
    said = re.findall(r"\w+", words)
    if not said:
        return Mentions()
    phrase = _holding(db, lexicon, '"' + " ".join(said) + '"')
    exact: list[str] = []
    if len(phrase) <= _CHECKED:
        words_there = re.compile(r"\b" + r"\W+".join(map(re.escape, said)) + r"\b", re.IGNORECASE)
        rows = db.execute(
            f"{ARTICLES} WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY a.n",  # noqa: S608
            [_listed(phrase)],
        )
        exact = [row[0] for row in rows if any(map(words_there.search, (row[1], row[-1])))]
    near: list[str] = []
    if len(said) > 1:
        near = _holding(db, lexicon, _all_of(said))
    there = {*phrase}
    exactly = {*exact}
    return Mentions(
        tuple(exact),
        tuple(id for id in phrase if id not in exactly),
        tuple(id for id in near if id not in there),
    )


def _holding(db: Database, lexicon: Database, expression: str) -> list[str]:
    """The ids of articles with passages that an FTS5 query finds, the oldest first."""
    if db.holds_words:
        rows = db.execute(
            "SELECT a.id FROM articles a WHERE a.n IN (SELECT p.article FROM words w"
            " JOIN passages p ON p.n = w.rowid WHERE words MATCH ?) ORDER BY a.n",
            [expression],
        )
    else:
        found = lexicon.execute("SELECT rowid FROM words WHERE words MATCH ?", [expression])
        rows = db.execute(
            "SELECT a.id FROM articles a WHERE a.n IN (SELECT p.article FROM passages p WHERE p.n"
            " IN (SELECT CAST(value AS BIGINT) FROM json_each(?))) ORDER BY a.n",
            [json.dumps([n for (n,) in found])],
        )
    return [id for (id,) in rows]


def _all_of(words: Sequence[str]) -> str:
    """An FTS5 query for passages with all of these words; function words only if there are no
    others."""
    telling = [word for word in words if word.casefold() not in FUNCTION_WORDS] or words
    return " AND ".join(f'"{word}"' for word in telling)


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    """A WHERE clause over `articles a` with its values; nothing where all are wanted."""
    parts: list[str] = []
    values: list[Any] = []

    def needs(condition: str, *given: Any) -> None:
        parts.append(condition)
        values.extend(given)

    filter = wanted.filter
    if filter.since is not None:
        needs("a.published >= ?", filter.since.isoformat())
    if filter.until is not None:
        needs("a.published <= ?", filter.until.isoformat())
    if filter.sources:
        needs("a.source IN (SELECT value FROM json_each(?))", _listed(sorted(filter.sources)))
    if filter.articles:
        needs("a.id IN (SELECT value FROM json_each(?))", _listed(sorted(filter.articles)))
    if wanted.authors:
        # a name in its quotation marks is a whole element of the JSON list, whatever is in it
        among = " OR ".join(["instr(a.authors, ?) > 0"] * len(wanted.authors))
        needs(f"({among})", *map(json.dumps, sorted(wanted.authors)))
    if wanted.ids is not None:
        needs("a.id IN (SELECT value FROM json_each(?))", _listed(sorted(wanted.ids)))
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _listed(values: Sequence[str]) -> str:
    return json.dumps(values)
