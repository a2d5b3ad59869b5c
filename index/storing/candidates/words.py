"""The words of a large library's passages, in files of their own. The only importer of tantivy.

FTS5 gives BM25 for every passage that matches before it knows the best; tantivy passes over what
can't be among them. Words are cut as the lexical table cuts them (letters and figures, without case
and accents, English endings off) and weighed by the same BM25, so that either's scores mean the
same. The files are derived: what they were built from is written in the same commit as the words.
What came since is searched in memory (`tail`), what was removed since is hidden; where too much
came, the lexical table answers, which changes with the rows. Written by `index.storing.building`,
one process at a time.
"""

from __future__ import annotations

import json
import shutil
import threading
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from filelock import FileLock, Timeout

from index.search import Filter, match_expression
from index.storing.candidates import protocol, word_files
from index.storing.candidates.past import Past
from index.storing.candidates.protocol import Built, Entry, Scored
from index.storing.candidates.tail import Clause, Floats, Tail, came_since, idf
from index.storing.database import Database, Rows, State, has_been, state_of

_LOCK = "words.lock"
_ABOUT = 0  # the number of the document that says what was built from; no passage has it
_MEMORY = 64 << 20  # bytes that the writer fills before it writes
SHORT = 200  # passages: a tail that costs nothing
_ROUNDS = 20  # of following what others have written meanwhile
_DELETED = 1024  # numbers in one query
MOST = 10_000  # passages: a longer tail isn't read (eval/DECISIONS.md)
_COMMITTED = 200_000  # passages: so many are lost, at most, where a build is cut off


