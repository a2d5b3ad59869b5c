"""`python -m eval.engines [PATH…]`: how fast articles come in, by this process and by Ray.

Both add the same files and folders to a library of their own, beside the encoder alone over the
same passages. `--data DIR` has articles made of the sentences of its `time/corpus.jsonl`. Read the
ratios: what another program takes of the processor, it takes of all three, and the order is turned
round each time. The two libraries are compared at the end, passage by passage.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from eval.command import run
from eval.suites.speed.made import real_texts, sentences_of, write_articles
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.ingest import BATCH, Outcome
from index.ingest import add as plain
from index.library import Library
from index.storing.vectors import unpack

PARAGRAPHS = 5  # of a made-up article


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds until the first article was there, until all were, and for their passages."""

    first_s: float
    all_s: float
    passages: int

    @property
    def rate(self) -> float:
        """Passages a second, all in all."""
        return self.passages / self.all_s

    @property
    def later(self) -> float:
        """Once it was under way: without what came before the first article."""
        return self.passages / max(1e-9, self.all_s - self.first_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", help="files and folders")
    parser.add_argument("--data", type=Path, help="makes articles of its sentences instead")
    parser.add_argument("--articles", type=int, default=200, help="how many are made")
    parser.add_argument("--cores", type=int, default=None, help="of Ray; else all")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()

    from index import cluster
    from rag.opening import open_encoder

    encoder = open_encoder()
    encoder.encode(["warm up " * 20_000])  # loads what encodes many texts

    def by_ray(library: Library, targets: list[str]) -> Iterator[Outcome]:
        return cluster.add(library, targets, open_encoder=open_encoder, cores=given.cores)

    with tempfile.TemporaryDirectory(prefix="dateline-engines-") as name:
        folder = Path(name)
        paths = given.paths or [str(_made(folder / "papers", given.data, given.articles))]
        runs: dict[str, list[Ran]] = {"plain": [], "ray": []}
        alone: list[float] = []
        for turn in range(given.times):
            engines: list[tuple[str, Callable[..., Iterator[Outcome]]]]
            engines = [("plain", plain), ("ray", by_ray)]
            for engine, adding in engines if turn % 2 else reversed(engines):
                at = folder / f"{engine}-{turn}"
                runs[engine].append(_timed(at, encoder, adding, paths))
            alone.append(_encoder_alone(folder / f"plain-{turn}", encoder))
        same = _differences(folder / "plain-0", folder / "ray-0")
    if not runs["plain"][0].passages:
        raise UsageError(f"no article could be read from {', '.join(paths)}; name others")
    rate = median(alone)
    print(f"{runs['plain'][0].passages} passages, {os.cpu_count()} processors, load "
          f"{os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"encoder alone  {rate:8.1f} passages a second")
    for engine, ran in runs.items():
        print(
            f"{engine:13}  {median([r.rate for r in ran]):8.1f} all in all "
            f"({median([r.rate for r in ran]) / rate:.2f} of the encoder's); first article after "
            f"{median([r.first_s for r in ran]):.1f} s, then {median([r.later for r in ran]):.1f}"
        )
    print(same)
    return 0


def _made(folder: Path, data: Path | None, articles: int) -> Path:
    texts = real_texts(data, [])
    if not texts:
        raise UsageError("There is nothing to add: name files and folders, or --data DIR.")
    chance = random.Random(articles)  # noqa: S311
    write_articles(folder, sentences_of(texts), chance, articles, PARAGRAPHS)
    return folder


def _timed(
    at: Path, encoder: Encoder, adding: Callable[..., Iterator[Outcome]], paths: list[str]
) -> Ran:
    with Library.open(at, encoder, create=True) as library:
        began = time.perf_counter()
        first, passages = 0.0, 0
        for outcome in adding(library, paths):
            first = first or time.perf_counter() - began
            passages += outcome.passages
        return Ran(first, time.perf_counter() - began, passages)


def _encoder_alone(at: Path, encoder: Encoder) -> float:
    """Passages a second of what a library holds, in batches as they were encoded for it."""
    with Library.open(at, encoder) as library:
        texts = [
            text
            for head in library.heads()
            if (article := library.article(head.id)) is not None
            for text in library.search_texts(article, library.passages(head.id))
        ]
    began = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        encoder.encode(texts[start : start + BATCH])
    return len(texts) / (time.perf_counter() - began)


def _differences(one: Path, other: Path) -> str:
    (texts, passages, vectors), (others, also, near) = _held(one), _held(other)
    if texts != others or passages != also:
        return "the libraries differ in their articles or passages"
    furthest = float(np.max(1 - np.sum(vectors * near, axis=1))) if len(vectors) else 0.0
    return f"the same articles and passages; vectors differ by {furthest:.1e} (cosine) at most"


def _held(place: Path) -> tuple[list[object], list[object], NDArray[np.float32]]:
    with Library.open(place) as library, library.reading() as db:
        dimension = library.status().dimension
        texts = db.execute(
            "SELECT a.n, a.id, a.title, a.copy_of, t.text FROM articles a"
            " JOIN texts t ON t.article = a.n ORDER BY a.n"
        ).fetchall()
        rows = db.execute(
            'SELECT n, article, start, "end", heading, vector FROM passages ORDER BY n'
        ).fetchall()
    return texts, [row[:-1] for row in rows], unpack([row[-1] for row in rows], dimension)


if __name__ == "__main__":
    run(main)
