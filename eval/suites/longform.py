"""longform: CLAPnq layout, in two settings: the question's passage alone is the library, and one
library of all passages. Half of the questions are not answered by their passage.

In the second setting another passage might answer an unanswerable question; CLAPnq doesn't say.
"""

from __future__ import annotations

from eval.datasets import clapnq, document, require
from eval.metrics.calibration import auc, aurc
from eval.metrics.overlap import gold_sentence_recall, rouge_l
from eval.metrics.text import normalised
from eval.stats import share_given
from eval.suite import Figure, Given, Item, Material, Record, Scored, Suite
from eval.suites.asking import (
    OVER_ABSTAINED,
    OVER_ABSTAINED_MISSED,
    RETRIEVAL_MISSED,
    SHOULD_ABSTAIN,
    WHOLE_ANSWER,
    WRONG_ANSWER,
    answer_text,
    asking,
    confidence,
    context_articles,
    shown_claims,
    times,
    uncited,
)
from index.article import Article

ALONE, ALL = "own passage alone", "all passages"


def load(given: Given) -> Material:
    items: list[Item] = []
    articles: dict[tuple[str, str], Article] = {}
    (folder,) = require(given.data, "longform", "clapnq")
    for q in clapnq(folder):
        key = (q.title, q.text)
        if key not in articles:
            origin = f"clapnq/{q.title}/{q.text}"
            articles[key] = document(origin, len(articles), q.title, q.text)
        article = articles[key]
        gold = {
            "answers": list(q.answers),
            "sentences": list(q.sentences),
            "answerable": bool(q.answers),
            "article": article.id,
        }
        assert article.source is not None
        items += [
            Item(f"{q.id}/alone", ALONE, q.id, q.question, gold, frozenset({article.source})),
            Item(f"{q.id}/all", ALL, q.id, q.question, gold),
        ]
    return Material(items, list(articles.values()))


def score(record: Record) -> Scored:
    gold, answer = record["gold"], record["answer"]
    abstained = bool(answer["abstained"])
    scores: dict[str, float | None] = {
        "abstained": float(abstained),
        "unanswerable": float(not gold["answerable"]),
        "decided": float(abstained == (not gold["answerable"])),
        "confidence": confidence(record),
        "answerable": float(gold["answerable"]),
        **times(record),
    }
    if not gold["answerable"]:
        return Scored(scores, "" if abstained else SHOULD_ABSTAIN)
    there = gold["article"] in context_articles(record)
    scores["passage"] = float(there)
    if abstained:
        return Scored(scores, OVER_ABSTAINED if there else OVER_ABSTAINED_MISSED)
    text = answer_text(record)
    recall = gold_sentence_recall(text, gold["sentences"])
    scores |= {
        "rouge_l": rouge_l(text, gold["answers"]),
        "gold_recall": recall,
        "gold_cited": _cites_gold(record) if gold["sentences"] else None,
    }
    wrong = ""
    if not there:
        wrong = RETRIEVAL_MISSED
    elif not scores["gold_cited"] and not recall:
        wrong = WRONG_ANSWER
    else:
        wrong = uncited(record, [])
    return Scored(scores, wrong)


def _cites_gold(record: Record) -> float:
    """Is a shown citation's quote in a gold sentence, or a gold sentence in a quote?"""
    gold = [normalised(s) for s in record["gold"]["sentences"]]
    quotes = [normalised(c["quote"]) for claim in shown_claims(record) for c in claim["citations"]]
    return float(any(q and (q in g or g in q) for q in quotes for g in gold))


SUITE = Suite(
    name="longform",
    about="Long answers over encyclopedia passages, half of the questions not answered there.",
    figures=(
        Figure("ROUGE-L", ("rouge_l",), "against the gold answer, over those answered"),
        Figure(
            "gold sentence recall",
            ("gold_recall",),
            "share of the gold sentences whose words the answer holds (half or more)",
        ),
        Figure("gold cited", ("gold_cited",), "a citation quotes one of the gold sentences"),
        Figure("passage there", ("passage",), "a passage of the gold article was before the model"),
        Figure(
            "abstention precision",
            ("unanswerable", "abstained"),
            "of those abstained from, unanswerable",
            statistic=share_given,
        ),
        Figure(
            "abstention recall",
            ("abstained", "unanswerable"),
            "of the unanswerable, abstained from",
            statistic=share_given,
        ),
        Figure("decided rightly", ("decided",), "abstained if and only if unanswerable"),
        Figure(
            "abstention AUC",
            ("confidence", "answerable"),
            "an answerable question gets more confidence than an unanswerable one",
            statistic=auc,
        ),
        Figure(
            "AURC",
            ("confidence", "answerable"),
            "area under risk against coverage, where an "
            "answer to an unanswerable question is the risk",
            statistic=aurc,
            better="lower",
        ),
        WHOLE_ANSWER,
    ),
    headline="decided rightly",
    load=load,
    start=asking,
    score=score,
    plots=("risk", "latency"),
)
