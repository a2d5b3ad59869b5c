"""A lexical query that a large library can afford: the words that few passages have.

FTS5 gives BM25 for every passage that matches, about a microsecond each, and a common word is in
every tenth passage of a million. So words are taken rarest first, as long as the passages that they
are in come to no more than a bound; one that is left out would have told least (BM25 weighs it by
its rarity). Below the bound nothing changes.
"""

from __future__ import annotations

from index.storing.database import Database

MOST = 100_000  # passages that the words of a query may be in, all told (eval/DECISIONS.md)


def bounded(db: Database, expression: str | None, most: int = MOST) -> str | None:
    """The expression (of `index.search.match_expression`) without its commonest words.

    Where each word alone is in more passages than that: those passages that have all of them, or
    else the words as they are. Reads at most `most` postings a word, and no passage.
    """
    if expression is None or _highest(db) <= most:
        return expression
    words = expression.split(" OR ")
    counts = {word: _count(db, word, most) for word in words}
    kept: list[str] = []
    total = 0
    for word in sorted(words, key=lambda word: counts[word]):
        total += counts[word]
        if total > most:
            break
        kept.append(word)
    if any(counts[word] for word in kept):
        return " OR ".join(word for word in words if word in kept)
    together = " AND ".join(word for word in words if counts[word])
    return together if together and _count(db, together, 1) else expression


def _highest(db: Database) -> int:
    return int(db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()[0])


def _count(db: Database, expression: str, most: int) -> int:
    """In how many passages; at most one more than `most`."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
        [expression, most + 1],
    ).fetchone()
    return int(count)
