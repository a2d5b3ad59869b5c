"""The Library: a folder with articles, passages and their index. In it:

library.sqlite           the truth (index.storing.store)
library.layout-N.sqlite  kept when a library of an earlier layout was brought up to date
index.faiss/.json        derived, of some generation; caught up with or built anew at need
built.*.ivf, built.json  the same, of a large library: most vectors, mapped (index.storing.building)
words.*/, words.json     the same: its words (index.storing.candidates.words)
runs.npz                 the same: its passages' days and outlets (index.storing.candidates.runs)
writer.lock/.pid         held by the one process that writes
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.article import Article, Head
from index.encoding.encoder import Encoder
from index.errors import (
    DatelineError,
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryMissing,
    UsageError,
)
from index.holdings import Holding, Mentions, Wanted
from index.retrieve import Retriever
from index.search import Filter, Hit
from index.sources import named
from index.splitting.passages import Passage, split
from index.splitting.search_text import bare_texts, search_texts
from index.storing import (
    archive,
    copies,
    faults,
    health,
    holdings,
    listing,
    mending,
    schema,
    seals,
    terms,
    vectors,
    versions,
)
from index.storing.building import STANDARD, Limits
from index.storing.candidates.counting import reconcile
from index.storing.candidates.embedded import Embedded
from index.storing.candidates.nearest import form_in_use
from index.storing.candidates.protocol import Candidates
from index.storing.database import Database, describe, meta_of
from index.storing.rows import ARTICLES, article_of, delete, insert, passages_of
from index.storing.store import Connection, Store, missing

_WAIT = 600  # seconds for another process that brings the same library up to date


@dataclass(frozen=True, slots=True)
class Status:
    """What a library holds. `bytes` counts all files of its folder.

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


