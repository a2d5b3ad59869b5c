"""`python -m tests.index.storing.old.make FOLDER`: a tiny library as today's code makes it, for the
day on which it has become an earlier one. The files beside this one were made so, each by the
Dateline of its layout; run it before `index.storing.schema.LAYOUT` is raised, and keep what it
makes here."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from index.article import Article
from index.following.following import follow
from index.library import Library
from index.storing import schema
from tests.fakes import FakeEncoder

BRIDGE = Article(
    id="bridge000001",
    title="The bridge opens",
    text="The mayor of Lindau opened the new bridge on Friday.\n\nTrains cross it from Monday.",
    source="Bergpost",
    published=date(2024, 5, 17),
    authors=("Anna Beck",),
    url="https://example.org/bridge",
)
SNOW = Article(
    id="snow00000002",
    title="Snow on the pass",
    text="Snow closed the pass for two days.\n\nNobody was hurt.",
    source="Bergpost am Sonntag",
    published=date(2024, 1, 7),
    url="https://example.org/snow",
)


def make(folder: Path) -> Path:
    """Returns the file, of pages as small as they can be."""
    with Library.open(folder / "library", FakeEncoder(dimension=8), create=True) as library:
        library.put(replace(BRIDGE, text=BRIDGE.text.replace("Friday", "Thursday")))
        library.put(SNOW)
        library.put(BRIDGE)
        follow(library, "https://example.org/feed")
    file = folder / f"layout-{schema.LAYOUT}.sqlite"
    (folder / "library" / "library.sqlite").rename(file)
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA page_size = 512")
    db.execute("VACUUM")
    db.close()
    return file


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
