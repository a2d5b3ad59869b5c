"""What is followed and what is known of it, as rows of the library's tables (`storing.schema`).

Every function takes the connection of a transaction: see `Library.noting` and `Library.reading`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from index.following.manners import rests
from index.reading.feeds import Entry
from index.reading.items import Feed, Fetched
from index.reading.reader import fields
from index.storing.database import Database

WAIT = 60.0  # seconds for another process that writes


@dataclass(frozen=True, slots=True)
class Followed:
    """A feed, a sitemap or a folder (`target`), with what is known of it.

    `since` and `refreshed` are ISO times; `items` counts what it has named, `waiting` those of them
    that weren't read yet, `gone` those that vanished; `note` says how the last refresh ended, where
    something was wrong.
    """

    n: int
    target: str
    source: str | None
    since: str
    refreshed: str | None
    note: str
    items: int = 0
    waiting: int = 0
    gone: int = 0

    @property
    def is_folder(self) -> bool:
        return "://" not in self.target


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed or sitemap as it was last fetched."""

    address: str
    etag: str
    modified: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A page or file that something followed has named. `state` is "waiting" until it was read,
    then "read" or "refused"; it was `asked` at that moment, and rests for `wait` seconds."""

    n: int
    origin: str
    fields: dict[str, Any]
    stamp: str
    state: str
    etag: str
    modified: str
    wait: float
    gone: str | None
    inside: bool = False


def follow(db: Database, target: str, source: str | None, now: str) -> bool:
    """False where it is followed already: then what was removed of it may come again."""
    new = db.execute(
        "INSERT INTO followed (target, source, since) VALUES (?, ?, ?)"
        " ON CONFLICT (target) DO NOTHING RETURNING n",
        [target, source, now],
    ).fetchone()
    if new is None:
        db.execute(
            "UPDATE followed SET source = coalesce(?, source) WHERE target = ?", [source, target]
        )
        db.execute(
            "UPDATE items SET dropped = 0, state = 'waiting', etag = '', modified = '', stamp = '',"
            " wait = 0 WHERE dropped = 1 AND n IN (SELECT item FROM listed JOIN followed ON"
            " followed.n = listed.followed WHERE target = ?)",
            [target],
        )
        # and its lists are read again, which say what these are
        db.execute(
            "UPDATE lists SET etag = '', modified = '' WHERE followed ="
            " (SELECT n FROM followed WHERE target = ?)",
            [target],
        )
    return new is not None


def unfollow(db: Database, target: str) -> bool:
    """Its articles stay."""
    found = db.execute("DELETE FROM followed WHERE target = ? RETURNING n", [target]).fetchall()
    db.execute("DELETE FROM items WHERE n NOT IN (SELECT item FROM listed)")
    return bool(found)


def followed(db: Database) -> list[Followed]:
    """In the order in which they were followed."""
    rows = db.execute(
        "SELECT f.n, f.target, f.source, f.since, f.refreshed, f.note, count(i.n),"
        " count(CASE WHEN i.state = 'waiting' AND i.dropped = 0 THEN 1 END), count(i.gone)"
        " FROM followed f LEFT JOIN listed l ON l.followed = f.n LEFT JOIN items i ON i.n = l.item"
        " GROUP BY f.n ORDER BY f.n"
    )
    return [Followed(*row) for row in rows]


def refreshed(db: Database, n: int, now: str, note: str) -> None:
    db.execute("UPDATE followed SET refreshed = ?, note = ? WHERE n = ?", [now, note, n])


def lists(db: Database, n: int) -> dict[str, Listed]:
    rows = db.execute("SELECT address, etag, modified, inside FROM lists WHERE followed = ?", [n])
    return {row[0]: Listed(row[0], row[1], row[2], bool(row[3])) for row in rows}


def note_list(db: Database, n: int, address: str, fetched: Fetched, feed: Feed | None) -> None:
    """What a feed or sitemap said, all at once with its ETag: after a cut-off nothing of it is
    missing. What it has named for the first time, or says something new of, is due at once; what it
    no longer names as well, once: it may have vanished, or only be too old for it."""
    db.execute(
        "INSERT INTO lists VALUES (?, ?, ?, ?, ?) ON CONFLICT (followed, address) DO UPDATE SET"
        " etag = excluded.etag,"
        " modified = excluded.modified, inside = excluded.inside",
        [n, address, fetched.etag, fetched.modified, int(fetched.inside)],
    )
    if feed is None:
        return
    known = lists(db, n)
    for inner in feed.inner:
        if inner not in known:
            db.execute("INSERT INTO lists (followed, address) VALUES (?, ?)", [n, inner])
    if feed.inner:  # an index: what it no longer names isn't asked for
        named = {*feed.inner, address}
        db.executemany(
            "DELETE FROM lists WHERE followed = ? AND address = ?",
            [(n, other) for other in known if other not in named],
        )
    _note_entries(db, n, address, feed.entries)


def _note_entries(db: Database, n: int, address: str, entries: Sequence[Entry]) -> None:
    before = {
        item
        for (item,) in db.execute(
            "SELECT item FROM listed WHERE followed = ? AND list = ? AND now = 1", [n, address]
        )
    }
    present: set[int] = set()
    for entry in entries:
        (item,) = db.execute(
            "INSERT INTO items (origin, fields, stamp) VALUES (?, ?, ?) ON CONFLICT (origin) DO"
            " UPDATE SET fields = excluded.fields, stamp = excluded.stamp,"
            " wait = CASE WHEN items.stamp = excluded.stamp THEN items.wait ELSE 0 END RETURNING n",
            [entry.url, json.dumps(fields(entry.metadata)), entry.stamp],
        ).fetchone()
        present.add(item)
        db.execute(
            "INSERT INTO listed VALUES (?, ?, ?, 1) ON CONFLICT (followed, item)"
            " DO UPDATE SET now = 1, list = excluded.list",
            [n, item, address],
        )
    for item in before - present:
        db.execute("UPDATE listed SET now = 0 WHERE followed = ? AND item = ?", [n, item])
        db.execute("UPDATE items SET wait = 0 WHERE n = ?", [item])


_ITEM = "i.n, i.origin, i.fields, i.stamp, i.state, i.etag, i.modified, i.wait, i.gone"


def _item(row: Sequence[Any]) -> Item:
    n, origin, said, *rest = row
    return Item(n, origin, json.loads(said), *rest)


def due(db: Database, n: int, now: float) -> list[Item]:
    """What is to be looked at, what was never read first."""
    rows = db.execute(
        f"SELECT {_ITEM}, coalesce(s.inside, 0), i.asked FROM listed l JOIN items i ON i.n = l.item"  # noqa: S608
        " LEFT JOIN lists s ON s.followed = l.followed AND s.address = l.list"
        " WHERE l.followed = ? AND i.dropped = 0"
        " AND (i.asked + i.wait <= ? OR i.asked > ?) ORDER BY i.state <> 'waiting', i.asked, i.n",
        [n, now, now],
    )
    return [_item(row[:-1]) for row in rows if not rests(now, row[-1], row[7])]


def files(db: Database, n: int) -> dict[str, Item]:
    """What a folder held when it was last looked at, by path."""
    rows = db.execute(
        f"SELECT {_ITEM} FROM listed l JOIN items i ON i.n = l.item"  # noqa: S608
        " WHERE l.followed = ? AND i.dropped = 0",
        [n],
    )
    return {item.origin: item for item in map(_item, rows)}


def dropped(db: Database, n: int) -> set[str]:
    """Files whose article a person has removed."""
    rows = db.execute(
        "SELECT origin FROM listed JOIN items ON n = item WHERE followed = ? AND dropped = 1", [n]
    )
    return {origin for (origin,) in rows}


def note_files(db: Database, n: int, folder: str, paths: Iterable[str]) -> None:
    for path in paths:
        (item,) = db.execute(
            "INSERT INTO items (origin) VALUES (?) ON CONFLICT (origin) DO UPDATE SET"
            " state = items.state RETURNING n",
            [path],
        ).fetchone()
        db.execute(
            "INSERT INTO listed VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING", [n, item, folder]
        )


def note_item(
    db: Database,
    item: Item,
    *,
    state: str,
    now: float,
    wait: float,
    stamp: str | None = None,
    fetched: Fetched | None = None,
) -> None:
    """What came of looking at it. An answer that it is unchanged may leave out its ETag."""
    etag, modified = item.etag, item.modified
    if fetched is not None and not fetched.unchanged:
        etag, modified = fetched.etag, fetched.modified
    db.execute(
        "UPDATE items SET state = ?, asked = ?, wait = ?, gone = NULL, stamp = ?, etag = ?,"
        " modified = ? WHERE n = ?",
        [
            state,
            now,
            wait,
            item.stamp if stamp is None else stamp,
            etag,
            modified,
            item.n,
        ],
    )


def note_gone(db: Database, item: Item, now: float, day: str, wait: float) -> None:
    db.execute(
        "UPDATE items SET gone = coalesce(gone, ?), asked = ?, wait = ?, state = 'read',"
        " etag = '', modified = '', stamp = '' WHERE n = ?",
        [day, now, wait, item.n],
    )


def hold(db: Database, item: Item, ids: Iterable[str]) -> None:
    db.executemany(
        "INSERT INTO held VALUES (?, ?) ON CONFLICT DO NOTHING", [(id, item.n) for id in ids]
    )


def held(db: Database, item: Item) -> set[str]:
    """The articles that came from an item, now or once."""
    return {id for (id,) in db.execute("SELECT article FROM held WHERE item = ?", [item.n])}


def only_here(db: Database, item: Item, ids: Iterable[str]) -> list[str]:
    """Those articles that no other item holds that is still there."""
    return [
        id
        for id in ids
        if not db.execute(
            "SELECT 1 FROM held JOIN items ON n = item WHERE article = ? AND item <> ?"
            " AND gone IS NULL",
            [id, item.n],
        ).fetchone()
    ]


def gone_articles(db: Database, n: int) -> list[str]:
    """Articles of what is followed that are marked as gone."""
    rows = db.execute(
        "SELECT DISTINCT a.id FROM listed l JOIN held h ON h.item = l.item"
        " JOIN articles a ON a.id = h.article WHERE l.followed = ? AND a.gone IS NOT NULL",
        [n],
    )
    return [id for (id,) in rows]


def forget_gone(db: Database, n: int) -> None:
    """Forgets items that are gone and whose articles are, too."""
    db.execute(
        "DELETE FROM items WHERE gone IS NOT NULL AND n IN (SELECT item FROM listed WHERE"
        " followed = ?) AND n NOT IN (SELECT item FROM held)",
        [n],
    )


def host(db: Database, name: str) -> tuple[float, float, int]:
    """Since when and for how many seconds a host is left alone, after how many failures."""
    row = db.execute("SELECT since, wait, failures FROM hosts WHERE host = ?", [name]).fetchone()
    return (0.0, 0.0, 0) if row is None else (row[0], row[1], row[2])


def note_host(db: Database, name: str, since: float, wait: float, failures: int) -> None:
    """No failures: it is as any other again."""
    if failures:
        db.execute(
            "INSERT INTO hosts VALUES (?, ?, ?, ?) ON CONFLICT (host) DO UPDATE SET"
            " since = excluded.since, wait = excluded.wait, failures = excluded.failures",
            [name, since, wait, failures],
        )
    else:
        db.execute("DELETE FROM hosts WHERE host = ?", [name])
