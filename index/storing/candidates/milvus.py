"""Candidates in Milvus, for more passages than one machine holds. The only importer of pymilvus.

One collection a library, named by the library's id, beside one that says which state of the rows it
was built from. Passages are upserted by number; the number of a passage that was replaced or
removed is deleted. Words are cut to their stems here, so that any Milvus finds the same. The words
of a query count by BM25, as Milvus has it; its scores are another's, so lists are fused by rank.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import snowballstemmer

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before it is imported: it writes to the terminal

import grpc
from pymilvus import DataType, Function, FunctionType, MilvusClient
from pymilvus.exceptions import MilvusException

from index.errors import DatelineError, LibraryBusy
from index.search import Filter
from index.storing.candidates.protocol import Built, Counts, Entry, Scored, Vector, follow
from index.storing.candidates.remote import address
from index.storing.database import Database, Lock, Rows, State, meta_of, state_of
from index.words import FUNCTION_WORDS

_DEEPEST = 16_384  # results of one search, at most: the server's own limit
_LONGEST = 60_000  # bytes of a text, below the server's limit of 65,535
_SOON = 15.0  # seconds for an answer, with pymilvus's own attempts to be let in again
_LATER = 600.0  # for what is written, or read into the server's memory
_GRPC = {  # a server sends away who asks more often than this whether it is there
    "grpc.keepalive_time_ms": 300_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 0,
}
_HNSW = {"M": 30, "efConstruction": 360}  # what Milvus itself takes where it chooses
_stem = threading.local()
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it says each error itself, and raises it


class Milvus:
    """For rows anywhere. `lock` is that of the library's writer: see `catch_up`.

    Raises DatelineError where the server can't be reached, or says no.
    """

    comparable = False

    def __init__(self, url: str, rows: Rows, lock: Lock, token: str = "") -> None:
        self.url = url
        self._rows = rows
        self._lock = lock
        self._following = threading.Lock()
        self._seen: State | None = None
        self._loaded: set[str] = set()
        with _errors(url):
            self._client: Any = MilvusClient(url, token=token, timeout=_SOON, grpc_options=_GRPC)

    def catch_up(self, db: Database) -> None:
        """Whoever finds it behind, brings it up to date, one process at a time. While another
        process writes, that one does; a search meanwhile finds what was there before."""
        if state_of(db) == self._seen:
            return
        with _errors(self.url):
            held = self._engine(db).built()
            if held is not None and held.whole and held.state == state_of(db):
                self._seen = held.state
                return
        try:
            with self._lock.held(), self._rows.read() as newest:
                self.save(newest)
        except LibraryBusy:
            if held is None:
                raise

    def save(self, db: Database) -> None:
        with _errors(self.url), self._following:
            follow(db, self._engine(db))
            self._seen = state_of(db)

    def dense(self, db: Database, vector: Vector, depth: int, filter: Filter) -> Scored:
        ef = {"params": {"ef": min(max(2 * depth, 64), _DEEPEST)}}
        return self._search(db, [vector.tolist()], "vector", depth, _expression(filter), ef)

    def lexical(self, db: Database, query: str, depth: int, filter: Filter) -> Scored:
        wanted = " ".join(words(query, telling=True))
        if not wanted:
            return []
        return self._search(db, [wanted], "words", depth, _expression(filter))

    def scores(self, db: Database, query: str, numbers: Sequence[int]) -> dict[int, float]:
        wanted = " ".join(words(query, telling=True))
        if not wanted or not numbers:
            return {}
        among = f"n in {json.dumps([int(n) for n in numbers])}"
        return dict(self._search(db, [wanted], "words", len(numbers), among))

    def counts(self, db: Database) -> Counts:
        with _errors(self.url):
            engine = self._engine(db)
            for _ in range(3):  # (once more, where somebody writes meanwhile)
                held, count = engine.built(), engine.count()
                if engine.built() == held:
                    break
        if held is None:
            return Counts(count, count, None)
        return Counts(count, count, held.state, held.highest if held.whole else None)

    def discard(self) -> None:
        self._seen = None
        with _errors(self.url), self._rows.read() as db:
            self._engine(db).drop()

    def close(self) -> None:
        self._client.close()

    def _engine(self, db: Database) -> _Collection:
        meta = meta_of(db)
        engine = _Collection(self._client, str(meta["library"]), int(meta["dimension"]))
        if engine.name not in self._loaded:
            engine.load()
            self._loaded.add(engine.name)
        return engine

    def _search(
        self,
        db: Database,
        data: list[Any],
        field: str,
        depth: int,
        among: str,
        parameters: dict[str, Any] | None = None,
    ) -> Scored:
        with _errors(self.url):
            found = self._client.search(
                self._engine(db).name,
                data=data,
                anns_field=field,
                limit=min(depth, _DEEPEST),
                filter=among,
                search_params=parameters or {},
                output_fields=["n"],
                timeout=_SOON,
            )
        # (BM25 is never below 0; Milvus Lite gives it as a distance, negated)
        scored = [
            (int(hit["n"]), abs(hit["distance"]) if field == "words" else float(hit["distance"]))
            for hit in found[0]
        ]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


class _Collection:
    """An Engine: one library's passages."""

    def __init__(self, client: Any, library: str, dimension: int) -> None:
        self.name = f"dateline_{library}"
        self._state = f"{self.name}_state"
        self._client = client
        self._dimension = dimension

    def load(self) -> None:
        """A server that was started anew, or told to, has let go of what it doesn't search."""
        for name in (self._state, self.name):
            if self._client.has_collection(name, timeout=_SOON):
                self._client.load_collection(name, timeout=_LATER)

    def built(self) -> Built | None:
        if not self._client.has_collection(self._state, timeout=_SOON):
            return None
        found = self._client.get(self._state, ids=[1], output_fields=["built"], timeout=_SOON)
        if not found:
            return None
        values = json.loads(found[0]["built"])
        return Built(State(**values["state"]), values["highest"], values["whole"])

    def stamp(self, built: Built) -> None:
        row = {"id": 1, "built": json.dumps(asdict(built)), "nothing": [0.0, 1.0]}
        self._client.upsert(self._state, [row], timeout=_LATER)

    def upsert(self, entries: Sequence[Entry]) -> None:
        rows = [_row(entry) for entry in entries]
        self._client.upsert(self.name, rows, timeout=_LATER)

    def remove(self, numbers: Sequence[int]) -> None:
        if numbers:
            self._client.delete(self.name, ids=[int(n) for n in numbers], timeout=_LATER)

    def count(self) -> int:
        if not self._client.has_collection(self.name, timeout=_SOON):
            return 0
        counted = self._client.query(self.name, output_fields=["count(*)"], timeout=_LATER)
        return int(counted[0]["count(*)"])

    def drop(self) -> None:
        for name in (self._state, self.name):  # the state first: without it, nothing is believed
            if self._client.has_collection(name, timeout=_SOON):
                self._client.drop_collection(name, timeout=_LATER)

    def clear(self) -> None:
        self.drop()
        self._make_passages()
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("built", DataType.VARCHAR, max_length=1024)
        schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)  # a collection has to have one
        indexes = self._client.prepare_index_params()
        indexes.add_index("nothing", index_type="FLAT", metric_type="L2")
        self._create(self._state, schema, indexes)

    def _make_passages(self) -> None:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("n", DataType.INT64, is_primary=True)
        schema.add_field("article", DataType.VARCHAR, max_length=128)
        schema.add_field("source", DataType.VARCHAR, max_length=4096)
        schema.add_field("published", DataType.INT64)
        schema.add_field(
            "text",
            DataType.VARCHAR,
            max_length=65_535,
            enable_analyzer=True,
            analyzer_params={"tokenizer": "standard", "filter": ["lowercase"]},
        )
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25",
                function_type=FunctionType.BM25,
                input_field_names=["text"],
                output_field_names=["words"],
            )
        )
        indexes = self._client.prepare_index_params()
        indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=_HNSW)
        indexes.add_index("words", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
        self._create(self.name, schema, indexes)

    def _create(self, name: str, schema: Any, indexes: Any) -> None:
        self._client.create_collection(
            name,
            schema=schema,
            index_params=indexes,
            consistency_level="Strong",
            timeout=_LATER,
        )


def words(text: str, *, telling: bool = False) -> list[str]:
    """The stems of a text's words, without case and accents; `telling`: without function words,
    if there are others."""
    if not hasattr(_stem, "mer"):  # it isn't thread-safe
        _stem.mer = snowballstemmer.stemmer("english")
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    found = re.findall(r"[^\W_]+", plain)
    if telling:
        found = [word for word in found if word not in FUNCTION_WORDS] or found
    return [str(stem) for stem in _stem.mer.stemWords(found)]


def _row(entry: Entry) -> dict[str, Any]:
    article = entry.article
    text = " ".join(words(f"{article.title} {entry.heading} {entry.text}"))
    return {
        "n": entry.number,
        "article": article.id,
        "source": article.source or "",
        "published": article.published.toordinal() if article.published else 0,
        "text": text.encode()[:_LONGEST].decode(errors="ignore"),
        "vector": entry.vector.tolist(),
    }


def _expression(filter: Filter) -> str:
    """Milvus's own, with every value as a JSON string or a number: nothing of it is syntax."""
    parts: list[str] = []
    if filter.since is not None:
        parts.append(f"published >= {filter.since.toordinal()}")
    if filter.until is not None:
        parts.append(f"published > 0 and published <= {filter.until.toordinal()}")
    if filter.sources:
        parts.append(f"source in {json.dumps(sorted(filter.sources), ensure_ascii=False)}")
    if filter.articles:
        parts.append(f"article in {json.dumps(sorted(filter.articles), ensure_ascii=False)}")
    return " and ".join(parts)


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except (MilvusException, grpc.RpcError, grpc.FutureTimeoutError) as error:
        said = " ".join(str(getattr(error, "message", "") or _details(error)).split())
        raise DatelineError(
            f"the candidates at '{address(url)}' can't be used ({said[:300] or 'no answer'}); "
            "see that Milvus runs there, or leave --candidates away: the library itself is whole"
        ) from error


def _details(error: Exception) -> str:
    details = getattr(error, "details", None)
    return str(details() if callable(details) else error)