class Words:
    """Passages by words, read from a library's folder. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: _Opened | None = None
        self._mark: object = None
        self._tail = Tail(_cutter().analyze)
        self._past: Past | None = None  # of the tail
        self._last: tuple[State, View] | None = None
        self._lock = threading.Lock()

    def view(self, db: Database) -> View | None:
        """What answers for this snapshot: the files, with what came since; None where there are no
        files of these rows, or so much came since that it isn't worth the reading."""
        with self._lock:
            opened, now = self._of(db), state_of(db)
            if opened is None:
                return None
            if self._last is not None and self._last[0] == now:
                return self._last[1]
            (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()
            if highest - opened.built.highest > MOST:
                return None
            if self._past is None or not self._past.is_of(db):
                self._tail, self._past = Tail(self._tail.cut), Past(opened.built.state)
            if self._past.generation < now.generation or not len(self._tail):
                above = max(opened.built.highest, int(self._tail.numbers.max(initial=0)))
                self._tail = self._tail.grown(came_since(db, above))
                self._past.follow(db)
            gone = db.execute(
                "SELECT n FROM removed WHERE generation > ?", [opened.built.state.generation]
            )
            hidden = frozenset(n for (n,) in gone.fetchall())
            view = View(opened, self._tail, hidden, highest)
            self._last = now, view
            return view

    def _of(self, db: Database) -> _Opened | None:
        """The files, if they are of this snapshot's past: newer ones only once it is theirs."""
        mark = word_files.mark(self.folder)
        if mark != self._mark:
            opened = _open(self.folder)
            held = self._opened
            if (
                opened is not None
                and held is not None
                and not has_been(db, opened.built.state)
                and has_been(db, held.built.state)
            ):
                return held
            self._mark, self._opened = mark, opened
            self._past = self._last = None
        if self._opened is None or not has_been(db, self._opened.built.state):
            return None
        return self._opened


class View:
    """The words as of one snapshot, which has passages up to the number `highest`: the files', and
    the tail's. Of these, `hidden` ones are gone."""

    def __init__(self, opened: _Opened, tail: Tail, hidden: frozenset[int], highest: int) -> None:
        self._opened = opened
        self._tail = tail
        self._hidden = hidden
        self._there = tail.there(highest, hidden)

    @property
    def behind(self) -> int:
        """How many changes the files have not taken in."""
        return len(self._hidden) + len(self._tail)

    @property
    def held(self) -> int:
        """How many passages the files have, gone ones too."""
        return int(self._opened.searcher.num_docs) - 1

    def __len__(self) -> int:
        searcher, hidden = self._opened.searcher, sorted(self._hidden)
        gone = 0
        if hidden:
            among = _Query.term_set_query(self._opened.index.schema, "n", hidden)
            gone = len(searcher.search(among, len(hidden), count=False).hits)
        return self.held - gone + int(self._there.sum())

    def search(self, query: str, depth: int, filter: Filter) -> Scored:
        """The best by BM25, of those that the filter lets through."""
        wanted = self._wanted(query)
        if not wanted.clauses:
            return []
        asked = _filtered(self._opened.index.schema, self._query(wanted), filter)
        found = self._found(asked, depth)
        if len(self._tail):
            found += self._tail.best(self._scores(wanted), depth, filter)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]

    def scores(self, query: str, numbers: Sequence[int]) -> dict[int, float]:
        wanted = self._wanted(query)
        if not wanted.clauses or not numbers:
            return {}
        among = _Query.term_set_query(self._opened.index.schema, "n", [int(n) for n in numbers])
        found = dict(self._found(_all_of(self._query(wanted), [among]), len(numbers)))
        if len(self._tail):
            scores = self._scores(wanted)
            scores[~np.isin(self._tail.numbers, np.array(numbers, dtype=np.int64))] = 0
            found |= self._tail.best(scores, len(numbers), Filter())
        return found

    def numbers(self) -> list[int]:
        """Of all passages, ascending."""
        searcher = self._opened.searcher
        there = _Query.exists_query("n")
        found = searcher.search(
            there, searcher.num_docs, count=False, order_by_field="n", order=tantivy.Order.Asc
        )
        held = [n for n, _ in found.hits if n != _ABOUT and n not in self._hidden]
        return held + [int(n) for n in self._tail.numbers[self._there]]

    def _wanted(self, query: str) -> _Wanted:
        """The clauses, each with its weight by files and tail, and with that by the files alone."""
        expression = match_expression(_composed(query))
        parts = [] if expression is None else expression.split(" OR ")
        clauses = [tuple(self._tail.cut(part.strip('"'))) for part in parts]
        clauses = [clause for clause in clauses if clause]
        if not len(self._tail):
            return _Wanted(clauses)
        opened, tail = self._opened, self._tail
        words = {word for clause in clauses for word in clause}
        passages, average = opened.statistics(words) or (0, float(tail.lengths.mean()))
        inside = {word: opened.searcher.doc_freq("text", word) for word in words}
        alone = {word: idf(passages, inside[word]) for word in words}
        every = {word: idf(passages + len(tail), inside[word] + tail.count(word)) for word in words}
        weights = [sum(every[word] for word in clause) for clause in clauses]
        boosts = [
            weight / sum(alone[word] for word in clause)
            for weight, clause in zip(weights, clauses, strict=True)
        ]
        return _Wanted(clauses, weights, boosts, average)

    def _query(self, wanted: _Wanted) -> Any:
        schema, parts = self._opened.index.schema, []
        for at, clause in enumerate(wanted.clauses):
            part = (
                _Query.term_query(schema, "text", clause[0], "freq")
                if len(clause) == 1
                else _Query.phrase_query(schema, "text", list(clause))
            )
            if wanted.boosts:
                part = _Query.boost_query(part, wanted.boosts[at])
            parts.append((tantivy.Occur.Should, part))
        return _Query.boolean_query(parts)

    def _scores(self, wanted: _Wanted) -> Floats:
        """Of the tail's passages; 0 where one isn't there."""
        weighed = list(zip(wanted.clauses, wanted.weights, strict=True))
        return self._tail.scores(weighed, wanted.average) * self._there

    def _found(self, query: Any, depth: int) -> Scored:
        searcher, limit = self._opened.searcher, depth
        while True:
            hits = searcher.search(query, limit, count=False).hits
            numbers = searcher.fast_field_values("n", [address for _, address in hits])
            scored = zip(numbers, (score for score, _ in hits), strict=True)
            found = [(int(n), float(score)) for n, score in scored if n not in self._hidden]
            if len(found) >= depth or len(hits) < limit:
                return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]
            limit *= 4


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a query looks for. Where there is a tail: how much each clause weighs, that over what
    the files alone make of it, and the average length of a passage."""

    clauses: list[Clause]
    weights: Sequence[float] = ()
    boosts: Sequence[float] = ()
    average: float = 1.0


def follow(rows: Rows, folder: Path) -> bool:
    """Brings the files to the newest state of the rows; False where another process is at it.
    Killed at any moment, it leaves what was there. Raises OSError, ValueError, DatelineError."""
    try:
        with FileLock(folder / _LOCK, timeout=0), _errors():
            for done in range(_ROUNDS):
                with rows.read() as db:  # (begun under the lock: nothing is ahead of it)
                    place, opened = word_files.place(folder), _open(folder)
                    if place and opened is not None and _enough(db, opened.built, bool(done)):
                        word_files.clear(folder, place.name)  # what one that was killed has left
                        return True
                    if place is not None and opened and has_been(db, opened.built.state):
                        _follow(db, place)
                    else:
                        _build(db, folder)
            return True
    except Timeout:
        return False


def problem(db: Database, folder: Path) -> str | None:
    """What of the files isn't as it was written, or not of these rows; None if nothing is: every
    byte with tantivy's own checksums, and the numbers of all passages."""
    place = word_files.place(folder)
    if place is None or not word_files.is_whole(place):
        return "the files of words aren't as they were written"
    view = Words(folder).view(db)
    if view is None:  # behind: what comes next brings them on
        return None
    held = [n for (n,) in db.execute("SELECT n FROM passages ORDER BY n").fetchall()]
    return None if view.numbers() == held else "the files of words aren't those of the passages"


