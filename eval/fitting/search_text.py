"""What a passage is found by, compared: `python -m eval.fitting.search_text DATA`.

Each collection is split and encoded as the product does, with more and more of where a passage
stands (`index.splitting.search_text`), and searched densely, lexically and by both, fused as the
product fuses. Judged are articles where a set names articles, and passages where it names the
words of the answer: context that made a passage's neighbour win would show there.
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.bench import Bench
from eval.command import run
from eval.datasets import beir, clapnq, document, find, own_articles, own_questions, squad
from eval.stats import Floats, difference, interval
from index.article import Article
from index.encoding.encoder import Encoder
from index.retrieve import CANDIDATES
from index.search import fuse, match_expression
from index.splitting.passages import Passage
from index.splitting.search_text import search_text, sentence_before

PARTS = ("title", "heading", "before")
VARIANTS: dict[str, frozenset[str]] = {
    "text": frozenset(),
    "+ title": frozenset({"title"}),
    "+ title, heading": frozenset({"title", "heading"}),
    "+ title, heading, sentence before": frozenset(PARTS),
}
MIXED = ("+ title, heading, sentence before", "+ title, heading")  # dense, lexical

Scores = dict[int, float]


@dataclass(frozen=True, slots=True)
class Collection:
    """`relevant`: for each query, the ids of articles (or of passages) that are to be found."""

    name: str
    passages: Sequence[tuple[Article, Passage, str]]  # and the sentence before
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]
    by_passage: bool

    def unit(self, number: int) -> str:
        article, passage, _ = self.passages[number]
        return passage.id if self.by_passage else article.id


def collections(data: Path, bench: Bench) -> Iterator[Collection]:
    for folder in find(data, "time"):
        found = beir(folder)
        articles = {
            doc: document(f"time/{doc}", n, title, text)
            for n, (doc, (title, text)) in enumerate(found.corpus.items())
            if text.strip()
        }
        relevant = {
            q: {articles[d].id: grade for d, grade in grades.items()}
            for q, grades in found.qrels.items()
        }
        yield _by_article("time", bench, list(articles.values()), found.queries, relevant)
    for folder in find(data, "xquad"):
        paragraphs, short = squad(next(folder.glob("*.json")))
        single = [document(f"xquad/{n}", n, t, text) for n, (t, text) in enumerate(paragraphs)]
        yield _by_article(
            "xquad, paragraphs",
            bench,
            single,
            {q.id: q.question for q in short},
            {q.id: {single[q.paragraph].id: 1} for q in short},
        )
        pages: dict[str, list[str]] = {}
        for title, text in paragraphs:
            pages.setdefault(title, []).append(text)
        whole = [
            document(f"page/{n}", n, title, "\n\n".join(texts))
            for n, (title, texts) in enumerate(pages.items())
        ]
        yield _by_words(
            "xquad, pages: the passage",
            bench,
            whole,
            {q.id: q.question for q in short},
            {q.id: (q.answers, paragraphs[q.paragraph][1]) for q in short},
        )
    for folder in find(data, "clapnq"):
        long = clapnq(folder)
        by_text = {q.text: document(f"clapnq/{q.id}", n, q.title, q.text)
                   for n, q in enumerate(long)}  # fmt: skip
        articles_ = list(by_text.values())
        answered = [q for q in long if q.answers]
        yield _by_article(
            "clapnq",
            bench,
            articles_,
            {q.id: q.question for q in answered},
            {q.id: {by_text[q.text].id: 1} for q in answered},
        )
        yield _by_words(
            "clapnq: the passage",
            bench,
            articles_,
            {q.id: q.question for q in answered if q.sentences},
            {q.id: (q.sentences, q.text) for q in answered if q.sentences},
        )
    for path in find(data.parent / "seeds" if data.name != "seeds" else data, "questions.jsonl"):
        own = [q for q in own_questions(path) if q.answerable and q.any and not q.history]
        yield _by_words(
            "seeds: the passage",
            bench,
            own_articles(path),
            {q.id: q.question for q in own},
            {q.id: (q.any, "") for q in own},
        )


def _split(bench: Bench, articles: Sequence[Article]) -> list[tuple[Article, Passage, str]]:
    found = []
    for article in articles:
        last: Passage | None = None
        for passage in bench.split(article):
            same = last is not None and last.heading == passage.heading
            before = sentence_before(article.text, passage.start) if same else ""
            found.append((article, passage, before))
            last = passage
    return found


def _by_article(
    name: str,
    bench: Bench,
    articles: Sequence[Article],
    queries: Mapping[str, str],
    relevant: Mapping[str, Mapping[str, int]],
) -> Collection:
    return Collection(name, _split(bench, articles), queries, relevant, by_passage=False)


def _by_words(
    name: str,
    bench: Bench,
    articles: Sequence[Article],
    queries: Mapping[str, str],
    gold: Mapping[str, tuple[Sequence[str], str]],
) -> Collection:
    """Relevant are passages that hold one of the answer's strings and lie in the gold text (any,
    where it isn't known)."""
    passages = _split(bench, articles)
    relevant = {}
    for id, (words, where) in gold.items():
        held = {
            p.id: 1
            for _, p, _ in passages
            if (not where or p.text[:60] in where or where[:60] in p.text or p.text[-60:] in where)
            and any(w.casefold() in p.text.casefold() for w in words)
        }
        if held:
            relevant[id] = held
    return Collection(
        name, passages, {q: t for q, t in queries.items() if q in relevant}, relevant, True
    )


