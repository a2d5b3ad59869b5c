"""What a library holds, as its rows say: articles, passages, counts, lists, versions.

Needs no encoder and no candidates; searches nothing and writes nothing (`index.library`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from index.article import Article, Head
from index.holdings import Holding, Mentions, Wanted
from index.search import Filter
from index.sources import named
from index.splitting.passages import Passage
from index.storing import holdings, listing, schema, terms, vectors, versions
from index.storing.candidates.beside import Words
from index.storing.candidates.nearest import form_in_use
from index.storing.database import Database, Rows, meta_of
from index.storing.rows import ARTICLES, article_of, passages_of


@dataclass(frozen=True, slots=True)
class Status:
    """What a library holds. `bytes` counts all files of its folder; `name` is what a person calls
    the library: that folder, or a server's address, where the folder holds what is derived.

    `context` says whether its passages are encoded with where they stand, as they are in a library
    made today; in an older one they are once it is re-indexed. `form` is how most vectors are held
    where the library is large, with the recall that was measured; None while all are compared.
    """

    path: Path
    articles: int
    passages: int
    copies: int
    sources: int
    generation: int
    encoder: str
    dimension: int
    bytes: int
    context: bool = True
    undated: int = 0
    form: vectors.Form | None = None
    name: str = ""


class Held:
    """The part of a Library that only reads its rows. Thread-safe; every call is one snapshot."""

    path: Path
    name: str
    _store: Rows
    _words: Words | None  # where the rows hold none

    @property
    def built_with(self) -> str:
        """The name of the encoder that it needs."""
        with self._store.read() as db:
            return str(meta_of(db)["encoder"])

    @property
    def id(self) -> str:
        """Given when it was made (and re-indexed), and kept wherever its folder goes."""
        with self._store.read() as db:
            return str(meta_of(db)["library"])

    @property
    def generation(self) -> int:
        """Counts up with every change, by any process."""
        with self._store.read() as db:
            return int(meta_of(db)["generation"])

    def __len__(self) -> int:
        """How many articles."""
        with self._store.read() as db:
            return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])

    def article(self, id: str) -> Article | None:
        with self._store.read() as db:
            row = db.execute(f"{ARTICLES} WHERE a.id = ?", [id]).fetchone()
        return None if row is None else article_of(row)

    def articles(self) -> list[Article]:
        """All articles, newest first, those without a date last. Reads every text: see `heads`."""
        with self._store.read() as db:
            rows = db.execute(
                f"{ARTICLES} ORDER BY a.published IS NULL, a.published DESC, a.title, a.id"
            ).fetchall()
        return [article_of(row) for row in rows]

    def heads(self, limit: int | None = None, offset: int = 0) -> list[Head]:
        """Articles without their texts, in the order of `articles`; a page of them by `limit`."""
        with self._store.read() as db:
            return listing.heads(db, limit, offset)

    def copies_of(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """(id, id of its original) of every near-copy of one of these."""
        with self._store.read() as db:
            found = [
                db.execute("SELECT id, copy_of FROM articles WHERE copy_of = ? ORDER BY n", [id])
                for id in ids
            ]
            return [pair for rows in found for pair in rows]

    def passages(self, article_id: str) -> list[Passage]:
        """The passages of an article, in order; none if there is no such article."""
        with self._store.read() as db:
            row = db.execute(
                "SELECT a.n, t.text FROM articles a JOIN texts t ON t.article = a.n WHERE a.id = ?",
                [article_id],
            ).fetchone()
            return [] if row is None else list(passages_of(db, row[0], article_id, row[1]).values())

    def passage(self, passage_id: str) -> Passage | None:
        article_id = passage_id.rpartition(":")[0]
        return next((p for p in self.passages(article_id) if p.id == passage_id), None)

    def sources(self) -> dict[str, int]:
        """How many articles each source has, by name; articles without a source aren't counted."""
        with self._store.read() as db:
            return listing.sources(db)

    def named(self, filter: Filter) -> Filter:
        """The filter with its sources as the library spells them: "BBC" is "BBC News".

        Raises UsageError, with the outlets that there are, for one that it can't find.
        """
        if not filter.sources:
            return filter
        return replace(filter, sources=named(filter.sources, self.sources()))

    def undated(self, filter: Filter) -> int:
        """How many articles a filter leaves out only because they have no date."""
        with self._store.read() as db:
            return listing.undated(db, filter)

    def newest(self, by: date) -> date | None:
        """The date of the newest article, of those that aren't dated after `by`."""
        with self._store.read() as db:
            return listing.newest(db, by)

    def holding(self, wanted: Wanted | None = None) -> Holding:
        """How many articles are wanted, from when to when, and of whom; of all without `wanted`."""
        with self._store.read() as db:
            return holdings.holding(db, wanted or Wanted())

    def chosen(
        self, wanted: Wanted, limit: int | None = None, *, oldest: bool = False
    ) -> list[Head]:
        """The wanted articles, newest first (or oldest), those without a date last."""
        with self._store.read() as db:
            return holdings.chosen(db, wanted, limit, oldest=oldest)

    def authors(self) -> dict[str, int]:
        """How many articles each author has written, by name."""
        with self._store.read() as db:
            return holdings.authors(db)

    def holds(self, words: str) -> bool:
        """Whether a passage of any article has all of these words, in whatever form and place."""
        with self._lexicon() as (_, lexicon):
            return holdings.holds(lexicon, words)

    def mentions(self, words: str) -> Mentions:
        """The articles in which these words stand, side by side; see
        `index.holdings`."""
        with self._lexicon() as (db, lexicon):
            return holdings.mentions(db, lexicon, words)

    def vocabulary(self) -> dict[str, int]:
        """Every word without its endings, lower-cased, and in how many passages it is: read from
        the whole lexical index, so keep it for as long as `generation` stays."""
        with self._lexicon() as (_, lexicon):
            return terms.vocabulary(lexicon)

    def passages_with(self, term: str, most: int = 3) -> list[str]:
        """Passages, under title and heading, that have a word of `vocabulary`."""
        with self._lexicon() as (db, lexicon):
            return terms.passages_with(db, lexicon, term, most)

    def versions(self, id: str) -> list[versions.Version]:
        """What an article said before it was corrected, oldest first."""
        with self._store.read() as db:
            return versions.versions_of(db, id)

    def since(self, generation: int) -> listing.News:
        """What came in after the library had this `generation`: no clock has a say in it."""
        with self._store.read() as db:
            return listing.since(db, generation)

    def gone(self) -> list[Head]:
        """Articles that vanished at the source that is followed, latest first."""
        with self._store.read() as db:
            return listing.gone(db)

    def reading(self) -> AbstractContextManager[Database]:
        """A snapshot of the tables, for `index.following`."""
        return self._store.read()

    def status(self) -> Status:
        with self._store.read() as db:
            meta = meta_of(db)
            articles, near, sources, dated = db.execute(
                "SELECT count(*), count(copy_of), count(DISTINCT source), count(published)"
                " FROM articles"
            ).fetchone()
            passages = db.execute("SELECT count(*) FROM passages").fetchone()[0]
            form = form_in_use(db, self.path)
        return Status(
            path=self.path,
            articles=articles,
            passages=passages,
            copies=near,
            sources=sources,
            generation=meta["generation"],
            encoder=meta["encoder"],
            dimension=meta["dimension"],
            bytes=self._store.size(),
            context=meta["search_text"] == schema.CONTEXT,
            undated=articles - dated,
            form=form,
            name=self.name,
        )

    @contextmanager
    def _lexicon(self) -> Iterator[tuple[Database, Database]]:
        """A snapshot of the rows, and what has their table of words."""
        with self._store.read() as db:
            if self._words is None:
                yield db, db
            else:
                with self._words.of(db) as words:
                    yield db, words
