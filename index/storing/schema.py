"""The tables of a library, and how those of an earlier layout become today's.

`passages.n` is never given out twice (AUTOINCREMENT), so an index in memory catches up with "every
n above the highest I know" and "every n removed since my generation"; `writes` holds a random token
for every generation, so that an index of another history (a library restored from a copy) is known
for what it is. Texts lie apart from what is listed: a list reads no text. The lexical table stores
no text (content=''): a passage's text is a slice of its article's. `shingles` is the index of
near-copies (`index.storing.copies`). `seal` tells damage (`index.storing.seals`). `versions` holds
what articles said before they were corrected (`index.storing.versions`). The last tables are those
of `index.following`: `followed` what a person follows, `lists` the feeds and sitemaps of it as they
were last fetched, `items` what these and folders have named, `held` the articles that came from an
item, `hosts` the servers that asked to be left alone.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.storing import seals
from index.storing.copies import remember
from index.storing.database import Database

LAYOUT = 4
APPLICATION = 0x44415445  # "DATE"

CONTEXT = 1  # passages are encoded with where they stand (index.splitting.search_text)
BARE = 0  # with their heading only, as layout 1 had it

WORDS = """CREATE VIRTUAL TABLE words USING fts5 (
    title, heading, text, content='', tokenize='porter unicode61 remove_diacritics 2'
)"""

_NEW_IN_2 = """
CREATE TABLE texts (article INTEGER PRIMARY KEY REFERENCES articles (n), text TEXT NOT NULL);
CREATE TABLE writes (generation INTEGER PRIMARY KEY, token TEXT NOT NULL);
CREATE TABLE shingles (hash INTEGER, article INTEGER, PRIMARY KEY (hash, article)) WITHOUT ROWID
"""
_INDEXES_OF_2 = """
CREATE INDEX newest ON articles (published DESC, title, id);
CREATE INDEX of_source ON articles (source);
CREATE INDEX at_path ON articles (path);
CREATE INDEX at_place ON articles (place);
CREATE INDEX of_content ON articles (content_hash);
CREATE INDEX copies ON articles (copy_of)
"""
_NEW_IN_3 = """
CREATE TABLE versions (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    article TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    published TEXT,
    replaced TEXT NOT NULL
);
CREATE INDEX versions_of ON versions (article);
CREATE TABLE followed (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL UNIQUE,
    source TEXT,
    since TEXT NOT NULL,
    refreshed TEXT,
    note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE lists (
    followed INTEGER NOT NULL REFERENCES followed (n) ON DELETE CASCADE,
    address TEXT NOT NULL,
    etag TEXT NOT NULL DEFAULT '',
    modified TEXT NOT NULL DEFAULT '',
    inside INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (followed, address)
) WITHOUT ROWID;
CREATE TABLE items (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL UNIQUE,
    fields TEXT NOT NULL DEFAULT '{}',
    stamp TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'waiting',
    etag TEXT NOT NULL DEFAULT '',
    modified TEXT NOT NULL DEFAULT '',
    asked REAL NOT NULL DEFAULT 0,
    wait REAL NOT NULL DEFAULT 0,
    gone TEXT,
    dropped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE listed (
    followed INTEGER NOT NULL REFERENCES followed (n) ON DELETE CASCADE,
    item INTEGER NOT NULL REFERENCES items (n) ON DELETE CASCADE,
    list TEXT NOT NULL,
    now INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (followed, item)
) WITHOUT ROWID;
CREATE INDEX listed_item ON listed (item);
CREATE TABLE held (
    article TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES items (n) ON DELETE CASCADE,
    PRIMARY KEY (article, item)
) WITHOUT ROWID;
CREATE INDEX held_by ON held (item);
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, since REAL NOT NULL, wait REAL NOT NULL, failures INTEGER NOT NULL
) WITHOUT ROWID
"""
_COLUMNS_OF_3 = (
    "gone TEXT",
    "arrived INTEGER NOT NULL DEFAULT 0",
    "changed INTEGER NOT NULL DEFAULT 0",
)
_INDEXES_OF_3 = """
CREATE INDEX arrived_in ON articles (arrived);
CREATE INDEX changed_in ON articles (changed);
CREATE INDEX gone_on ON articles (gone) WHERE gone IS NOT NULL
"""
_COLUMN_OF_4 = "seal TEXT NOT NULL DEFAULT ''"
TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE articles (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    source TEXT,
    published TEXT,
    authors TEXT NOT NULL,
    url TEXT,
    path TEXT,
    copy_of TEXT,
    place TEXT,
    edited TEXT NOT NULL DEFAULT '{{}}',
    sampled INTEGER NOT NULL DEFAULT 0,
    {", ".join(_COLUMNS_OF_3)},
    {_COLUMN_OF_4}
);
CREATE TABLE passages (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    article INTEGER NOT NULL REFERENCES articles (n),
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    heading TEXT NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE removed (n INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE INDEX removed_since ON removed (generation);
{WORDS};
{_NEW_IN_2};
{_INDEXES_OF_2};
{_NEW_IN_3};
{_INDEXES_OF_3}
"""


def create(db: Database, encoder: Mapping[str, Any]) -> None:
    """The tables of an empty library. `encoder`: its `encoder`, `encoder_sha256`, `dimension`."""
    _run(db, TABLES)
    begin(db, encoder)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {LAYOUT}")


def begin(db: Database, encoder: Mapping[str, Any]) -> None:
    """The description of a library that holds nothing yet."""
    meta = {"library": uuid.uuid4().hex, "generation": 0, "search_text": CONTEXT, **encoder}
    db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])
    stamp(db)


