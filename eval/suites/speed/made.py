"""Libraries made to order, for `speed`: so many passages of real articles' sentences.

A passage's words are five sentences of real articles, drawn at random; an article is twenty such
passages with a day of four years and one of forty outlets. Its vector lies near that of one of
them, which the encoder has read: with real vectors r, and o one of the ten nearest of r,

    r (1 - t) + o t + .85 noise,    t uniform in 0..½, the noise with the covariance of (o - r)

scaled to 1; sentences are drawn with log-normal weights, as topics are. Cosines to the first and
the tenth neighbour and the intrinsic dimension are those of real vectors (eval/DECISIONS.md). An
article is made from its number alone, so a library that was left half made is made on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.datasets import find, json_lines
from index.article import Article
from index.encoding.encoder import Encoder
from index.library import Library
from index.splitting.passages import Passage
from index.splitting.sentences import sentences

PER_ARTICLE = 20  # passages
OUTLETS = 40
DAYS = 1460
_ENCODED = 4_000  # sentences that the encoder reads, at most
_SENTENCES = 5  # of a passage
_NOISE = 0.85

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pool:
    """Sentences of real articles; the first `len(vectors)` of them have been encoded."""

    texts: list[str]
    vectors: Vectors

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, texts=np.array(json.dumps(self.texts)), vectors=self.vectors)


def pool(texts: Sequence[str], encoder: Encoder, kept: Path | None = None) -> Pool:
    """The sentences of these texts; read again from `kept`, where they were kept once."""
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            return Pool(json.loads(str(held["texts"])), held["vectors"])
    drawn = sentences_of(texts)
    random.Random(len(drawn)).shuffle(drawn)  # noqa: S311
    made = Pool(drawn, encoder.encode(drawn[:_ENCODED]))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made.save(kept)
    return made


def sentences_of(texts: Iterable[str]) -> list[str]:
    """Each once, in order; without the very short and the very long."""
    found: dict[str, None] = {}
    for text in texts:
        for start, end in sentences(text):
            sentence = " ".join(text[start:end].split())
            if 40 <= len(sentence) <= 300:
                found[sentence] = None
    return list(found)


def write_articles(
    folder: Path, sentences: Sequence[str], chance: random.Random, articles: int, paragraphs: int
) -> None:
    """Text files, each of so many paragraphs of five of these sentences, drawn at random."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(articles):
        written = [" ".join(chance.choices(sentences, k=_SENTENCES)) for _ in range(paragraphs)]
        title = chance.choice(sentences)[:60]
        (folder / f"{n:06}.txt").write_text("\n\n".join([title, *written, ""]), "utf-8")


def real_texts(data: Path | None, articles: Sequence[Article]) -> list[str]:
    """Texts of `--data` in BEIR's layout and of these articles."""
    files = find(data, "time/corpus.jsonl", "retrieval/corpus.jsonl") if data else []
    texts = [str(row.get("text") or "") for path in files for _, row in json_lines(path)]
    return texts + [article.text for article in articles]


class Maker:
    """Makes the n-th article of a pool, with its passages and their vectors."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        base = pool.vectors
        nearest = np.empty((len(base), min(10, len(base) - 1)), dtype=np.int64)
        for at in range(0, len(base), 1024):
            some = base[at : at + 1024] @ base.T
            some[np.arange(len(some)), np.arange(at, at + len(some))] = -2
            nearest[at : at + 1024] = np.argsort(-some, axis=1)[:, : nearest.shape[1]]
        self._nearest = nearest
        shape = np.cov((base[nearest[:, 0]] - base).T) + 1e-6 * np.eye(base.shape[1])
        self._spread = np.linalg.cholesky(shape).astype(np.float32)
        weights = np.random.default_rng(3).lognormal(0, 1, len(base))
        self._weights = np.cumsum(weights / weights.sum())

    def article(self, n: int) -> tuple[Article, list[Passage], Vectors]:
        chance = np.random.default_rng(n)
        texts, base = self._pool.texts, self._pool.vectors
        drawn = np.searchsorted(self._weights, chance.random(PER_ARTICLE)).clip(0, len(base) - 1)
        others = chance.integers(0, len(texts), (PER_ARTICLE, _SENTENCES - 1))
        written = [
            " ".join([texts[one], *(texts[other] for other in beside)])
            for one, beside in zip(drawn, others, strict=True)
        ]
        other = self._nearest[drawn, chance.integers(0, self._nearest.shape[1], PER_ARTICLE)]
        t = chance.random((PER_ARTICLE, 1), dtype=np.float32) / 2
        noise = chance.standard_normal((PER_ARTICLE, base.shape[1]), dtype=np.float32)
        vectors = base[drawn] * (1 - t) + base[other] * t + _NOISE * (noise @ self._spread.T)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        article = Article(
            id=f"made-{n:07d}",
            title=texts[int(chance.integers(0, len(texts)))][:60],
            text="\n\n".join(written),
            source=f"Outlet {n % OUTLETS}",
            published=date(2020, 1, 1) + timedelta(days=n % DAYS),
        )
        passages, at = [], 0
        for text in written:
            passages.append(Passage(article.id, at, at + len(text), text))
            at += len(text) + 2
        return article, passages, vectors


def fill(library: Library, size: int, maker: Maker, others: int = 0) -> None:
    """Makes articles until the library has `size` passages beside its `others` articles."""
    begun = len(library) - others
    with library.writing():
        for n in range(begun, size // PER_ARTICLE):
            library.put(*maker.article(n))
