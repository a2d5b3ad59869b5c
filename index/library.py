"""The Library: articles, passages and their index, in a folder or on a server.

In a folder:

library.sqlite           the truth (index.storing.store)
library.layout-N.sqlite  kept when a library of an earlier layout was brought up to date
reindex.sqlite           another encoder's vectors, until all are there (index.reindex)
index.faiss/.json        derived, of some generation; caught up with or built anew at need
built.*.ivf, built.json  the same, of a large library: most vectors, mapped (index.storing.building)
words.*/, words.json     the same: its words (index.storing.candidates.words)
runs.npz                 the same: its passages' days and outlets (index.storing.candidates.runs)
writer.lock/.pid         held by the one process that writes

Of a library on a server (index.storing.postgres), a folder of this machine holds what is derived.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import (
    EncoderMismatch,
    LibraryBusy,
    LibraryMissing,
    UsageError,
)
from index.held import Held
from index.held import Status as Status
from index.reindex import identity
from index.reindex import reindex as anew
from index.retrieve import Retriever
from index.search import Filter, Hit
from index.splitting.passages import Passage, split
from index.splitting.search_text import bare_texts, search_texts
from index.storing import (
    archive,
    copies,
    faults,
    health,
    listing,
    mending,
    moving,
    schema,
    vectors,
)
from index.storing.building import STANDARD, Limits
from index.storing.candidates import remote
from index.storing.candidates.beside import Beside, Words
from index.storing.candidates.embedded import Embedded
from index.storing.candidates.protocol import Candidates
from index.storing.database import Database, Rows, describe, meta_of
from index.storing.places import Place, rows_at, there
from index.storing.rows import delete, insert
from index.storing.store import Store

_WAIT = 600  # seconds for another process that brings the same library up to date


class Library(Held):
    """Articles in, passages found. Made by `Library.open`; thread-safe.

    Many processes may read while one writes. Each write is one transaction: after `kill -9` an
    article is there with all its passages, or it isn't there.
    """

    def __init__(
        self,
        store: Rows,
        encoder: Encoder | None,
        candidates: str | None = None,
        limits: Limits = STANDARD,
    ) -> None:
        self.path = store.folder  # what this machine keeps of it
        self.name = store.name
        self._store = store
        self._encoder = encoder
        self._lock = store.lock()
        self._served_at = candidates or ""
        self._words = None if store.holds_words else Words(store)
        self._candidates: Candidates = Embedded(self.path, limits)
        if self._words is not None:
            self._candidates = Beside(store, self._words)
        if candidates and encoder is not None:  # without one, nothing is searched or added
            self._candidates = remote.open_candidates(candidates, store, self._lock)
        self._retriever = Retriever(store, self._candidates)
        self._unsaved = False

    @classmethod
    def open(
        cls,
        path: Place,
        encoder: Encoder | None = None,
        *,
        create: bool = False,
        sample: bool = True,
        candidates: str | None = None,
        limits: Limits = STANDARD,
    ) -> Library:
        """The library in a folder, or at postgresql://user@host/database. Without an encoder it can
        be listed, not searched or added to.

        A library of an earlier layout is brought up to date, and a copy of its file kept. `sample`
        compares a few articles with their hashes (all: `check`). `candidates` is the address of a
        Milvus that holds what is searched (else DATELINE_CANDIDATES; else this machine does, in
        large forms beyond `limits`). Raises LibraryMissing, LibraryVersion, LibraryDamaged,
        EncoderMismatch (built with another encoder), UsageError (the path is a file, or another
        program's).
        """
        store = rows_at(path)
        try:
            if create:
                if encoder is None:
                    raise UsageError(
                        f"a library at '{store.name}' can only be made with an encoder"
                    )
                store.create(identity(encoder))
            elif not store.exists():
                raise LibraryMissing(store.missing())
            layout = store.verify()
            address = candidates or os.environ.get("DATELINE_CANDIDATES")
            library = cls(store, encoder, address, limits)
        except BaseException:
            store.close()
            raise
        try:
            if layout < store.layout:
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
            if self._words is not None:
                self._words.close()
            self._store.close()

    # --- searching -------------------------------------------------------------------------

    @property
    def encoder(self) -> Encoder | None:
        return self._encoder

    def ready(self) -> None:
        """Brings what is searched up to date, as the first search would."""
        with self._store.read() as db:
            self._candidates.catch_up(db)

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
        """This library as one file, whole or not there; others may read and write meanwhile. What
        lies on a server is fetched to a folder beside the file first."""
        if isinstance(self._store, Store):
            return archive.export(self._store, to, progress)
        with tempfile.TemporaryDirectory(prefix="dateline-export-", dir=to.parent) as folder:
            store = Store(Path(folder) / "library")
            try:
                moving.copy(self._store, store)
                return archive.export(store, to, progress)
            finally:
                store.close()

    # --- what an article that comes in is ---------------------------------------------------

    def identify(self, article: Article) -> tuple[Article, Article | None]:
        """The article with its id and with what a person has edited, and how it was until now.

        What identifies an article is its address, else its file: see `index.storing.listing.known`.
        """
        with self._store.read() as db:
            known = listing.known(db, article, self._store.home)
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
    def noting(self, *, wait: float = 0) -> Iterator[Database]:
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
            insert(db, self._store.home, article, passages, embeddings, history=history)

    def moved(self, article: Article, path: str | None) -> Article:
        """The article, whose file lies elsewhere now."""
        with self._lone_write() as db:
            db.execute(
                "UPDATE articles SET path = ?, place = ? WHERE id = ?",
                [path, schema.place(path, self._store.home), article.id],
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
        """Encodes every passage anew, with this encoder from now on (`index.reindex`).

        `progress` is told how many of how many passages are done. Until all are, others search and
        write with the old encoder, and a run that is cut off goes on where it was when it is
        started again; then they get EncoderMismatch.
        """
        anew(self._store, self._lone_write, encoder, progress)
        self._encoder = encoder
        with self.writing():  # the file of nearest neighbours, if it pays
            pass

    # --- health -----------------------------------------------------------------------------

    def inspect(self, progress: Callable[[int, int], None] | None = None) -> health.Health:
        """Compares everything with everything that says the same; see `index.storing.health`.

        Raises DatelineError where candidates lie on a server that can't be reached.
        """
        with self._store.read() as db:
            found = health.inspect(db, self.path, progress)
            if self._words is not None:
                self._words.inspect(db, found)
        if (served := self.served()) is not None:
            with self._store.read() as db:
                found.compared.append(remote.line(served, db))
            found.served = bool(served.problem)
            found.problems += [served.problem] * found.served
        return found

    def served(self) -> remote.Served | None:
        """What the server holds that is searched; None where this machine does.

        Raises DatelineError where it can't be reached.
        """
        if not self._served_at:
            return None
        own = isinstance(self._candidates, Embedded)  # (without an encoder, nobody was asked yet)
        candidates = self._candidates
        if own:
            candidates = remote.open_candidates(self._served_at, self._store, self._lock)
        try:
            with self._store.read() as db:
                counts = candidates.counts(db)
            with self._store.read() as db:  # later: it knows every state that is held there
                return remote.compared(db, self._served_at, counts)
        finally:
            if own:
                candidates.close()

    def check(self) -> health.Health:
        """`inspect`; raises LibraryDamaged if something isn't as it was written."""
        found = self.inspect()
        if found.problems:
            more = len(found.problems) - 1
            what = found.problems[0] + (f", and {more} more" if more else "")
            raise self._store.damaged(what)
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
                if found.words and self._words is not None:
                    self._words.discard()
                    done.append("the index of words")
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
                near = Embedded(self.path) if self._served_at else self._candidates
                near.discard()
                with self._store.read() as db:
                    near.save(db)
                done.append("the file of nearest neighbours")
            if self._served_at and (found.served or whole):
                self._candidates.discard()
                with self._store.read() as db:
                    self._candidates.save(db)
                done.append(f"the candidates at '{remote.address(self._served_at)}'")
        return done

    # --- the rest ---------------------------------------------------------------------------

    def _with_encoder(self) -> Encoder:
        if self._encoder is None:
            raise UsageError(f"the library '{self.name}' was opened without an encoder")
        return self._encoder

    def _texts(self, db: Database, article: Article, passages: Sequence[Passage]) -> list[str]:
        if meta_of(db)["search_text"] == schema.BARE:
            return bare_texts(passages)
        return search_texts(article, passages, self._with_encoder().fits)

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
                "INSERT INTO removed SELECT p.n, CAST(m.value AS BIGINT) FROM meta m, passages p"
                " JOIN articles a ON a.n = p.article WHERE m.name = 'generation' AND a.id = ?"
                " ON CONFLICT DO NOTHING",
                [id],
            )
            db.execute(
                "DELETE FROM passages WHERE article = (SELECT n FROM articles WHERE id = ?)", [id]
            )
            if db.holds_words:
                mending.words(db)

    def _upgrade(self) -> None:
        if self._store.home and not faults.writable(self._store.home):
            self._store.upgrade()  # says so
        with self._lock.held(wait=_WAIT):
            if self._store.verify() < self._store.layout:
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
            raise self._store.damaged(f"the text of article {wrong} isn't what was stored")
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
                f"the library '{self.name}' was built with the encoder '{meta['encoder']}' "
                f"({(known or 'no hash')[:12]}) and needs it, not '{encoder.name}' "
                f"({encoder.sha256[:12]}); to change its encoder: "
                f"dateline --library '{self.name}' reindex --encoder '{encoder.name}'"
            )
        if (before := meta.get("passage_prefix", "")) != encoder.prefixes.passage:
            raise EncoderMismatch(
                f"the library '{self.name}' was built with {before!r} before each passage, and its "
                f"encoder '{encoder.name}' now reads {encoder.prefixes.passage!r} there; encode it "
                f"anew with: dateline --library '{self.name}' reindex --encoder '{encoder.name}'"
            )
        if not known and db is not None:
            describe(db, {"encoder_sha256": encoder.sha256})


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


def moved(source: Place, target: Place, progress: moving.Progress | None = None) -> moving.Moved:
    """Copies a library to another place; see `index.storing.moving`. Raises DatelineError."""
    with Library.open(source) as library:  # of an earlier layout, it is brought up to date first
        other = rows_at(target)
        try:
            return moving.move(library._store, other, progress)
        finally:
            other.close()


def unpacked(
    file: Path, target: Place, progress: archive.Progress | None = None
) -> archive.Manifest:
    """Makes a library of a file that `Library.export` wrote; what goes to a server is unpacked in a
    folder of this machine first. Raises DatelineError."""
    rows = rows_at(target)
    try:
        if rows.home is not None:
            return archive.unpack(file, rows.home, progress)
        archive.manifest(file)  # a wrong file is said before a wrong place
        if there(target):
            raise UsageError(f"'{rows.name}' holds a library already; name another database")
        with tempfile.TemporaryDirectory(prefix="dateline-import-") as folder:
            made = archive.unpack(file, Path(folder) / "library", progress)
            moved(Path(folder) / "library", target)
            return made
    finally:
        rows.close()
