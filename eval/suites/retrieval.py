"""retrieval: BEIR layout; is the right article found, by dense, lexical and fused search?

A hit is a passage and the judgements are of documents: a document's rank is that of its best
passage. 40 passages are asked for, so that ten documents are there to rank.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eval.bench import Bench
from eval.datasets import SAMPLES, beir, document, find, require
from eval.metrics.ranking import NAMES, rank_scores
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from index.article import Article

MODES = ("dense", "lexical", "fused")
PASSAGES = 40

_ABOUT = {
    "nDCG@10": "order of the first ten, discounted by rank",
    "Recall@4": "share of the relevant articles among the first 4",
    "Recall@10": "share of the relevant articles among the first 10",
    "MRR@10": "1 / rank of the first relevant article",
    "Hits@4": "a relevant article among the first 4",
    "Hits@10": "a relevant article among the first 10",
    "MAP@10": "precision at each relevant article's rank, averaged",
}


def load(given: Given) -> Material:
    folders = (
        [p for p in sorted(given.data.iterdir()) if (p / "corpus.jsonl").exists()]
        if given.data and given.data.is_dir() and not find(given.data, "corpus.jsonl")
        else [given.data or SAMPLES / "retrieval"]
    )
    folders = folders or require(given.data, "retrieval", "corpus.jsonl")
    items: list[Item] = []
    articles: list[Article] = []
    for folder in folders:
        data = beir(folder)
        ids = {}
        for doc, (title, text) in data.corpus.items():
            if not text.strip():
                continue
            article = document(f"beir/{folder.name}/{doc}", len(articles), title, text)
            articles.append(article)
            ids[doc] = article
        sources = frozenset(a.source for a in ids.values() if a.source)
        for query, text in data.queries.items():
            relevant = {ids[d].id: g for d, g in data.qrels[query].items() if d in ids}
            if not relevant:
                continue
            items += [
                Item(
                    id=f"{folder.name}/{query}/{mode}",
                    group=f"{folder.name}, {mode}",
                    unit=f"{folder.name}/{query}",
                    question=text,
                    gold={"mode": mode, "relevant": relevant},
                    sources=sources if len(folders) > 1 else frozenset(),
                )
                for mode in MODES
            ]
    return Material(items, articles)


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    from index.search import Filter

    with bench.library(material.articles) as library:

        def ask(item: Item) -> dict[str, Any]:
            chosen = Filter(sources=item.sources) if item.sources else None
            hits = library.search(item.question, PASSAGES, mode=item.gold["mode"], filter=chosen)
            return {
                "ranked": list(dict.fromkeys(h.article.id for h in hits)),
                "titles": {h.article.id: h.article.title for h in hits},
            }

        yield ask


def score(record: Record) -> Scored:
    scores = rank_scores(record["ranked"], record["gold"]["relevant"])
    wrong = "" if scores["Hits@4"] else "no relevant article among the first 4"
    return Scored(dict(scores), wrong)


SUITE = Suite(
    name="retrieval",
    about="Is a relevant article found? Dense, lexical and fused search side by side.",
    figures=tuple(Figure(name, (name,), _ABOUT[name]) for name in NAMES),
    headline="nDCG@10",
    load=load,
    start=start,
    score=score,
)
