"""speed: a library of a size made to order, and each step beside the library it stands on alone.

    --set speed.sizes=1000,10000,100000   passages in the library
    --limit N                             repeats (20)

The filler's words are made up and its vectors random: exact search takes the same time whatever
they are, and encoding 100,000 passages would take most of an hour. What is searched for and asked
is real text: own questions where `--data` has any (`questions.jsonl` with `articles/` beside it),
else a small sample whose articles are a few lines. Timings of another machine, or of another run,
don't compare: read the ratios.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.bench import Bench
from eval.datasets import SAMPLES, beir, document, find, own_articles, own_questions
from eval.stats import median, percentile95, ratio_of_medians
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from index.article import Article
from index.errors import UsageError
from index.ingest import add
from index.library import Library
from index.search import Filter
from index.splitting.passages import Passage
from rag.generating.form import PlainForm

REPEATS = 20
SIZES = (1_000, 10_000)
INGESTED = 50  # articles of three passages: so many texts go to sentence-transformers
INGESTS = 4  # once in so many repeats: it takes longer than all else in one
PER_ARTICLE = 20  # passages of a filler article
WORDS = 110  # of a filler passage
YEAR = Filter(since=date(2021, 1, 1), until=date(2021, 12, 31))  # a quarter of the filler
SOUNDS = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "za")


def load(given: Given) -> Material:
    sizes = _sizes(given.options.get("speed.sizes"))
    questions, articles = _asked(given.data)
    items = []
    for repeat in range(REPEATS):
        question = questions[repeat % len(questions)]
        for size in sizes:
            kinds = ["search"]
            kinds += ["ingest"] if repeat % INGESTS == 0 else []
            kinds += ["answer"] if size == sizes[0] else []
            items += [
                Item(
                    f"{size}/{kind}/{repeat:02}",
                    f"{size:,} passages",
                    f"repeat {repeat:02}",
                    question,
                    {"kind": kind, "size": size, "seed": given.seed + repeat},
                )
                for kind in kinds
            ]
    return Material(items, articles)


def _asked(data: Path | None) -> tuple[list[str], list[Article]]:
    own = find(data, "questions.jsonl") if data else []
    if own:
        answerable = [q.question for q in own_questions(own[0]) if q.answerable and not q.history]
        if answerable:
            return answerable, own_articles(own[0])
    sample = beir(SAMPLES / "retrieval")
    articles = [
        document(f"speed/{doc}", n, title, text)
        for n, (doc, (title, text)) in enumerate(sample.corpus.items())
    ]
    return list(sample.queries.values()), articles


def _sizes(text: str | None) -> tuple[int, ...]:
    if text is None:
        return SIZES
    try:
        sizes = tuple(int(s) for s in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < PER_ARTICLE:
        raise UsageError(
            f"speed.sizes={text!r}: write numbers of passages from {PER_ARTICLE} up, with commas."
        )
    return sizes


@dataclass(frozen=True, slots=True)
class _Shelf:
    library: Library
    vectors: NDArray[np.float32]
    nearest: Any


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    encoder, baselines = bench.encoder(), bench.baselines()
    with ExitStack() as stack:
        shelves: dict[int, _Shelf] = {}

        def shelf(size: int) -> _Shelf:
            if size not in shelves:
                library = stack.enter_context(bench.library(material.articles))
                vectors = fill(library, size, encoder.dimension)
                shelves[size] = _Shelf(library, vectors, baselines.nearest(vectors))
                library.search("warm up", 10)
                encoder.encode(["warm up " * 20_000])  # loads what encodes many words
            return shelves[size]

        def search(item: Item, made: _Shelf) -> dict[str, float]:
            product = _timed(lambda: made.library.search(item.question, 10))
            filtered = _timed(lambda: made.library.search(item.question, 10, filter=YEAR))
            encoding = _timed(lambda: encoder.encode([item.question], "query"))
            query = encoder.encode([item.question], "query")[0]
            alone = _timed(lambda: made.nearest(query, 10))
            return {
                "search_ms": product * 1000, "filtered_ms": filtered * 1000,
                "encode_ms": encoding * 1000, "faiss_ms": alone * 1000,
                "encode_and_faiss_ms": (encoding + alone) * 1000,
            }  # fmt: skip

        def ingest(item: Item, made: _Shelf) -> dict[str, float]:
            chance = random.Random(item.gold["seed"])  # noqa: S311
            with tempfile.TemporaryDirectory(prefix="dateline-eval-") as folder:
                for n in range(INGESTED):
                    text = "\n\n".join(passage_text(chance, WORDS) for _ in range(3))
                    (Path(folder) / f"{n}.txt").write_text(f"Report {n}\n\n{text}\n", "utf-8")
                began = time.perf_counter()
                outcomes = list(add(made.library, [folder]))
                seconds = time.perf_counter() - began
            added = [o.article for o in outcomes if o.article is not None]
            texts = [p.text for article in added for p in bench.split(article)]
            encoder.encode(texts[:8])  # warm
            baselines.encode(texts[:8])
            ours = _timed(lambda: encoder.encode(texts))
            plain = _timed(lambda: baselines.encode(texts))
            made.library.remove([a.id for a in added])
            return {
                "ingest_per_s": len(texts) / seconds,
                "encoder_per_s": len(texts) / ours,
                "plain_encoder_per_s": len(texts) / plain,
            }

        def answer(item: Item, made: _Shelf) -> dict[str, Any]:
            asker = bench.over(made.library)
            first = asker.ask(item.question)
            again = asker.ask(item.question)
            context = [h for h in first.hits if h.passage.id in first.context_ids]
            plain = baselines.write(
                PlainForm().answer(first.query, context), max(1, first.tokens.generated)
            )
            found: dict[str, Any] = {
                "memory_mb": _memory(),
                "prompt_tokens": first.tokens.prompt,
                "again_read_tokens": again.tokens.prompt - again.tokens.reused,
                "plain_first_token_ms": plain.first_s * 1000,
                "plain_total_ms": plain.total_s * 1000,
            }
            for name, one in (("", first), ("again_", again)):
                if one.timings.first_token_s is not None:
                    found[f"{name}first_token_ms"] = one.timings.first_token_s * 1000
                    writing = one.timings.total_s - one.timings.checks_s
                    writing -= one.timings.first_token_s
                    if one.tokens.generated > 1 and writing > 0:
                        found[f"{name}tokens_per_s"] = (one.tokens.generated - 1) / writing
                found[f"{name}total_ms"] = one.timings.total_s * 1000
            if plain.tokens > 1 and plain.total_s > plain.first_s:
                found["plain_tokens_per_s"] = (plain.tokens - 1) / (plain.total_s - plain.first_s)
            return found

        measures = {"search": search, "ingest": ingest, "answer": answer}

        def ask(item: Item) -> dict[str, Any]:
            return {"measured": measures[item.gold["kind"]](item, shelf(item.gold["size"]))}

        yield ask


def fill(library: Library, size: int, dimension: int) -> NDArray[np.float32]:
    """Made-up articles of `size` passages in all; returns their vectors."""
    chance = random.Random(size)  # noqa: S311
    vectors = np.random.default_rng(size).standard_normal((size, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with library.writing():
        for begin in range(0, size, PER_ARTICLE):
            count = min(PER_ARTICLE, size - begin)
            texts = [passage_text(chance, WORDS) for _ in range(count)]
            article = document(
                f"filler/{size}/{begin}", 100_000 + begin, f"Filler {begin}", "\n\n".join(texts)
            )
            article = replace(article, published=date(2020 + begin // PER_ARTICLE % 4, 6, 1))
            passages, at = [], 0
            for text in texts:
                passages.append(Passage(article.id, at, at + len(text), text))
                at += len(text) + 2
            library.put(article, passages, vectors[begin : begin + count])
    return vectors


def passage_text(chance: random.Random, words: int) -> str:
    """Sentences of made-up words, some frequent and most rare, as words are."""
    found: list[str] = []
    while len(found) < words:
        n = min(4000, int(chance.paretovariate(0.7)))
        word = "".join(SOUNDS[int(d)] for d in str(n + 10))
        found.append(f"{word.capitalize()}." if len(found) % 14 == 13 else word)
    return " ".join(found) + "."


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def score(record: Record) -> Scored:
    return Scored(dict(record["measured"]))


def _ms(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, better="lower", unit="ms")


def _ratio(name: str, over: str, under: str, about: str) -> Figure:
    return Figure(name, (over, under), about, statistic=ratio_of_medians, better="", unit="ratio")


def _tokens(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, better="", unit="tokens")


def _rate(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, unit="per s")


SUITE = Suite(
    name="speed",
    about="Each step beside its baseline in the same run; medians over repeats.",
    figures=(
        _rate(
            "ingest", "ingest_per_s", "passages: read, cleaned, split, encoded, written, indexed"
        ),
        _rate("encoder alone, ours", "encoder_per_s", "passages, the product's encoder"),
        _rate(
            "encoder alone, plain",
            "plain_encoder_per_s",
            "passages, sentence-transformers' defaults",
        ),
        _ratio("encoder, ours / plain", "encoder_per_s", "plain_encoder_per_s", "over 1: faster"),
        _ratio("ingest / plain encoder", "ingest_per_s", "plain_encoder_per_s", "over 1: faster"),
        _ms("search, median", "search_ms", "question to ten hits, fused"),
        Figure(
            "search, 95th percentile",
            ("search_ms",),
            "the same",
            statistic=percentile95,
            better="lower",
            unit="ms",
        ),
        _ms("search within a year, median", "filtered_ms", "a quarter of the passages"),
        _ratio("within a year / search", "filtered_ms", "search_ms", "2 at most is aimed at"),
        _ms("encoding the query alone", "encode_ms", "the product's encoder"),
        _ms("FAISS alone", "faiss_ms", "flat index over the same vectors, ten nearest"),
        _ratio(
            "search / (encoding + FAISS)", "search_ms", "encode_and_faiss_ms", "what the rest costs"
        ),
        _tokens("prompt", "prompt_tokens", "system prompt, passages, question"),
        _tokens("prompt, read again", "again_read_tokens", "of it, read anew when asked again"),
        _ms("first token", "first_token_ms", "asked for the first time"),
        _ms("first token, asked again", "again_first_token_ms", "its passages were read before"),
        _ms(
            "first token, plain loop",
            "plain_first_token_ms",
            "llama-cpp-python, same passages; without search",
        ),
        _ratio(
            "first token, plain loop / asked again",
            "plain_first_token_ms",
            "again_first_token_ms",
            "what the kept passages save; search is in ours",
        ),
        _ratio(
            "first token, first time / plain loop",
            "first_token_ms",
            "plain_first_token_ms",
            "1: no later; search is in ours",
        ),
        _rate("tokens, written", "tokens_per_s", "after the first"),
        _rate("tokens, plain loop", "plain_tokens_per_s", "after the first"),
        _ratio(
            "writing, ours / plain loop", "tokens_per_s", "plain_tokens_per_s", "over 1: faster"
        ),
        _ms("whole answer", "total_ms", "asked for the first time, checks included"),
        _ms("whole answer, asked again", "again_total_ms", "checks included"),
        _ms("whole answer, plain loop", "plain_total_ms", "no search, no checks"),
        _ratio("again / plain loop", "again_total_ms", "plain_total_ms", "under 1: faster"),
        Figure(
            "memory",
            ("memory_mb",),
            "of the process, baselines' models included",
            statistic=median,
            better="lower",
            unit="MB",
        ),
    ),
    headline="search, median",
    load=load,
    start=start,
    score=score,
)
