"""A folder of words: how they are cut and kept, asked and written. The only importer of tantivy.

Knows nothing of which folder is in use, nor of what came since it was written
(`index.storing.candidates.words`).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tantivy

from index.search import Filter
from index.storing.candidates.protocol import Built, Entry, Scored
from index.storing.candidates.tail import Clause, Cut
from index.storing.database import State

_ABOUT = 0  # the number of the document that says what was built from; no passage has it
_MEMORY = 64 << 20  # bytes that the writer fills before it writes
_DELETED = 1024  # numbers in one query
_COMMITTED = 200_000  # passages: so many are lost, at most, where a build is cut off

_Query: Any = tantivy.Query


class Reading:
    """A folder of words as it was at its last commit; later ones don't change it."""

    def __init__(self, index: Any, searcher: Any, built: Built) -> None:
        self.built = built
        self._schema = index.schema
        self._searcher = searcher
        self._statistics: tuple[int, float] | None = None

    def __len__(self) -> int:
        """How many passages."""
        return int(self._searcher.num_docs) - 1

    def numbers(self) -> list[int]:
        """Of all passages, ascending."""
        found = self._searcher.search(
            _Query.exists_query("n"),
            self._searcher.num_docs,
            count=False,
            order_by_field="n",
            order=tantivy.Order.Asc,
        )
        return [n for n, _ in found.hits if n != _ABOUT]

    def holds(self, numbers: Sequence[int]) -> int:
        """How many of these passages are there."""
        if not numbers:
            return 0
        among = _Query.term_set_query(self._schema, "n", numbers)
        return len(self._searcher.search(among, len(numbers), count=False).hits)

    def count(self, word: str) -> int:
        """How many passages have it; gone ones too, until they are merged."""
        return int(self._searcher.doc_freq("text", word))

    def statistics(self, words: Collection[str]) -> tuple[int, float] | None:
        """How many passages are counted (gone ones too, as above), and their average length; None
        while none of these words was ever in them.

        Only the explanation of a score has them.
        """
        for word in words if self._statistics is None else ():
            query = _Query.term_query(self._schema, "text", word)
            if hits := self._searcher.search(query, 1, count=False).hits:
                explained = query.explain(self._searcher, hits[0][1]).to_json()
                told = dict(_values(json.loads(explained)))
                self._statistics = int(told["N"]), told["avgdl"]
                break
        return self._statistics

    def search(
        self,
        clauses: Sequence[Clause],
        boosts: Sequence[float],
        depth: int,
        *,
        filter: Filter = Filter(),  # noqa: B008 (frozen)
        among: Sequence[int] | None = None,
        hidden: frozenset[int] = frozenset(),
    ) -> Scored:
        """The best by BM25 of passages that have any of the clauses, are let through, not hidden
        and, where they are given, `among` these. `boosts` multiply what each clause weighs."""
        conditions = _conditions(self._schema, filter)
        if among is not None:
            conditions.append(_Query.term_set_query(self._schema, "n", [int(n) for n in among]))
        query = _all_of(self._any_of(clauses, boosts), conditions)
        searcher, limit = self._searcher, depth
        while True:
            hits = searcher.search(query, limit, count=False).hits
            numbers = searcher.fast_field_values("n", [address for _, address in hits])
            scored = zip(numbers, (score for score, _ in hits), strict=True)
            found = [(int(n), float(score)) for n, score in scored if n not in hidden]
            if len(found) >= depth or len(hits) < limit:
                return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:depth]
            limit *= 4

    def _any_of(self, clauses: Sequence[Clause], boosts: Sequence[float]) -> Any:
        parts = []
        for at, clause in enumerate(clauses):
            part = (
                _Query.term_query(self._schema, "text", clause[0], "freq")
                if len(clause) == 1
                else _Query.phrase_query(self._schema, "text", list(clause))
            )
            if boosts:
                part = _Query.boost_query(part, boosts[at])
            parts.append((tantivy.Occur.Should, part))
        return _Query.boolean_query(parts)


def read(place: Path) -> Reading | None:
    """None where it isn't as it was written, or says nothing of what it was built from."""
    try:
        with errors():
            index = _index(place)
            index.reload()
            searcher = index.searcher()
            built = _built(index, searcher)
    except (OSError, ValueError):
        return None
    return None if built is None else Reading(index, searcher, built)


class Writing:
    """An Engine that follows the rows, over a folder that no other process writes to."""

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
                document.add_text("text", composed(text))
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


def cutter() -> Cut:
    """Cuts a text as the folder's are."""
    analyzer = _analyzer()
    return lambda text: list(analyzer.analyze(composed(text)))


def composed(text: str) -> str:
    """Accents as parts of their letters: what stands alone would end a word."""
    return unicodedata.normalize("NFC", text)


@contextmanager
def errors() -> Iterator[None]:
    """A file that isn't as it was written stops tantivy by a panic, which is no Exception."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"the files of words can't be read ({error})") from None


def _index(place: Path) -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("n", indexed=True, fast=True)
    schema.add_integer_field("day", indexed=True, fast=True)
    for name in ("source", "article"):
        schema.add_text_field(name, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("text", tokenizer_name="english")
    schema.add_text_field("about", stored=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(schema.build(), path=str(place))
    index.register_tokenizer("english", _analyzer())
    index.config_reader("manual")
    return index


def _analyzer() -> Any:
    filters: Any = tantivy.Filter
    cut: Any = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for filter in (filters.lowercase(), filters.ascii_fold(), filters.stemmer("english")):
        cut = cut.filter(filter)
    return cut.build()


def _built(index: Any, searcher: Any) -> Built | None:
    found = searcher.search(_Query.term_query(index.schema, "n", _ABOUT), 1).hits
    if not found:
        return None
    try:
        values = json.loads(searcher.doc(found[0][1])["about"][0])
        return Built(State(**values["state"]), values["highest"], values["whole"])
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error


def _values(explained: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Each value of an explanation, by the first word of what it says of it."""
    yield explained["description"].partition(",")[0], explained["value"]
    for part in explained.get("details", ()):
        yield from _values(part)


def _conditions(schema: Any, filter: Filter) -> list[Any]:
    conditions = []
    if filter.since is not None or filter.until is not None:
        since, until = (day and day.toordinal() for day in (filter.since, filter.until))
        kind = tantivy.FieldType.Integer
        conditions.append(_Query.range_query(schema, "day", kind, since, until))
    for name, values in (("source", filter.sources), ("article", filter.articles)):
        if values:
            conditions.append(_Query.term_set_query(schema, name, sorted(values)))
    return conditions


def _all_of(wanted: Any, conditions: Sequence[Any]) -> Any:
    """What is wanted, where the conditions hold: they say nothing of how good it is."""
    if not conditions:
        return wanted
    must = tantivy.Occur.Must
    beside = [(must, _Query.const_score_query(condition, 0.0)) for condition in conditions]
    return _Query.boolean_query([(must, wanted), *beside])
