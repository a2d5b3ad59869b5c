"""speed: libraries of sizes made to order, and each step beside the library it stands on alone.

    --set speed.sizes=20000,100000,1000000   passages in the library
    --set speed.kinds=search,open            of: search, open, ingest, answer (all)
    --set speed.made=DIR                     where the libraries are made and kept: a million
                                             passages take long, and the next run goes on there
    --set speed.clock=cpu                    seconds of the processor, where others share it (wall)
    --limit N                                repeats (20)

How they are made of real articles' sentences and vectors: `eval.suites.speed.made`. What is
searched for and asked is real text: own questions where `--data` has any (`questions.jsonl` with
`articles/` beside it), else a small sample whose articles are a few lines. A search is timed with
its query encoded already, and the encoding beside it. Timings of another machine, or of another
run, don't compare: read the ratios.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from eval.bench import Bench
from eval.datasets import SAMPLES, beir, document, find, own_articles, own_questions
from eval.suite import Ask, Given, Item, Material, Record, Scored, Suite
from eval.suites.speed.figures import FIGURES
from eval.suites.speed.made import PER_ARTICLE, Maker, fill, pool, real_texts, write_articles
from eval.suites.speed.standing import (
    Remembering,
    build_forms,
    bytes_a_passage,
    held_vectors,
    opened,
    words_alone,
)
from index.article import Article
from index.errors import UsageError
from index.ingest import Outcome, add
from index.library import Library
from index.search import Filter
from index.storing.building import Limits
from rag.generating.form import PlainForm

REPEATS = 20
SIZES = (1_000, 10_000)
KINDS = ("search", "open", "ingest", "answer")
INGESTED, PARAGRAPHS = 50, 3  # articles: so many texts go to sentence-transformers
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
SELDOM = 4  # once in so many repeats: what takes longer than all else in one
DEPTH = 100  # passages that FAISS and FTS5 alone are asked for, as the product asks them
FILTERS = {  # of the made articles: a quarter, a 49th, a 40th
    "year": Filter(since=date(2021, 1, 1), until=date(2021, 12, 31)),
    "month": Filter(since=date(2021, 3, 1), until=date(2021, 3, 30)),
    "outlet": Filter(sources=frozenset(["Outlet 7"])),
}


def load(given: Given) -> Material:
    sizes = _sizes(given.options.get("speed.sizes"))
    wanted = _kinds(given.options.get("speed.kinds"))
    kept = given.options.get("speed.made")
    questions, articles = _asked(given.data)
    texts = real_texts(given.data, articles)
    clock = given.options.get("speed.clock", "wall")
    if clock not in CLOCKS:
        raise UsageError(f"speed.clock={clock!r}: write 'wall' or 'cpu'.")
    items = []
    for repeat in range(REPEATS):
        question = questions[repeat % len(questions)]
        for size in sizes:
            kinds = ["search"]
            kinds += ["open", "ingest"] if repeat % SELDOM == 0 else []
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
                if kind in wanted
            ]
    return _Material(items, articles, texts=texts, kept=Path(kept) if kept else None, clock=clock)


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


def _kinds(text: str | None) -> tuple[str, ...]:
    kinds = KINDS if text is None else tuple(text.split(","))
    if wrong := sorted(set(kinds) - set(KINDS)):
        raise UsageError(f"speed.kinds={text!r}: there is no {wrong[0]!r}; of {', '.join(KINDS)}.")
    return kinds


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
class _Material(Material):
    """`texts`: whose sentences libraries are made of; `kept`: where they are kept."""

    texts: list[str] = field(default_factory=list)
    kept: Path | None = None
    clock: str = "wall"


@dataclass(frozen=True, slots=True)
class _Shelf:
    library: Library
    nearest: Any
    disk: dict[str, float]


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    assert isinstance(material, _Material)
    alone, baselines = bench.encoder(), bench.baselines()
    encoder = Remembering(alone)
    clock = CLOCKS[material.clock]

    def timed(work: Callable[[], object]) -> float:
        began = clock()
        work()
        return clock() - began

    with ExitStack() as stack:
        root = material.kept or Path(stack.enter_context(_folder()))
        sentences = pool(material.texts, encoder, root / "pool.npz")
        maker: list[Maker] = []  # (made at need: a library that is whole needs none)
        shelves: dict[int, _Shelf] = {}

        def shelf(size: int) -> _Shelf:
            if size not in shelves:
                folder = root / str(size)
                limits = Limits(built="never")
                with Library.open(folder, encoder, create=True, limits=limits) as library:
                    if not len(library):
                        bench.put(library, material.articles)
                    if library.status().passages < size:
                        maker[:] = maker or [Maker(sentences)]
                        fill(library, size, maker[0], len(material.articles))
                build_forms(folder)
                library = stack.enter_context(Library.open(folder, encoder, limits=limits))
                nearest = baselines.nearest(held_vectors(library, encoder.dimension))
                shelves[size] = _Shelf(library, nearest, bytes_a_passage(library))
                library.search("warm up", 10)
                encoder.encode(["warm up " * 20_000])  # loads what encodes many words
            return shelves[size]

        def search(item: Item, made: _Shelf) -> dict[str, float]:
            encoding = timed(lambda: alone.encode([item.question], "query"))
            query = encoder.encode([item.question], "query")[0]
            found = {
                f"{name}_ms": timed(partial(made.library.search, item.question, 10, filter=filter))
                * 1000
                for name, filter in {"found": Filter(), **FILTERS}.items()
            }
            nearest = timed(lambda: made.nearest(query, DEPTH))
            words = timed(lambda: words_alone(made.library, item.question, DEPTH))
            return {
                **found, "encode_ms": encoding * 1000, "faiss_ms": nearest * 1000,
                "fts5_ms": words * 1000, "search_ms": encoding * 1000 + found["found_ms"],
                "both_alone_ms": (encoding + nearest + words) * 1000,
            }  # fmt: skip

        def opening(item: Item, made: _Shelf) -> dict[str, float]:
            return {
                **opened(made.library.path, item.question, encoder, material.clock),
                **made.disk,
            }

        def ingest(item: Item, made: _Shelf) -> dict[str, float]:
            chance = random.Random(item.gold["seed"])  # noqa: S311
            with _folder() as folder:
                write_articles(Path(folder), sentences.texts, chance, INGESTED, PARAGRAPHS)
                outcomes: list[Outcome] = []
                seconds = timed(lambda: outcomes.extend(add(made.library, [folder])))
            made.library.search("warm up", 10)  # reads what came, once
            encoder.encode([item.question], "query")  # remembered
            behind = timed(partial(made.library.search, item.question, 10))
            added = [o.article for o in outcomes if o.article is not None]
            texts = [
                text
                for article in added
                for text in made.library.search_texts(article, made.library.passages(article.id))
            ]
            baselines.encode(texts[:8])  # warm, as ours is by now
            ours = timed(lambda: alone.encode(texts))
            plain = timed(lambda: baselines.encode(texts))
            made.library.remove([a.id for a in added])
            build_forms(made.library.path)
            return {
                "added_ms": behind * 1000,
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

        measures = {"search": search, "open": opening, "ingest": ingest, "answer": answer}

        def ask(item: Item) -> dict[str, Any]:
            return {"measured": measures[item.gold["kind"]](item, shelf(item.gold["size"]))}

        yield ask


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="dateline-eval-")


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def score(record: Record) -> Scored:
    return Scored(dict(record["measured"]))


SUITE = Suite(
    name="speed",
    about="Each step beside its baseline in the same run; medians over repeats.",
    figures=FIGURES,
    headline="search, median",
    load=load,
    start=start,
    score=score,
)
