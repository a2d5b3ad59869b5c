"""Near-copies: the same report, republished, excerpted or lightly edited.

Copies differ in length (an excerpt, an earlier state of a live blog), so what counts is
containment and not resemblance: the share of the shorter text's 5-word shingles that the longer
one has too (Broder 1997, "On the resemblance and containment of documents"). Candidates come from
an index over a content-chosen eighth of all shingles (Broder's "mod m" sketch) and are confirmed
on all shingles. Two reports of one event, and a correction that restates a figure, share far less
(measured: eval/DECISIONS.md); numbers changed in an otherwise equal text leave it a copy.

The index is rows of the library, written with the article: adding one to many costs what adding it
to few does.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from index.storing.database import Database

SHINGLE = 5  # words
CONTAINED = 0.4  # share of the shorter text's shingles from which on it is a copy
LEAST = 20  # shingles below which a text is too short to be called a copy of anything
LIKELY = 0.15  # share of the sample from which on a text is read: far below what a copy has
_READ = 5  # texts at most, however many share phrases with this one
_SAMPLE = 8  # one shingle in this many is in the index
_AT_ONCE = 1_000  # keys, or articles, in a statement
_COMMON = 500  # a shingle of more articles than this is a phrase, and tells nothing

Shingles = NDArray[np.uint64]
_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)


def shingles(text: str) -> Shingles:
    """The distinct hashes of the text's 5-word runs (case and punctuation aside), sorted."""
    words = [zlib.crc32(word.encode()) for word in _WORD.findall(text.lower())]
    if len(words) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    hashes = np.array(words, dtype=np.uint64)
    count = len(words) - SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for i in range(SHINGLE):  # overflow wraps round, which is what a hash wants
        mixed = (mixed ^ hashes[i : i + count]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    mixed.sort()  # (np.unique would import numpy.ma, which takes longer than all else here)
    distinct: Shingles = mixed[np.append(True, mixed[1:] != mixed[:-1])]
    return distinct


def containment(a: Shingles, b: Shingles) -> float:
    """|A ∩ B| / min(|A|, |B|), in 0..1; 0 where either is empty."""
    if not len(a) or not len(b):
        return 0.0
    return len(np.intersect1d(a, b, assume_unique=True)) / min(len(a), len(b))


def remember(db: Database, number: int, text: str) -> None:
    """Makes the article of that number known by its text, which it wasn't before."""
    found = shingles(text)
    keys = sampled(found) if len(found) >= LEAST else []
    db.executemany(  # (those of a text that was damaged since may be there still)
        "INSERT INTO shingles VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(key, number) for key in keys],
    )
    db.execute("UPDATE articles SET sampled = ? WHERE n = ?", [len(keys), number])


def forget(db: Database, number: int, text: str) -> None:
    """Undoes `remember`, with the same text."""
    db.executemany(
        "DELETE FROM shingles WHERE hash = ? AND article = ?",
        [(key, number) for key in sampled(shingles(text))],
    )


def original_of(db: Database, id: str, text: str) -> str | None:
    """The id of the oldest article in the library that this text is a near-copy of, else None.

    The article `id` itself, known in an earlier state, doesn't count. Reads the texts of the few
    that share most of the sample: of a report that was copied more often, one of its copies.
    """
    own = shingles(text)
    if len(own) < LEAST:
        return None
    keys = sampled(own)
    shared = _sharing(db, keys)
    likely: list[tuple[float, int, str]] = []
    for number, other, size in _called(db, [n for n, count in shared.items() if count >= 2]):
        share = shared[number] / max(1, min(len(keys), size))
        if other != id and share >= LIKELY:
            likely.append((-share, number, other))
    found: list[tuple[int, str]] = []
    for _, number, other in sorted(likely)[:_READ]:
        (known,) = db.execute("SELECT text FROM texts WHERE article = ?", [number]).fetchone()
        if containment(own, shingles(known)) >= CONTAINED:
            found.append((number, other))
    return min(found)[1] if found else None


def _sharing(db: Database, keys: list[int]) -> Counter[int]:
    """How many of these keys an article has, but for those of more than `_COMMON`; of every article
    that has two, and perhaps of some that have one.

    Counted by the database: a phrase of five hundred articles would cost more to hear of than all
    else of adding an article. In few statements: the rows may lie on a server.
    """
    shared: Counter[int] = Counter()
    most = f"SELECT 1 FROM shingles s WHERE s.hash = keys.hash LIMIT {_COMMON + 1}"  # noqa: S608
    for at in range(0, len(keys), _AT_ONCE):
        some = ", ".join(f"({key})" for key in keys[at : at + _AT_ONCE])
        counts = db.execute(
            f"WITH keys (hash) AS (VALUES {some})"  # noqa: S608
            f" SELECT keys.hash, (SELECT count(*) FROM ({most}) AS few) FROM keys"
        ).fetchall()
        if telling := [key for key, count in counts if 0 < count <= _COMMON]:
            few = "" if len(keys) > _AT_ONCE else " HAVING count(*) >= 2"
            for number, count in db.execute(
                f"SELECT article, count(*) FROM shingles WHERE hash IN ({_listed(telling)})"  # noqa: S608
                f" GROUP BY article{few}"
            ).fetchall():
                shared[number] += count
    return shared


def _called(db: Database, numbers: list[int]) -> list[tuple[int, str, int]]:
    """Number, id and sample's size of articles."""
    found: list[tuple[int, str, int]] = []
    for at in range(0, len(numbers), _AT_ONCE):
        some = _listed(numbers[at : at + _AT_ONCE])
        found += db.execute(f"SELECT n, id, sampled FROM articles WHERE n IN ({some})").fetchall()  # noqa: S608
    return found


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def sampled(found: Shingles) -> list[int]:
    """The eighth of the shingles that is in the index, as SQLite's (signed) integers."""
    chosen: list[int] = found[found % np.uint64(_SAMPLE) == 0].astype(np.int64).tolist()
    return chosen
