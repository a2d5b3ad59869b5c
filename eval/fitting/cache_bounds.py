"""How often a passage is found read: `python -m eval.fitting.cache_bounds DATA [--passages N]…`.

No model is opened. Articles of DATA's sets make libraries of N passages; questions come in sittings
(a few in a row about one article, newer articles oftener, by Zipf's law); each is searched for by
the product's own search, and the passages that would be put before the model are asked of the
product's own StateCache, once for each pair of bounds. A stand-in for a state is a thousandth of a
real one's size, and so are the bounds: what is kept and what goes is the same.

Questions are words of a sentence drawn from the article, and vectors a hashed bag of words, so
that which passages are found is only roughly what the real encoder would find.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.bench import Bench
from eval.command import run
from eval.datasets import beir, clapnq, document, find, qags, squad
from index.article import Article
from index.encoding.encoder import Kind, Prefixes
from index.library import Library
from index.splitting.sentences import sentences
from rag.checking.facts.words import content
from rag.generating.form import context_parts, passage_part, titled
from rag.generating.states import StateCache, state_key
from rag.opening import DISK_BOUND, MEMORY_BOUND

SCALE = 1000
BYTES_PER_TOKEN = 28_672  # of the default generator: 28 layers, 2 heads of 128, keys, values, f16
QUESTIONS = 500
SITTING = 4  # questions about one article, on average
WORDS = 8  # of a question
BOUNDS = ((0, 0), (128, 0), (256, 0), (512, 0), (1024, 0), (512, 1), (512, 2), (512, 4), (512, 8))
"""MiB of memory, GiB of disk."""


class HashedWords:
    """Stands in for the encoder: texts that share words are near each other."""

    name, dimension, sha256, prefixes = "hashed-words", 256, "0" * 64, Prefixes()

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in content(text):
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                at = int.from_bytes(digest[:4], "little") % self.dimension
                vectors[row, at] += 1.0 if digest[4] % 2 else -1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-9)
        return unit

    def fits(self, text: str) -> bool:
        return len(text) < 2000

    def count(self, text: str) -> int:
        return max(1, len(text) // 4)


def articles(data: Path) -> list[Article]:
    """Of every set that has articles, in an order drawn beforehand; the first are the newest."""
    texts: dict[str, str] = {}
    for folder in find(data, "time"):
        texts |= {text: title for title, text in beir(folder).corpus.values()}
    for folder in find(data, "qags"):
        for path in sorted(folder.glob("*.jsonl")):
            texts |= {claim.text: "" for claim in qags(path)}
    for folder in find(data, "clapnq"):
        texts |= {q.text: q.title for q in clapnq(folder)}
    for folder in find(data, "xquad"):
        for path in sorted(folder.glob("*.json")):
            texts |= {text: title for title, text in squad(path)[0]}
    found = [
        document(f"bounds/{n}", n, title or text[:60], text)
        for n, (text, title) in enumerate(texts.items())
    ]
    random.Random(3).shuffle(found)  # noqa: S311 - an order, not a secret
    return found


def questions(about: Sequence[Article], count: int) -> Iterator[str]:
    """Sittings: an article by Zipf's law over its rank, then some questions about it."""
    chance = random.Random(4)  # noqa: S311
    weights = [1 / rank for rank in range(1, len(about) + 1)]
    for n in range(count):
        if n == 0 or chance.random() < 1 / SITTING:
            (article,) = chance.choices(about, weights)
        lines = [line for line in article.text.split("\n") if line.strip()]
        line = chance.choice(lines)
        start, end = chance.choice(sentences(line) or [(0, len(line))])
        words = re.findall(r"\w{3,}", line[start:end]) or [article.title]
        yield " ".join(words[:WORDS])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m eval.fitting.cache_bounds", description=__doc__
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, action="append")
    given = parser.parse_args(arguments)
    bench = Bench({}, encoder=HashedWords())
    everything = articles(given.data)
    print(
        f"States of {BYTES_PER_TOKEN / 1024:.0f} KiB a token; {QUESTIONS} questions in sittings of "
        f"{SITTING}; shipped bounds: {MEMORY_BOUND >> 20} MiB, {DISK_BOUND >> 30} GiB.\n"
    )
    for size in given.passages or (100, 1_000, 10_000):
        some, count = [], 0
        for article in everything:
            if count >= size:
                break
            some.append(article)
            count += len(bench.split(article))
        with bench.library(some) as library:
            _table(bench, library, some, count)


def _table(bench: Bench, library: Library, some: Sequence[Article], count: int) -> None:
    tokens = bench.counter().count
    parts = [passage_part(titled(a, p)) for a in some for p in library.passages(a.id)]
    sizes = [tokens(part) * BYTES_PER_TOKEN for part in parts]
    print(
        f"**{count:,} passages**, {len(some):,} articles; a state is {np.mean(sizes) / 2**20:.1f} "
        f"MiB (95th percentile {np.percentile(sizes, 95) / 2**20:.1f}), all of them "
        f"{sum(sizes) / 2**30:.2f} GiB.\n"
    )
    asked = [
        context_parts(library.search(question, 10)[: bench.settings.passages])
        for question in questions(some, QUESTIONS)
    ]
    wanted = [part for context in asked for part in context]
    print(f"Wanted: {len(wanted)} times {len(set(wanted))} passages.\n")
    print("| memory | disk | found read | without those read for the first time |")
    print("| --- | --- | --- | --- |")
    for memory, disk in BOUNDS:
        with tempfile.TemporaryDirectory(prefix="dateline-eval-") as folder:
            hits = _hits(wanted, tokens, memory << 20, disk << 30, Path(folder))
        again = len(wanted) - len(set(wanted))
        print(
            f"| {memory} MiB | {f'{disk} GiB' if disk else 'none'} | {hits / len(wanted):.3f} "
            f"| {hits / max(1, again):.3f} |",
            flush=True,
        )
    print()


def _hits(
    wanted: Sequence[str], tokens: Callable[[str], int], memory: int, disk: int, folder: Path
) -> int:
    """How many of the parts, wanted one after the other, were there."""
    cache = StateCache(
        folder if disk else None, memory_bound=memory // SCALE, disk_bound=disk // SCALE
    )
    hits = 0
    for part in wanted:
        key = state_key(part)
        if cache.get(key) is not None:
            hits += 1
            continue
        cache.put(key, bytes(tokens(part) * BYTES_PER_TOKEN // SCALE))
    return hits


if __name__ == "__main__":
    run(main)