def _build(db: Database, folder: Path) -> None:
    """All anew, in a folder that is put into use when it is whole."""
    begun = folder / word_files.BEGUN
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir()
    try:
        _follow(db, begun)
        word_files.put_into_use(folder)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def _follow(db: Database, place: Path) -> None:
    engine = _Engine(place)
    try:
        protocol.follow(db, engine)
    finally:
        engine.close()


class _Engine:
    """An Engine, over a folder that no other process writes to."""

    def __init__(self, place: Path) -> None:
        self._index = _index(place)
        self._writer: Any = self._index.writer(_MEMORY, 1)
        # A commit that was cut off leaves files that no commit names, and the next one refuses to
        # write over: it would have the same number, and so the same names.
        self._writer.garbage_collect_files()
        self._waiting = 0

    def built(self) -> Built | None:
        self._index.reload()
        return _built(self._index, self._index.searcher())

    def stamp(self, built: Built) -> None:
        """With all that was done before it, in one commit: or later, where much is to come."""
        if not built.whole and self._waiting < _COMMITTED:
            return
        about = tantivy.Document()
        about.add_unsigned("n", _ABOUT)
        about.add_text("about", json.dumps(asdict(built)))
        self.remove([_ABOUT])
        self._writer.add_document(about)
        self._writer.commit()
        self._waiting = 0

    def upsert(self, entries: Sequence[Entry]) -> None:
        """(None of them is there: whatever is, is below the number of the last stamp.)"""
        for entry in entries:
            article = entry.article
            document = tantivy.Document()
            document.add_unsigned("n", entry.number)
            for text in (article.title, entry.heading, entry.text):
                document.add_text("text", _composed(text))
            document.add_text("article", article.id)
            if article.source:
                document.add_text("source", article.source)
            if article.published:
                document.add_integer("day", article.published.toordinal())
            self._writer.add_document(document)
        self._waiting += len(entries)

    def remove(self, numbers: Sequence[int]) -> None:
        # (by query: by term, its Python side finds no number)
        for at in range(0, len(numbers), _DELETED):
            some = [int(n) for n in numbers[at : at + _DELETED]]
            among = _Query.term_set_query(self._index.schema, "n", some)
            self._writer.delete_documents_by_query(among)

    def clear(self) -> None:
        self._writer.delete_all_documents()

    def close(self) -> None:
        """What was not stamped is gone."""
        self._writer.rollback()
        self._writer.wait_merging_threads()


