"""verifier: labelled claims against the product's own check of a claim.

A claim is checked against the passages of its article that are nearest to it (as a claim of an
answer is checked against what was found), and gets the best score.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eval.bench import Bench
from eval.datasets import claims, document, find, qags, require
from eval.metrics.calibration import auc, balanced_accuracy, ece
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from index.article import Article
from index.search import Filter

PASSAGES = 2


def load(given: Given) -> Material:
    require(given.data, "verifier", "qags", "claims.jsonl")
    sets = [
        (f"qags {path.stem}", qags(path))
        for folder in find(given.data, "qags")
        for path in sorted(folder.glob("*.jsonl"))
    ]
    sets += [("claims", claims(path)) for path in find(given.data, "claims.jsonl")]
    items: list[Item] = []
    articles: dict[str, Article] = {}
    for name, found in sets:
        for row in found:
            if row.text not in articles:
                articles[row.text] = document(f"{name}/{row.text}", len(articles), "", row.text)
            article = articles[row.text]
            assert article.source is not None
            items.append(
                Item(
                    f"{name}/{row.id}",
                    name,
                    f"{name}/{row.id}",
                    row.claim,
                    {"supported": row.supported},
                    frozenset({article.source}),
                )
            )
    return Material(items, list(articles.values()))


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    check, threshold = bench.verifier(), bench.threshold
    with bench.library(material.articles) as library:

        def ask(item: Item) -> dict[str, Any]:
            hits = library.search(item.question, PASSAGES, filter=Filter(sources=item.sources))
            scores = [check(item.question, h.passage.text, None) for h in hits]
            best = max(range(len(hits)), key=scores.__getitem__) if hits else None
            return {
                "score": 0.0 if best is None else scores[best],
                "threshold": threshold,
                "passage": "" if best is None else hits[best].passage.text,
            }

        yield ask


def score(record: Record) -> Scored:
    supported, said = record["gold"]["supported"], record["score"] >= record["threshold"]
    wrong = ""
    if said and not supported:
        wrong = "passed a claim that isn't supported"
    elif supported and not said:
        wrong = "rejected a supported claim"
    return Scored(
        {
            "score": record["score"],
            "label": float(supported),
            "said": float(said),
            "hit": float(said == supported),
        },
        wrong,
    )


def _balanced(rows: Any) -> float:
    """Column 0 is the decision at the shipped threshold, already 0 or 1."""
    return balanced_accuracy(0.5)(rows)


SUITE = Suite(
    name="verifier",
    about="Does the check tell supported claims from unsupported ones?",
    figures=(
        Figure(
            "AUC",
            ("score", "label"),
            "a supported claim scores over an unsupported one",
            statistic=auc,
        ),
        Figure(
            "balanced accuracy", ("said", "label"), "at the shipped threshold", statistic=_balanced
        ),
        Figure("accuracy", ("hit",), "at the shipped threshold"),
        Figure(
            "ECE",
            ("score", "label"),
            "gap between score and how often it's true, ten bins",
            statistic=ece,
            better="lower",
        ),
        Figure("supported in the data", ("label",), "share of the claims", better=""),
    ),
    headline="AUC",
    load=load,
    start=start,
    score=score,
    plots=("reliability",),
)
