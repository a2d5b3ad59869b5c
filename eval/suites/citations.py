"""citations: of the answers that other suites of this run produced, are the citations sound?

Judged twice: by words and numbers (eval.metrics.support: shares nothing with the product), and by
the product's own Judge, which decided the citations and so is no independent witness: it says
whether the shown verdicts are consistent. A citation's text is the passage that it lies in
(as ALCE has it) or, stricter, the quote alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eval.bench import Bench, passage_hit
from eval.metrics import support
from eval.metrics.citation import CitationScores, Supports, citation_scores
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite

NEEDS = ("answers", "longform", "conflicts")


def load(given: Given) -> Material:
    """One item an answer that was shown; an abstention has nothing to score."""
    items = [
        Item(
            id=f"{r['suite']}/{r['id']}",
            group=r["suite"],
            unit=f"{r['suite']}/{r['unit']}",
            question=r["question"],
            gold={"answer": r["answer"]},
        )
        for r in given.records
        if "answer" in r and not r["answer"]["abstained"]
    ]
    return Material(items)


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    def ask(item: Item) -> dict[str, Any]:
        answer = item.gold["answer"]
        if answer["abstained"]:
            return {"product": None}
        known: dict[tuple[str, ...], bool] = {}

        def supports(claim: str, texts: Sequence[str]) -> bool:
            key = (claim, *texts)
            if key not in known:
                hits = [passage_hit("", text, n) for n, text in enumerate(texts, 1)]
                known[key] = bench.check(claim, hits, item.question)[1] == "stated"
            return known[key]

        scores = citation_scores(cited(answer, quotes=False), supports)
        return {"product": {"recall": scores.recall, "precision": scores.precision}}

    yield ask


def cited(answer: dict[str, Any], *, quotes: bool) -> list[tuple[str, list[str]]]:
    """Each shown sentence with its citations' texts: quotes, or titles and whole passages."""
    passages = {h["passage_id"]: f"{h['title']}\n{h['text']}" for h in answer["hits"]}
    return [
        (
            claim["text"],
            [
                c["quote"] if quotes else passages.get(c["passage_id"], c["quote"])
                for c in claim["citations"]
            ],
        )
        for claim in answer["claims"]
        if claim["shown"]
    ]


def exact_quotes(answer: dict[str, Any]) -> tuple[int, int]:
    """(citations whose quote is the passage's own words at its offsets, citations checked)."""
    hits = {h["passage_id"]: h for h in answer["hits"]}
    exact = checked = 0
    for claim in answer["claims"]:
        for c in claim["citations"]:
            hit = hits.get(c["passage_id"])
            if hit is None:
                continue
            checked += 1
            begin, end = c["start"] - hit["start"], c["end"] - hit["start"]
            inside = 0 <= begin < end <= len(hit["text"])
            exact += inside and hit["text"][begin:end] == c["quote"]
    return exact, checked


def score(record: Record) -> Scored:
    answer = record["gold"]["answer"]
    if answer["abstained"]:
        return Scored({})
    lexical: Supports = support.supports
    by_passage = citation_scores(cited(answer, quotes=False), lexical)
    by_quote: CitationScores = citation_scores(cited(answer, quotes=True), lexical)
    product = record.get("product") or {}
    exact, checked = exact_quotes(answer)
    scores = {
        "recall": by_passage.recall,
        "precision": by_passage.precision,
        "quote_recall": by_quote.recall,
        "quote_precision": by_quote.precision,
        "product_recall": product.get("recall"),
        "product_precision": product.get("precision"),
        "exact_quotes": exact / checked if checked else None,
        "without": by_passage.without,
    }
    wrong = ""
    if checked and exact < checked:
        wrong = "a quote is not the article's words"
    elif by_passage.without:
        wrong = "a sentence without a citation"
    elif by_passage.recall is not None and by_passage.recall < 1:
        wrong = "a sentence that its citations don't hold (words and numbers)"
    return Scored(scores, wrong)


SUITE = Suite(
    name="citations",
    about="ALCE's citation recall and precision of the answers above; a quote must be exact.",
    figures=(
        Figure(
            "recall, by words and numbers",
            ("recall",),
            f"ALCE; judge: {support.NAME}; text: the cited passages",
        ),
        Figure(
            "precision, by words and numbers",
            ("precision",),
            f"ALCE; judge: {support.NAME}; text: the cited passages",
        ),
        Figure(
            "recall, quotes alone",
            ("quote_recall",),
            f"ALCE; judge: {support.NAME}; text: the quoted words",
        ),
        Figure(
            "precision, quotes alone",
            ("quote_precision",),
            f"ALCE; judge: {support.NAME}; text: the quoted words",
        ),
        Figure(
            "recall, by the product",
            ("product_recall",),
            "ALCE; the product's own Judge says stated; not independent",
        ),
        Figure(
            "precision, by the product",
            ("product_precision",),
            "ALCE; the product's own Judge says stated; not independent",
        ),
        Figure("quotes exact", ("exact_quotes",), "must be 100%"),
        Figure(
            "sentences without a citation",
            ("without",),
            "share of an answer's sentences",
            better="lower",
        ),
    ),
    headline="recall, by words and numbers",
    load=load,
    start=start,
    score=score,
    needs=NEEDS,
)
