"""Articles into a library by many processes or machines, with Ray Data. The only importer of ray.

Files are read and cleaned by some actors and encoded by others. What an article is to the library
(new, changed, a near-copy) is told here, and written by one committer, article by article and in
the order of `index.ingest.add`: the library becomes the same. Before it starts, the actors are told
by hash what the library holds already: a run that was cut off goes on, and encodes none of it anew.

Every machine needs Dateline, the encoder's model, and the files under the same names. Where Ray
isn't installed, importing this raises UsageError.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before it is imported: it would report its use
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it writes to the terminal
os.environ.setdefault("RAY_worker_register_timeout_seconds", "300")  # with much else to do
if "RAY_ADDRESS" not in os.environ:  # so named for macOS and Windows: that all stays on loopback
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.cores import usable_cores
from index.encoding.encoder import Encoder
from index.errors import DatelineError, UsageError
from index.ingest import Encoded, Outcome, take
from index.library import Library
from index.reading.items import Refusal
from index.reading.load import is_address, load_file, named_files
from index.reading.reader import Reader, packed, unpacked
from index.splitting.passages import Passage, split
from index.splitting.search_text import bare_texts, search_texts
from index.storing.listing import contents

try:
    import pyarrow as pa
    import ray
    import ray.data
except ImportError as error:
    raise UsageError(
        "adding with Ray needs it; get it with: pip install 'dateline[ray]'"
    ) from error

OpenEncoder = Callable[[], Encoder]

_FILES = 16  # of one task
_BLOCK = 256 << 10  # bytes that are handed on at once: some seconds of encoding
_STORE = 256 << 20  # bytes of memory that Ray shares on this machine
_WAITING = 2  # blocks that wait for an actor
_TURN, _TURN_SECONDS = 1_000, 3.0  # articles written under one hold of the lock
_SHAPE = pa.schema([("item", pa.string()), ("spans", pa.string()), ("vectors", pa.large_binary())])


def add(
    library: Library,
    targets: Sequence[str],
    *,
    open_encoder: OpenEncoder,
    source: str | None = None,
    cores: int | None = None,
) -> Iterator[Outcome]:
    """`index.ingest.add` of files and folders, by Ray; one Outcome for each item, in order.

    `open_encoder`, told to every actor, opens the library's encoder. RAY_ADDRESS names a cluster;
    without it, Ray is started on this machine for as long as this takes, with that many `cores`
    (all), and listens to nobody else. Raises UsageError (an address of the web; no encoder),
    DatelineError (Ray failed: what was reported is kept), and what `index.ingest.add` raises.
    """
    if library.encoder is None:
        raise UsageError(f"the library '{library.path}' was opened without an encoder")
    for target in targets:
        if is_address(target):
            raise UsageError(
                f"Ray reads files and folders, not '{target}'; add addresses without --engine ray"
            )
    files = [_row(found) for target in targets for found in named_files(target)]
    with _running(cores or usable_cores()) as actors:
        yield from take(library, _turns(_dataset(library, files, source, open_encoder, actors)))


def _row(found: Path | Refusal) -> dict[str, Any]:
    if isinstance(found, Refusal):
        return {"path": b"", "item": json.dumps(packed(found))}
    return {"path": os.fsencode(found), "item": ""}


def _dataset(
    library: Library,
    files: list[dict[str, Any]],
    source: str | None,
    open_encoder: OpenEncoder,
    actors: int,
) -> Any:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = _BLOCK
    context.execution_options.preserve_order = True  # an original comes before its copies
    assert library.encoder is not None
    identity = library.encoder.sha256
    bare = not library.status().context
    with library.reading() as db:
        held = np.array(sorted(_key(*of) for of in contents(db)), dtype=np.uint64)
    # As many of each as there are cores: which of the two has more to do depends on the files.
    pool = {
        "batch_format": "pyarrow",
        "compute": ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=_WAITING),
        "num_cpus": 0.5,
    }
    blocks = max(-(-len(files) // _FILES), min(len(files), 2 * actors), 1)
    found = ray.data.from_items(files, override_num_blocks=blocks)
    found = found.map_batches(_Reading, fn_constructor_args=(source,), batch_size=None, **pool)
    arguments = (open_encoder, identity, bare, ray.put(held))
    return found.map_batches(_Encoding, fn_constructor_args=arguments, batch_size=None, **pool)


def _turns(dataset: Any) -> Iterator[list[Article | Encoded | Refusal]]:
    turn: list[Article | Encoded | Refusal] = []
    end = time.monotonic() + _TURN_SECONDS
    tables = iter(dataset.iter_batches(batch_size=None, batch_format="pyarrow"))
    while (table := _next(tables)) is not None:
        turn += map(_item, table.to_pylist())
        if len(turn) >= _TURN or time.monotonic() >= end:
            yield turn
            turn, end = [], time.monotonic() + _TURN_SECONDS
    if turn:
        yield turn


def _next(tables: Iterator[Any]) -> Any:
    try:
        return next(tables, None)
    except (ray.exceptions.RayError, RuntimeError, OSError) as error:
        raise DatelineError(
            f"Ray stopped ({_said(error)}); what was reported is kept: add the same "
            "again, and it goes on"
        ) from error


def _said(error: BaseException) -> str:
    """The last line of what went wrong: of ours, where an actor has said it."""
    chain: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in chain:
        chain.append(here)
        here = getattr(here, "cause", None) or here.__cause__ or here.__context__
    lines = [line.strip() for one in chain for line in str(one).splitlines() if line.strip()]
    ours = [line.partition(": ")[2] for line in lines if line.startswith("index.errors.")]
    return (ours or lines or [repr(error)])[-1][:300]


def _item(row: dict[str, Any]) -> Article | Encoded | Refusal:
    item = unpacked(json.loads(row["item"]))
    assert isinstance(item, Article | Refusal)
    if not row["spans"] or isinstance(item, Refusal):
        return item
    passages = [
        Passage(item.id, start, end, item.text[start:end], heading)
        for start, end, heading in json.loads(row["spans"])
    ]
    vectors = np.frombuffer(row["vectors"], dtype=np.float32).reshape(len(passages), -1)
    return Encoded(item, passages, vectors)


def _key(title: str, content_hash: str) -> int:
    """What an article's passages and vectors are made of."""
    digest = hashlib.sha256(f"{content_hash}\n{title}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "little")


# --- in the actors ------------------------------------------------------------------------------


class _Reading:
    """Files to articles and refusals, in order; what isn't plain text within a Reader's limits."""

    def __init__(self, source: str | None) -> None:
        self._source = source
        self._reader = Reader()

    def __call__(self, files: pa.Table) -> Iterator[pa.Table]:
        for row in files.to_pylist():
            if row["item"]:
                yield _table([(row["item"], "", b"")])
                continue
            path = Path(os.fsdecode(row["path"]))
            for item in load_file(path, self._source, self._reader):
                yield _table([(json.dumps(packed(item)), "", b"")])


class _Encoding:
    """Articles to the same with spans and vectors of their passages; what is held already, and what
    can't be stored, goes on as it is."""

    def __init__(
        self, open_encoder: OpenEncoder, sha256: str, bare: bool, held: NDArray[np.uint64]
    ) -> None:
        os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # (`index.cores` asks it) an actor a core
        self._encoder = open_encoder()
        if self._encoder.sha256 != sha256:
            raise DatelineError(
                f"a machine of the cluster has the encoder '{self._encoder.name}' "
                f"({self._encoder.sha256[:12]}), not the library's ({sha256[:12]})"
            )
        self._bare = bare
        self._held = ray.get(held) if isinstance(held, ray.ObjectRef) else held

    def __call__(self, articles: pa.Table) -> Iterator[pa.Table]:
        said = articles.column("item").to_pylist()
        split_up = [self._passages(unpacked(json.loads(item))) for item in said]
        texts = [text for _, own in split_up for text in own]
        vectors = self._encoder.encode(texts) if texts else np.zeros((0, 0), dtype=np.float32)
        rows, at = [], 0
        for item, (passages, own) in zip(said, split_up, strict=True):
            spans = [[p.start, p.end, p.heading] for p in passages]
            rows.append(
                (item, json.dumps(spans) if spans else "", vectors[at : at + len(own)].tobytes())
            )
            at += len(own)
        yield _table(rows)

    def _passages(self, item: Any) -> tuple[list[Passage], list[str]]:
        if not isinstance(item, Article) or self._is_held(item):
            return [], []
        encoder = self._encoder
        passages = split(item.id, item.text, encoder.count, fits=encoder.fits)
        if self._bare:
            return passages, bare_texts(passages)
        return passages, search_texts(item, passages, encoder.fits)

    def _is_held(self, article: Article) -> bool:
        try:
            key = _key(article.title, article.content_hash)
        except UnicodeEncodeError:  # the committer refuses it
            return True
        at = int(np.searchsorted(self._held, np.uint64(key)))
        return at < len(self._held) and int(self._held[at]) == key


def _table(rows: Sequence[tuple[str, str, bytes]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table(
        {f.name: pa.array(c, f.type) for f, c in zip(_SHAPE, columns, strict=True)},
        schema=_SHAPE,
    )


# --- Ray itself ---------------------------------------------------------------------------------


@contextmanager
def _running(cores: int) -> Iterator[int]:
    """How many cores Ray has; it is ended again if it was started here."""
    if ray.is_initialized():
        yield _cores()
        return
    address = os.environ.get("RAY_ADDRESS")
    # (of few files: that there are more actors than they need)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"ray\.data\.")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    # Sockets lie there, whose names may be 107 characters long: a folder of one's own is too deep.
    short = "/tmp" if os.path.isdir("/tmp") else None  # noqa: S108
    with tempfile.TemporaryDirectory(
        prefix="dl-ray-", dir=short, ignore_cleanup_errors=True
    ) as folder:
        here = {
            "num_cpus": cores,
            "include_dashboard": False,
            "object_store_memory": _STORE,
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": folder,
        }
        try:
            with _silent():
                ray.init(address=address or "local", **quiet, **({} if address else here))
        except Exception as error:  # (that it takes too long is a bare Exception)
            what = f"no Ray answers at '{address}'" if address else "Ray can't be started here"
            raise DatelineError(
                f"{what} ({str(error).strip().splitlines()[0][:300]}); add without --engine ray, "
                "or see Ray's own manual"
            ) from error
        try:
            at = ray.util.get_node_ip_address()
            if not address and at not in ("127.0.0.1", "::1"):
                raise DatelineError(
                    f"Ray would listen on {at} (it was imported before Dateline could say "
                    "otherwise); import index.cluster first"
                )
            yield _cores()
        finally:
            with suppress(Exception):  # it may have ended by itself: that was said already
                ray.shutdown()


@contextmanager
def _silent() -> Iterator[None]:
    """Only Python writes to standard error: Ray's core would say what it was told."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _cores() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))
