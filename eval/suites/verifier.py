"""verifier: labelled claims against the product's own check of a statement.

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
from eval.stats import share_given
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from index.article import Article
from index.search import Filter

AT_HALF = balanced_accuracy(0.5)  # of a decision that is 0 or 1 already


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
    with bench.library(material.articles) as library:

        def ask(item: Item) -> dict[str, Any]:
            hits = library.search(
                item.question, bench.settings.passages, filter=Filter(sources=item.sources)
            )
            score, verdict = bench.check(item.question, hits)
            return {
                "score": score,
                "verdict": verdict,
                "passage": "\n\n".join(h.passage.text for h in hits),
            }

        yield ask


def score(record: Record) -> Scored:
    supported, said = record["gold"]["supported"], record["verdict"] == "stated"
    wrong = ""
    if said and not supported:
        wrong = "an unsupported claim would be stated"
    elif supported and record["verdict"] == "withheld":
        wrong = "a supported claim would be withheld"
    elif supported and not said:
        wrong = "a supported claim would be shown to check"
    return Scored(
        {
            "score": record["score"],
            "label": float(supported),
            "said": float(said),
            "kept": float(record["verdict"] != "withheld"),
        },
        wrong,
    )


SUITE = Suite(
    name="verifier",
    about="Does the Judge tell supported claims from unsupported ones?",
    figures=(
        Figure(
            "AUC",
            ("score", "label"),
            "a supported claim scores over an unsupported one",
            statistic=auc,
        ),
        Figure(
            "balanced accuracy",
            ("said", "label"),
            "stated against the rest, as shipped",
            statistic=AT_HALF,
        ),
        Figure(
            "balanced accuracy, kept",
            ("kept", "label"),
            "stated or to be checked against withheld, as shipped",
            statistic=AT_HALF,
        ),
        Figure(
            "supported, kept",
            ("kept", "label"),
            "of the supported claims, not withheld",
            statistic=share_given,
        ),
        Figure(
            "stated, rightly",
            ("label", "said"),
            "of the claims stated, supported",
            statistic=share_given,
        ),
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