class Library:
    """Articles in, passages found. Made by `Library.open`; thread-safe.

    Many processes may read while one writes. Each write is one transaction: after `kill -9` an
    article is there with all its passages, or it isn't there.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        encoder: Encoder | None,
        candidates: str | None = None,
        limits: Limits = STANDARD,
    ) -> None:
        self.path = path
        self._store = store
        self._encoder = encoder
        self._lock = store.lock()
        self._candidates: Candidates = Embedded(path, limits)
        if candidates and encoder is not None:  # without one, nothing is searched or added
            try:
                from index.storing.candidates.milvus import Milvus
            except ImportError as error:
                raise UsageError(
                    f"candidates at '{candidates}' need Milvus's client; get it with: "
                    "pip install 'dateline[milvus]'"
                ) from error
            token = os.environ.get("DATELINE_CANDIDATES_TOKEN", "")
            self._candidates = Milvus(candidates, store, self._lock, token)
        self._retriever = Retriever(store, self._candidates)
        self._unsaved = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        encoder: Encoder | None = None,
        *,
        create: bool = False,
        sample: bool = True,
        candidates: str | None = None,
        limits: Limits = STANDARD,
    ) -> Library:
        """The library in a folder. Without an encoder it can be listed, not searched or added to.

        A library of an earlier layout is brought up to date, and a copy of its file kept. `sample`
        compares a few articles with their hashes (all: `check`). `candidates` is the address of a
        Milvus that holds what is searched (else DATELINE_CANDIDATES; else this machine does, in
        large forms beyond `limits`). Raises LibraryMissing, LibraryVersion, LibraryDamaged,
        EncoderMismatch (built with another encoder), UsageError (the path is a file, or another
        program's).
        """
        path = Path(path).expanduser()
        if path.exists() and not path.is_dir():
            raise UsageError(f"'{path}' is a file; a library is a folder: name another path")
        store = Store(path)
        if create and not (store.file.is_file() and not faults.writable(path)):
            if encoder is None:
                raise UsageError(f"a library at '{path}' can only be made with an encoder")
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatelineError(
                    f"the folder '{path}' can't be made ({error.strerror}); name another"
                ) from error
            new = not store.file.exists()
            try:
                store.create(_identity(encoder))
            except DatelineError:
                store.close()
                if new:  # what is half made would look like a library
                    for left in path.glob("library.sqlite*"):
                        left.unlink(missing_ok=True)
                raise
        elif not store.file.is_file():
            raise LibraryMissing(missing(path))
        try:
            address = candidates or os.environ.get("DATELINE_CANDIDATES")
            library = cls(path, store, encoder, address, limits)
        except BaseException:
            store.close()
            raise
        try:
            if store.verify() < schema.LAYOUT:
                library._upgrade()
            if sample:
                library.sample()
            if encoder is not None:
                library._match(encoder)
        except BaseException:
            store.close()
            raise
        return library

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Saves the derived index if this process has changed the library. May be called twice."""
        try:
            if self._unsaved:
                with suppress(LibraryBusy), self.writing():  # else whoever writes now saves it
                    pass
        finally:
            self._candidates.close()
            self._store.close()

    # --- reading ----------------------------------------------------------------------------

    @property
    def encoder(self) -> Encoder | None:
        return self._encoder

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
        with self._store.read() as db:
            return holdings.holds(db, words)

    def mentions(self, words: str) -> Mentions:
        """The articles in which these words stand, side by side; see
        `index.holdings`."""
        with self._store.read() as db:
            return holdings.mentions(db, words)

    def vocabulary(self) -> dict[str, int]:
        """Every word without its endings, lower-cased, and in how many passages it is: read from
        the whole lexical index, so keep it for as long as `generation` stays."""
        with self._store.read() as db:
            return terms.vocabulary(db)

    def passages_with(self, term: str, most: int = 3) -> list[str]:
        """Passages, under title and heading, that have a word of `vocabulary`."""
        with self._store.read() as db:
            return terms.passages_with(db, term, most)

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

    def reading(self) -> AbstractContextManager[Connection]:
        """A snapshot of the tables, for `index.following`."""
        return self._store.read()

    def ready(self) -> None:
        """Brings what is searched up to date, as the first search would."""
        with self._store.read() as db:
            self._candidates.catch_up(db)

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
        )

    def search(
        self, query: str, k: int = 10, *, mode: str = "fused", filter: Filter | None = None
    ) -> list[Hit]:
        """The k best passages for a query, best first; see `index.retrieve` for how.

        `mode` is "fused", "dense" or "lexical". Articles that another process has added since
        are found. Raises UsageError, EncoderMismatch (re-indexed meanwhile).
        """
        encoder = self._with_encoder()
        return self._retriever.search(
            query, k, mode, filter or Filter(), encoder, lambda: self._match(encoder)
        )

    def export(self, to: Path, progress: archive.Progress | None = None) -> archive.Manifest:
        """This library as one file, whole or not there; others may read and write meanwhile."""
        return archive.export(self._store, to, progress)

    # --- what an article that comes in is ---------------------------------------------------

    def identify(self, article: Article) -> tuple[Article, Article | None]:
        """The article with its id and with what a person has edited, and how it was until now.

        What identifies an article is its address, else its file: see `index.storing.listing.known`.
        """
        with self._store.read() as db:
            known = listing.known(db, article, self.path)
            if known is None:
                taken = db.execute("SELECT 1 FROM articles WHERE id = ?", [article.id]).fetchone()
                if taken:  # by a file that lay at this path, and was moved
                    own = hashlib.sha256(f"{article.path}\n{article.text}".encode()).hexdigest()
                    article = replace(article, id=own[:12])
                return article, None
            row = db.execute("SELECT edited FROM articles WHERE id = ?", [known.id]).fetchone()
        return replace(_edited(article, json.loads(row[0])), id=known.id), known

    def original_of(self, article: Article) -> str | None:
        """The id of the oldest article that this one is a near-copy of; never its own."""
        with self._store.read() as db:
            return copies.original_of(db, article.id, article.text)

    def search_texts(self, article: Article, passages: Sequence[Passage]) -> list[str]:
        """What the encoder reads of an article's passages: in one library alike for all."""
        with self._store.read() as db:
            return self._texts(db, article, passages)

    # --- writing ----------------------------------------------------------------------------

    @contextmanager
    def writing(self, *, wait: float = 0) -> Iterator[None]:
        """Holds the writer's lock over several writes; saves the derived index at the end, if that
        pays.

        Each write takes the lock by itself too. Raises LibraryBusy if another process has it for
        longer than `wait` seconds.
        """
        with self._lock.held(wait=wait, last=self._save):
            yield

    @contextmanager
    def noting(self, *, wait: float = 0) -> Iterator[Connection]:
        """A transaction over the tables of `index.following`: it changes nothing that is searched
        or shown. Raises LibraryBusy as `writing` does."""
        with self._lock.held(wait=wait), self._store.write(counted=False) as db:
            yield db

    def put(
        self,
        article: Article,
        passages: Sequence[Passage] | None = None,
        embeddings: NDArray[np.float32] | None = None,
        *,
        history: bool = True,
    ) -> None:
        """Adds an article, or replaces the one with its id, in one transaction. What that one said
        is kept, where it was something else and `history` is wanted: see `versions`.

        Without `passages`, they are split here; without `embeddings` (unit vectors, one row a
        passage), they are encoded here. Raises LibraryBusy.
        """
        if passages is None:
            encoder = self._with_encoder()
            passages = split(article.id, article.text, encoder.count, fits=encoder.fits)
        if embeddings is None:
            encoder = self._with_encoder()
            embeddings = encoder.encode(self.search_texts(article, passages))
        if len(embeddings) != len(passages):
            raise ValueError(f"{len(embeddings)} vectors for {len(passages)} passages")
        with self._lone_write() as db:
            if self._encoder is not None:
                self._match(self._encoder, db)
            insert(db, self.path, article, passages, embeddings, history=history)

    def moved(self, article: Article, path: str | None) -> Article:
        """The article, whose file lies elsewhere now."""
        with self._lone_write() as db:
            db.execute(
                "UPDATE articles SET path = ?, place = ? WHERE id = ?",
                [path, schema.place(path, self.path), article.id],
            )
        return replace(article, path=path)

    def mark_gone(self, ids: Sequence[str], day: date | None) -> None:
        """Says of articles on which day they vanished at their source; None: they are there."""
        with self._lone_write() as db:
            listing.mark_gone(db, ids, day)

    def edit(self, id: str, **changes: str | date | None) -> Article:
        """Gives an article another `title`, `source` or `published` (None: it has none).

        What is derived from them follows, and what a person has said stays when the same article is
        added again. Passages and their ids stay; another title needs the encoder. Raises
        UsageError (no such article or field, an empty title), LibraryBusy.
        """
        if wrong := sorted(set(changes) - {"title", "source", "published"}):
            raise UsageError(f"an article's {wrong[0]!r} can't be edited; its title, source and "
                             "published can")  # fmt: skip
        if "title" in changes and not str(changes["title"] or "").strip():
            raise UsageError("an article's title can't be empty; say what it is called")
        article = self.article(id)
        if article is None:
            raise UsageError(f"the library has no article '{id}'; `dateline list` shows the ids")
        said = {k: v.isoformat() if isinstance(v, date) else v for k, v in changes.items()}
        new = _edited(article, said)
        with self.writing():
            if new.title != article.title:  # its passages are found by it
                self.put(new, self.passages(id), history=False)
            elif new != article:  # and by these: what is found by others has other numbers
                self.put(new, self.passages(id), self._vectors(id), history=False)
            with self._lone_write() as db:
                (before,) = db.execute("SELECT edited FROM articles WHERE id = ?", [id]).fetchone()
                db.execute(
                    "UPDATE articles SET source = ?, published = ?, edited = ? WHERE id = ?",
                    [new.source, new.published.isoformat() if new.published else None,
                     json.dumps(json.loads(before) | said), id],
                )  # fmt: skip
        return new

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Removes articles, in one transaction; returns the ids that were there.

        Of the copies of a removed article, the oldest takes its place.
        """
        with self._lone_write() as db:
            return [id for id in dict.fromkeys(ids) if delete(db, id)]

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None = None) -> None:
        """Encodes every passage anew, with this encoder from now on, in one transaction.

        `progress` is told how many of how many passages are done. Readers with the old encoder
        go on until it is done, then get EncoderMismatch.
        """
        with self._lone_write() as db:
            # another library, as far as indexes on disk and in other processes know
            describe(db, {"library": os.urandom(16).hex(), "search_text": schema.CONTEXT})
            describe(db, _identity(encoder))
            total = db.execute("SELECT count(*) FROM passages").fetchone()[0]
            done = 0
            texts = self._all_texts(db, encoder)
            while some := list(islice(texts, 256)):
                found = encoder.encode([text for _, text in some])
                db.executemany(
                    "UPDATE passages SET vector = ? WHERE n = ?",
                    [(vectors.pack(v), n) for v, (n, _) in zip(found, some, strict=True)],
                )
                done += len(some)
                if progress is not None:
                    progress(done, total)
            seals.renew(db)
        self._encoder = encoder  # (now that it is committed)

    # --- health -----------------------------------------------------------------------------

    def inspect(self, progress: Callable[[int, int], None] | None = None) -> health.Health:
        """Compares everything with everything that says the same; see `index.storing.health`."""
        with self._store.read() as db:
            found = health.inspect(db, self.path, progress)
            if not isinstance(self._candidates, Embedded):
                compared, wrong = reconcile(db, self._candidates)
                found.compared.append(compared)
                if wrong is not None:
                    found.nearest = True
                    found.problems.append(wrong)
        return found

    def check(self) -> health.Health:
        """`inspect`; raises LibraryDamaged if something isn't as it was written."""
        found = self.inspect()
        if found.problems:
            more = len(found.problems) - 1
            what = found.problems[0] + (f", and {more} more" if more else "")
            raise LibraryDamaged(faults.damaged(self.path, what))
        return found

    def repair(self, found: health.Health) -> list[str]:
        """Makes anew what can be, of what `inspect` found wrong; says what. No article is deleted.

        Passages are split and encoded anew from texts that are whole: that needs the encoder.
        Where pages of the file can't be read, what can is kept, and the damaged file beside it;
        `found.lost` says what couldn't be. See `index.storing.mending`.
        """
        done: list[str] = []
        whole = [id for id in found.passages if id not in found.articles]
        with self.writing():
            if found.unreadable or found.tables or found.words or found.shingles or (
                found.links or found.stamps
            ):  # fmt: skip
                done += mending.mend(self._store, found)
                self._unsaved = True
                again = self.inspect()
                whole = [id for id in again.passages if id not in again.articles]
            for id in whole:
                article = self.article(id)
                if article is not None:
                    self._forget_passages(id)
                    self.put(article)
            if whole:
                done.append(f"the passages and vectors of {len(whole)} articles")
            if found.nearest or whole:
                self._candidates.discard()
                with self._store.read() as db:
                    self._candidates.save(db)
                done.append("the file of nearest neighbours")
        return done

    # --- the rest ---------------------------------------------------------------------------

    def _with_encoder(self) -> Encoder:
        if self._encoder is None:
            raise UsageError(f"the library '{self.path}' was opened without an encoder")
        return self._encoder

    def _texts(self, db: Database, article: Article, passages: Sequence[Passage]) -> list[str]:
        if meta_of(db)["search_text"] == schema.BARE:
            return bare_texts(passages)
        return search_texts(article, passages, self._with_encoder().fits)

    def _all_texts(self, db: Database, encoder: Encoder) -> Iterator[tuple[int, str]]:
        """The number of every passage, and what the encoder reads of it; article by article."""
        for (number,) in db.execute("SELECT n FROM articles ORDER BY n").fetchall():
            article = article_of(db.execute(f"{ARTICLES} WHERE a.n = ?", [number]).fetchone())
            passages = passages_of(db, number, article.id, article.text)
            texts = search_texts(article, list(passages.values()), encoder.fits)
            yield from zip(passages, texts, strict=True)

    def _vectors(self, id: str) -> NDArray[np.float32]:
        with self._store.read() as db:
            meta = meta_of(db)
            rows = db.execute(
                "SELECT p.vector FROM passages p JOIN articles a ON a.n = p.article WHERE a.id = ?"
                " ORDER BY p.start, p.n",
                [id],
            ).fetchall()
        return vectors.unpack([blob for (blob,) in rows], int(meta["dimension"]))

    def _forget_passages(self, id: str) -> None:
        """The words of passages that don't fit their text can't be taken out one by one."""
        with self._lone_write() as db:
            db.execute(
                "INSERT OR IGNORE INTO removed SELECT p.n, (SELECT value FROM meta WHERE name ="
                " 'generation') FROM passages p JOIN articles a ON a.n = p.article WHERE a.id = ?",
                [id],
            )
            db.execute(
                "DELETE FROM passages WHERE article = (SELECT n FROM articles WHERE id = ?)", [id]
            )
            mending.words(db)

    def _upgrade(self) -> None:
        if not faults.writable(self.path):
            self._store.upgrade()  # says so
        with self._lock.held(wait=_WAIT):
            if self._store.verify() < schema.LAYOUT:
                try:
                    self._store.upgrade()
                except OSError as error:
                    raise faults.from_system(error, self.path) from error

    def _save(self) -> None:
        if self._unsaved:
            self._unsaved = False
            with suppress(OSError), self._store.read() as db:  # searching builds it in memory
                self._candidates.save(db)

    def sample(self) -> int:
        """Compares a few articles, drawn by chance, with their hashes; how many. Raises
        LibraryDamaged. `inspect` compares all."""
        with self._store.read() as db:
            drawn, wrong = health.sample(db)
        if wrong is not None:
            what = f"the text of article {wrong} isn't what was stored"
            raise LibraryDamaged(faults.damaged(self.path, what))
        return drawn

    @contextmanager
    def _lone_write(self) -> Iterator[Database]:
        with self._lock.held():
            with self._store.write() as db:
                yield db
            self._unsaved = True

    def _match(self, encoder: Encoder, db: Database | None = None) -> None:
        """Raises EncoderMismatch for other weights; where no hash is known, for another name."""
        if db is None:
            with self._store.read() as snapshot:
                meta = meta_of(snapshot)
        else:
            meta = meta_of(db)
        known = meta["encoder_sha256"]
        same = known == encoder.sha256 if known else meta["encoder"] == encoder.name
        if not same or meta["dimension"] != encoder.dimension:
            raise EncoderMismatch(
                f"the library '{self.path}' was built with the encoder '{meta['encoder']}' "
                f"({(known or 'no hash')[:12]}), not '{encoder.name}' ({encoder.sha256[:12]}); "
                f"re-index it with: dateline --library '{self.path}' reindex"
            )
        if not known and db is not None:
            describe(db, {"encoder_sha256": encoder.sha256})


def _identity(encoder: Encoder) -> dict[str, str | int]:
    return {
        "encoder": encoder.name,
        "encoder_sha256": encoder.sha256,
        "dimension": encoder.dimension,
    }


def _edited(article: Article, said: Mapping[str, str | None]) -> Article:
    """With what a person has said of it: title, source, published (ISO)."""
    own = article.published.isoformat() if article.published else None
    published = said.get("published", own)
    return replace(
        article,
        title=said.get("title") or article.title,
        source=said.get("source", article.source),
        published=date.fromisoformat(published) if published else None,
    )
