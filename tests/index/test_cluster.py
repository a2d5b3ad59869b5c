"""The library that Ray makes is the one that `index.ingest.add` makes, also after a power cut.

Each test starts a Ray of its own on two logical cores, in a process that can be killed: some ten
seconds each on an idle machine, so they are in the slow layer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from index.encoding.light import open_encoder
from index.errors import UsageError
from index.ingest import add
from index.library import Library
from index.storing.vectors import unpack
from tests.fakes import FakeEncoder
from tests.index.test_ingest import report

pytest.importorskip("index.cluster", exc_type=ImportError)  # (it tells Ray what to listen on)

ROOT = Path(__file__).resolve().parents[2]
MODEL = "all-MiniLM-L6-v2"


class Counted(FakeEncoder):
    """Writes down how many texts it encodes, whichever process it is in."""

    def __init__(self, log: str) -> None:
        super().__init__()
        self._log = log

    def encode(self, texts):  # type: ignore[no-untyped-def]
        with Path(self._log).open("a") as log:
            log.write(f"{len(texts)}\n")
        return super().encode(texts)


_RUN = """
import json, os, signal, sys
from functools import partial
import psutil
from index import cluster
from index.encoding.light import open_encoder
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.test_cluster import Counted

library, folder, model, log, cut = json.loads(sys.argv[1])
opening = partial(open_encoder, model) if model else partial(Counted, log)
own = opening() if model else FakeEncoder()  # what the committer encodes isn't counted as theirs
with Library.open(library, own, create=True) as opened:
    for n, outcome in enumerate(cluster.add(opened, [folder], open_encoder=opening, cores=2)):
        if n == 0:
            family = [psutil.Process(), *psutil.Process().children(recursive=True)]
            listening = {
                str(end.laddr.ip).removeprefix("::ffff:")
                for process in family
                for end in process.net_connections("inet")
                if end.status == psutil.CONN_LISTEN
            }
            print(json.dumps(sorted(listening)), flush=True)
        print(json.dumps([os.path.basename(outcome.origin), outcome.status]), flush=True)
        if n + 1 == cut:
            os.kill(os.getpid(), signal.SIGKILL)
from ray._common.usage.usage_lib import usage_stats_enabled
assert not usage_stats_enabled()
"""


def by_ray(
    library: Path, folder: Path, model: str = "", log: Path | None = None, cut: int = 0
) -> subprocess.CompletedProcess[str]:
    given = json.dumps([str(library), str(folder), model, str(log or ""), cut])
    return subprocess.run(
        [sys.executable, "-c", _RUN, given],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def rows(library: Path) -> tuple[list[object], np.ndarray]:
    """All that a library holds of its articles, in the order in which they came; its vectors."""
    with Library.open(library) as opened, opened.reading() as db:
        said = db.execute(
            "SELECT a.n, a.id, a.title, a.source, a.published, a.authors, a.path, a.copy_of, t.text"
            " FROM articles a JOIN texts t ON t.article = a.n ORDER BY a.n"
        ).fetchall()
        passages = db.execute(
            'SELECT n, article, start, "end", heading, vector FROM passages ORDER BY n'
        ).fetchall()
        dimension = opened.status().dimension
    return [said, [row[:-1] for row in passages]], unpack([row[-1] for row in passages], dimension)


def papers(folder: Path, count: int) -> Path:
    """Text, pages and lines of JSON, with near-copies, a repetition and what can't be read."""
    folder.mkdir()
    for n in range(count):
        (folder / f"{n:03}.txt").write_text(report(n, 8 + n % 5))
    (folder / "copy.txt").write_text(report(3, 11) + "\n\nRepublished with a line at the end.")
    (folder / "page.html").write_text(
        f"<html><head><title>A page</title></head><body><article><h1>A page</h1>"
        f"<p>{'</p><p>'.join(report(900).split(chr(10)))}</p></article></body></html>"
    )
    lines = [{"title": f"Line {n}", "text": report(1000 + n), "source": "Wire"} for n in range(20)]
    (folder / "wire.jsonl").write_text("\n".join(map(json.dumps, [*lines, lines[0]])))
    (folder / "empty.txt").write_text("  \n")
    return folder


@pytest.mark.models
def test_rays_library_is_the_plain_one(tmp_path: Path, model_path: Callable[[str], Path]) -> None:
    folder, model = papers(tmp_path / "papers", 200), str(model_path(MODEL))
    done = by_ray(tmp_path / "ray", folder, model)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    listening, *outcomes = map(json.loads, done.stdout.splitlines())
    assert listening == ["127.0.0.1"]
    with Library.open(tmp_path / "plain", open_encoder(model), create=True) as plain:
        expected = [[Path(o.origin).name, o.status] for o in add(plain, [str(folder)])]
    assert outcomes == expected
    assert {status for _, status in outcomes} == {"added", "duplicate", "refused"}
    (said, vectors), (plainly, plain_vectors) = rows(tmp_path / "ray"), rows(tmp_path / "plain")
    assert said == plainly
    assert np.all(1 - np.sum(vectors * plain_vectors, axis=1) < 1e-3)


@pytest.mark.models
def test_a_run_that_was_cut_off_goes_on_and_encodes_nothing_twice(tmp_path: Path) -> None:
    folder = papers(tmp_path / "papers", 120)
    cut = 50
    done = by_ray(tmp_path / "ray", folder, log=tmp_path / "first", cut=cut)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Library.open(tmp_path / "ray") as opened:
        kept = [opened.passages(head.id) for head in opened.heads()]
        assert len(kept) >= cut
        assert all(opened.article(id) for id in {p.article_id for own in kept for p in own})

    done = by_ray(tmp_path / "ray", folder, log=tmp_path / "second")
    assert done.returncode == 0, done.stderr
    statuses = [status for _, status in map(json.loads, done.stdout.splitlines()[1:])]
    assert statuses.count("unchanged") == len(kept)
    with Library.open(tmp_path / "plain", FakeEncoder(), create=True) as plain:
        list(add(plain, [str(folder)]))
        passages = plain.status().passages
    encoded = sum(map(int, (tmp_path / "second").read_text().split()))
    assert encoded == passages - sum(map(len, kept))
    (said, vectors), (plainly, plain_vectors) = rows(tmp_path / "ray"), rows(tmp_path / "plain")
    assert said == plainly
    assert np.allclose(vectors, plain_vectors, atol=1e-3)


@pytest.mark.models
def test_a_machine_with_another_encoder_is_said(tmp_path: Path) -> None:
    from index import cluster
    from index.errors import DatelineError

    folder = papers(tmp_path / "papers", 2)
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as library:
        another = partial(FakeEncoder, "another")
        with pytest.raises(DatelineError, match="has the encoder 'another'"):
            list(cluster.add(library, [str(folder)], open_encoder=another, cores=2))
        assert len(library) == 0


def test_what_an_actor_says_is_said() -> None:
    from index.cluster import _said

    died = RuntimeError(
        "The actor died\n  File x\nindex.errors.DatelineError: it has another one\n"
    )
    died.__cause__ = RuntimeError()
    assert _said(died) == "it has another one"
    assert _said(RuntimeError("first\n\nthe last line\n")) == "the last line"
    assert _said(RuntimeError()) == "RuntimeError()"


def test_an_address_is_not_for_ray(tmp_path: Path) -> None:
    from index import cluster

    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as library:
        adding = cluster.add(library, ["https://example.org/"], open_encoder=FakeEncoder)
        with pytest.raises(UsageError, match="Ray reads files and folders"):
            next(adding)
