"""A seal on what has no hash of its own: an article's title, source, date, authors and address; its
passages and their vectors. Written with them, compared by `index.storing.health`.

Two digests of eight bytes each, one of either, for a seal tells chance damage, not forgery. What
belongs to a place and not to the article (path, copy_of, gone) isn't sealed: it changes by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from index.storing.database import Database

HEAD = "id, title, content_hash, source, published, authors, url"
_PASSAGES = 'SELECT start, "end", heading, vector FROM passages WHERE article = ? ORDER BY start, n'


def seal(head: Iterable[Any], passages: Iterable[tuple[Any, ...]]) -> str:
    """Of the columns `HEAD`, and of (start, end, heading, vector) of each passage in order."""
    return _digest(head) + _digest(value for passage in passages for value in passage)


def parts(sealed: str) -> tuple[str, str]:
    """The digest of the head, and that of the passages."""
    return sealed[:16], sealed[16:]


def held(db: Database, number: int) -> str:
    """The seal that the rows of an article should have."""
    head = db.execute(f"SELECT {HEAD} FROM articles WHERE n = ?", [number]).fetchone()  # noqa: S608
    return seal(head or (), db.execute(_PASSAGES, [number]).fetchall())


def renew(db: Database) -> None:
    """Seals every article as it is now."""
    for (number,) in db.execute("SELECT n FROM articles").fetchall():
        db.execute("UPDATE articles SET seal = ? WHERE n = ?", [held(db, number), number])


def _digest(values: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        data = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        digest.update(b"%d:" % len(data) if value is not None else b"-")
        digest.update(data if value is not None else b"")
    return digest.hexdigest()