def dense(collection: Collection, parts: frozenset[str], encoder: Encoder) -> dict[str, Scores]:
    texts = []
    for article, passage, before in collection.passages:
        shown = replace(article, title=article.title if "title" in parts else "")
        kept = passage if "heading" in parts else replace(passage, heading="")
        texts.append(search_text(shown, kept, before if "before" in parts else "", encoder.fits))
    vectors = encoder.encode(texts)
    asked = encoder.encode(list(collection.queries.values()), "query")
    found = {}
    for id, query in zip(collection.queries, asked, strict=True):
        cosines = vectors @ query
        best = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        found[id] = {int(n): float(cosines[n]) for n in best}
    return found


def lexical(collection: Collection, parts: frozenset[str]) -> dict[str, Scores]:
    """BM25 by FTS5, as the library's own table, over the columns that are named."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (title, heading, before, text,"
        " content='', tokenize='porter unicode61 remove_diacritics 2')"
    )
    db.executemany(
        "INSERT INTO words (rowid, title, heading, before, text) VALUES (?, ?, ?, ?, ?)",
        [(n, a.title, p.heading, b, p.text) for n, (a, p, b) in enumerate(collection.passages)],
    )
    columns = " ".join(["text", *sorted(parts)])
    found = {}
    for id, query in collection.queries.items():
        expression = f"{{{columns}}} : ({match_expression(query)})"
        rows = db.execute(
            "SELECT rowid, -bm25(words) AS score FROM words WHERE words MATCH ?"
            " ORDER BY score DESC, rowid LIMIT ?",
            [expression, CANDIDATES],
        )
        found[id] = dict(rows.fetchall())
    db.close()
    return found


def measured(collection: Collection, found: Mapping[str, Scores]) -> dict[str, Floats]:
    """A row a query of each measure."""
    import ir_measures
    from ir_measures import R, nDCG

    ranked = {}
    for id, scores in found.items():
        units = [collection.unit(n) for n in sorted(scores, key=lambda n: (-scores[n], n))]
        order = list(dict.fromkeys(units))
        ranked[id] = {unit: float(len(order) - place) for place, unit in enumerate(order)}
    wanted = {"nDCG@10": nDCG @ 10, "recall@5": R @ 5, "recall@10": R @ 10}
    rows: dict[str, dict[str, float]] = {name: {} for name in wanted}
    names = {str(measure): name for name, measure in wanted.items()}
    qrels = {q: dict(collection.relevant[q]) for q in collection.queries}
    for metric in ir_measures.iter_calc(list(wanted.values()), qrels, ranked):
        rows[names[str(metric.measure)]][metric.query_id] = metric.value
    return {
        name: np.array([[values.get(q, 0.0)] for q in collection.queries])
        for name, values in rows.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.search_text", description=__doc__)
    parser.add_argument("data", type=Path)
    given = parser.parse_args(arguments)
    bench = Bench({})
    for collection in collections(given.data, bench):
        _table(collection, bench.encoder())


def _table(collection: Collection, encoder: Encoder) -> None:
    print(f"**{collection.name}**: {len(collection.queries)} questions over ", end="")
    print(f"{len({a.id for a, _, _ in collection.passages})} articles, ", end="")
    print(f"{len(collection.passages)} passages\n")
    print("| search | found by | nDCG@10 | recall@5 | recall@10 |\n| --- | --- | --- | --- | --- |")
    near = {name: dense(collection, parts, encoder) for name, parts in VARIANTS.items()}
    said = {name: lexical(collection, parts) for name, parts in VARIANTS.items()}
    both = {(name, name): name for name in VARIANTS} | {MIXED: " / ".join(MIXED)}
    rows = [("dense", name, near[name]) for name in VARIANTS]
    rows += [("lexical", name, said[name]) for name in VARIANTS]
    rows += [
        ("fused", label, {q: fuse(near[d][q], said[x][q]) for q in collection.queries})
        for (d, x), label in both.items()
    ]
    scores: dict[tuple[str, str], Floats] = {}
    for search, label, found in rows:
        figures = measured(collection, found)
        scores[search, label] = figures["nDCG@10"]
        cells = " | ".join(f"{interval(values).value:.3f}" for values in figures.values())
        print(f"| {search} | {label} | {cells} |", flush=True)
    chosen = scores["fused", " / ".join(MIXED)]
    print()
    for label, other in (
        ("dense alone", scores["dense", MIXED[0]]),
        ("lexical alone", scores["lexical", MIXED[1]]),
        ("fused, text alone", scores["fused", "text"]),
    ):
        gap = difference(chosen, other)
        if gap is not None:
            print(f"The last row against {label}: {gap.value:+.3f}", end="")
            print(f" ({gap.low:+.3f} to {gap.high:+.3f})")
    print()


if __name__ == "__main__":
    run(main)
