"""retrieval: BEIR layout; is the right article found, by dense, lexical and fused search?

A hit is a passage and the judgements are of documents: a document's rank is that of its best
passage. 40 passages are asked for, so that ten documents are there to rank. Beside the questions of
each collection stand queries for what one of its documents alone says in so many words
(`eval.exact`); there the passage that holds it is to be found.

    --set retrieval.judged=12  and by fused search with a second look (`rag.second_look`) at the
                               first 12 passages, of the questions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench import Bench
from eval.datasets import SAMPLES, beir, clapnq, document, find, require, squad
from eval.exact import sought
from eval.metrics.ranking import NAMES, rank_scores
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from index.article import Article
from index.errors import UsageError
from rag.second_look import second_look

MODES = ("dense", "lexical", "fused")
PASSAGES = 40

_ABOUT = {
    "nDCG@10": "order of the first ten, discounted by rank",
    "Recall@4": "share of the relevant articles among the first 4",
    "Recall@10": "share of the relevant articles among the first 10",
    "MRR@10": "1 / rank of the first relevant article",
    "Hits@1": "a relevant article is the first",
    "Hits@4": "a relevant article among the first 4",
    "Hits@10": "a relevant article among the first 10",
    "MAP@10": "precision at each relevant article's rank, averaged",
}


@dataclass(frozen=True, slots=True)
class Collection:
    """`qrels`: for each query, the documents that are to be found, with their grades."""

    name: str
    corpus: Mapping[str, tuple[str, str]]  # id: (title, text)
    queries: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]


def collections(data: Path | None) -> Iterator[Collection]:
    """Folders in BEIR layout, the folder itself if it is one; beside them SQuAD's paragraphs and
    CLAPnq's passages, each a document."""
    folders = (
        [p for p in sorted(data.iterdir()) if (p / "corpus.jsonl").exists()]
        if data and data.is_dir() and not find(data, "corpus.jsonl")
        else [data or SAMPLES / "retrieval"]
    )
    for folder in folders or require(data, "retrieval", "corpus.jsonl"):
        found = beir(folder)
        yield Collection(folder.name, found.corpus, found.queries, found.qrels)
    if data is None or data in folders:
        return
    for folder in find(data, "xquad"):
        for path in sorted(folder.glob("*.json"))[:1]:
            paragraphs, short = squad(path)
            corpus = {str(n): paragraph for n, paragraph in enumerate(paragraphs)}
            queries = {q.id: q.question for q in short}
            yield Collection(
                folder.name, corpus, queries, {q.id: {str(q.paragraph): 1} for q in short}
            )
    for folder in find(data, "clapnq"):
        long = clapnq(folder)
        texts = {q.text: (q.id, q.title) for q in reversed(long)}
        answered = [q for q in long if q.answers]
        yield Collection(
            folder.name,
            {id: (title, text) for text, (id, title) in texts.items()},
            {q.id: q.question for q in answered},
            {q.id: {texts[q.text][0]: 1} for q in answered},
        )


def load(given: Given) -> Material:
    read = _read(given.options.get("retrieval.judged", "0"))
    found = list(collections(given.data))
    items: list[Item] = []
    articles: list[Article] = []
    for collection in found:
        name = collection.name
        ids = {}
        for doc, (title, text) in collection.corpus.items():
            if not text.strip():
                continue
            article = document(f"beir/{name}/{doc}", len(articles), title, text)
            articles.append(article)
            ids[doc] = article
        sources = frozenset(a.source for a in ids.values() if a.source)
        among = sources if len(found) > 1 else frozenset()
        for query, text in collection.queries.items():
            relevant = {ids[d].id: g for d, g in collection.qrels[query].items() if d in ids}
            if relevant:
                gold: dict[str, Any] = {"relevant": relevant, "read": read}
                modes = (*MODES, "judged") if read else MODES
                items += _in_each_mode(name, query, text, gold, among, modes)
        own = list(ids.values())
        for n, one in enumerate(sought([a.text for a in own], given.seed)):
            gold = {"words": one.words, "article": own[one.document].id}
            items += _in_each_mode(f"{name}, {one.kind}", f"exact {n}", one.query, gold, among)
    return Material(items, articles)


def _in_each_mode(
    group: str,
    query: str,
    text: str,
    gold: dict[str, Any],
    sources: frozenset[str],
    modes: Sequence[str] = MODES,
) -> list[Item]:
    return [
        Item(
            id=f"{group}/{query}/{mode}",
            group=f"{group}, {mode}",
            unit=f"{group}/{query}",
            question=text,
            gold={"mode": mode, **gold},
            sources=sources,
        )
        for mode in modes
    ]


def _read(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"retrieval.judged={text!r}: write a number of passages.")
    return int(text)


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    from index.search import Filter, in_order

    with bench.library(material.articles) as library:

        def ask(item: Item) -> dict[str, Any]:
            chosen = Filter(sources=item.sources) if item.sources else None
            judged = item.gold["mode"] == "judged"
            mode = "fused" if judged else item.gold["mode"]
            hits = library.search(item.question, PASSAGES, mode=mode, filter=chosen)
            if judged:
                looked = second_look(bench.reader(), item.question, hits, item.gold["read"])
                hits = [one.hit for one in looked]
            if "words" in item.gold:
                passages = library.passages(item.gold["article"])
                held = [p.id for p in passages if item.gold["words"] in in_order(p.text)]
                return {
                    "ranked": [h.passage.id for h in hits],
                    "relevant": dict.fromkeys(held, 1),
                    "titles": {h.passage.id: h.article.title for h in hits},
                }
            return {
                "ranked": list(dict.fromkeys(h.article.id for h in hits)),
                "relevant": item.gold["relevant"],
                "titles": {h.article.id: h.article.title for h in hits},
            }

        yield ask


def score(record: Record) -> Scored:
    if not record["relevant"]:
        return Scored({}, "no passage holds it: it lies on the border of two")
    scores = rank_scores(record["ranked"], record["relevant"])
    wrong = "" if scores["Hits@4"] else "nothing relevant among the first 4"
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