@dataclass(slots=True)
class _Opened:
    index: Any
    searcher: Any
    built: Built
    _statistics: tuple[int, float] | None = None

    def statistics(self, words: Collection[str]) -> tuple[int, float] | None:
        """How many passages the files count (gone ones too, until they are merged), and their
        average length; None while none of these words was ever in them.

        Only the explanation of a score has them.
        """
        for word in words if self._statistics is None else ():
            query = _Query.term_query(self.index.schema, "text", word)
            if hits := self.searcher.search(query, 1, count=False).hits:
                told = dict(_values(json.loads(query.explain(self.searcher, hits[0][1]).to_json())))
                self._statistics = int(told["N"]), told["avgdl"]
                break
        return self._statistics


def _values(explained: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Each value of an explanation, by the first word of what it says of it."""
    yield explained["description"].partition(",")[0], explained["value"]
    for part in explained.get("details", ()):
        yield from _values(part)


_Query: Any = tantivy.Query


def _index(place: Path) -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("n", indexed=True, fast=True)
    schema.add_integer_field("day", indexed=True, fast=True)
    for name in ("source", "article"):
        schema.add_text_field(name, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("text", tokenizer_name="english")
    schema.add_text_field("about", stored=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(schema.build(), path=str(place))
    index.register_tokenizer("english", _cutter())
    index.config_reader("manual")
    return index


def _cutter() -> Any:
    filters: Any = tantivy.Filter
    cut: Any = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for filter in (filters.lowercase(), filters.ascii_fold(), filters.stemmer("english")):
        cut = cut.filter(filter)
    return cut.build()


def _open(folder: Path) -> _Opened | None:
    place = word_files.place(folder)
    if place is None:
        return None
    try:
        with _errors():
            index = _index(place)
            index.reload()
            searcher = index.searcher()
            built = _built(index, searcher)
    except (OSError, ValueError):
        return None
    return None if built is None else _Opened(index, searcher, built)


def _built(index: Any, searcher: Any) -> Built | None:
    found = searcher.search(_Query.term_query(index.schema, "n", _ABOUT), 1).hits
    if not found:
        return None
    try:
        values = json.loads(searcher.doc(found[0][1])["about"][0])
        return Built(State(**values["state"]), values["highest"], values["whole"])
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error


def _enough(db: Database, held: Built, done: bool) -> bool:
    """Whether the files have all of it; or, once they have been brought on, all but a short tail of
    what was written meanwhile: whoever writes goes on."""
    if not held.whole or not done:
        return held.whole and held.state == state_of(db)
    (highest,) = db.execute("SELECT coalesce(max(n), 0) FROM passages").fetchone()
    return bool(highest - held.highest <= SHORT) and has_been(db, held.state)


def _filtered(schema: Any, wanted: Any, filter: Filter) -> Any:
    conditions = []
    if filter.since is not None or filter.until is not None:
        since, until = (day and day.toordinal() for day in (filter.since, filter.until))
        kind = tantivy.FieldType.Integer
        conditions.append(_Query.range_query(schema, "day", kind, since, until))
    for name, values in (("source", filter.sources), ("article", filter.articles)):
        if values:
            conditions.append(_Query.term_set_query(schema, name, sorted(values)))
    return _all_of(wanted, conditions)


def _all_of(wanted: Any, conditions: Sequence[Any]) -> Any:
    """What is wanted, where the conditions hold: they say nothing of how good it is."""
    if not conditions:
        return wanted
    must = tantivy.Occur.Must
    beside = [(must, _Query.const_score_query(condition, 0.0)) for condition in conditions]
    return _Query.boolean_query([(must, wanted), *beside])


def _composed(text: str) -> str:
    """Accents as parts of their letters: what stands alone would end a word."""
    return unicodedata.normalize("NFC", text)


@contextmanager
def _errors() -> Iterator[None]:
    """A file that isn't as it was written stops tantivy by a panic, which is no Exception."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"the files of words can't be read ({error})") from None