def stamp(db: Database) -> None:
    """A token for the present generation, that no other history of the library has."""
    (generation,) = db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
    db.execute(
        "INSERT INTO writes VALUES (?, ?)"
        " ON CONFLICT (generation) DO UPDATE SET token = excluded.token",
        [int(generation), secrets.token_hex(16)],
    )


def upgrade(db: Database, folder: Path) -> None:
    """To today's layout, inside the caller's transaction; no passage is encoded anew."""
    (layout,) = db.execute("PRAGMA user_version").fetchone()
    if layout == 1:
        _to_2(db, folder)
    if layout < 3:
        for column in _COLUMNS_OF_3:
            db.execute(f"ALTER TABLE articles ADD COLUMN {column}")
        _run(db, f"{_NEW_IN_3};\n{_INDEXES_OF_3}")
    db.execute(f"ALTER TABLE articles ADD COLUMN {_COLUMN_OF_4}")
    seals.renew(db)
    stamp(db)
    db.execute(f"PRAGMA user_version = {LAYOUT}")


def _to_2(db: Database, folder: Path) -> None:
    _run(db, _NEW_IN_2)
    db.execute("INSERT INTO texts SELECT n, text FROM articles")
    db.execute("ALTER TABLE articles DROP COLUMN text")
    for column in ("place TEXT", "edited TEXT NOT NULL DEFAULT '{}'",
                   "sampled INTEGER NOT NULL DEFAULT 0"):  # fmt: skip
        db.execute(f"ALTER TABLE articles ADD COLUMN {column}")
    _run(db, _INDEXES_OF_2)
    for number, path in db.execute(
        "SELECT n, path FROM articles WHERE path IS NOT NULL"
    ).fetchall():
        db.execute("UPDATE articles SET place = ? WHERE n = ?", [place(path, folder), number])
    for (number,) in db.execute("SELECT n FROM articles ORDER BY n").fetchall():
        (text,) = db.execute("SELECT text FROM texts WHERE article = ?", [number]).fetchone()
        remember(db, number, text)
    db.executemany(
        "INSERT INTO meta VALUES (?, ?)", [("search_text", BARE), ("encoder_sha256", "")]
    )


def place(path: str | None, folder: Path | None) -> str | None:
    """Where a file lies, seen from the library's folder (None: it isn't in one): the same when both
    are moved together."""
    if path is None or folder is None:
        return None
    try:
        return Path(os.path.relpath(path, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return None


def _run(db: Database, statements: str) -> None:
    """Each on its own: `executescript` would commit the transaction."""
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)
