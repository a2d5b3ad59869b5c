"""What the suites that ask the Assistant share: asking, and what can be read off an Answer.

Everything here works on `Answer.to_dict()`, the form that people get.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eval.bench import Bench
from eval.metrics.text import contains_any, unmarked
from eval.stats import median
from eval.suite import Ask, Figure, Item, Material, Record
from index.search import Filter

RETRIEVAL_MISSED = "retrieval missed"
WRONG_ANSWER = "passage there, wrong answer"
OVER_ABSTAINED = "abstained, though the passage was there"
OVER_ABSTAINED_MISSED = "abstained, retrieval missed"
SHOULD_ABSTAIN = "should have abstained"
UNCITED = "right, but uncited"

ABSTAINED = Figure("abstained", ("abstained",), "share without an answer", better="")
WHOLE_ANSWER = Figure(
    "whole answer",
    ("total_ms",),
    "median time",
    statistic=median,
    better="lower",
    unit="ms",
)


@contextmanager
def asking(bench: Bench, material: Material) -> Iterator[Ask]:
    """`start` of a suite whose questions go to the Assistant."""
    with bench.library(material.articles) as library:
        assistant = bench.over(library)

        def ask(item: Item) -> dict[str, Any]:
            chosen = Filter(sources=item.sources) if item.sources else None
            answer = assistant.ask(item.question, history=item.history, filter=chosen)
            return {"answer": answer.to_dict()}

        yield ask


def answer_text(record: Record) -> str:
    """What was shown, without citation marks."""
    return unmarked(record["answer"]["text"])


def shown_claims(record: Record) -> list[dict[str, Any]]:
    return [c for c in record["answer"]["claims"] if c["shown"]]


def confidence(record: Record) -> float | None:
    """The calibrated probability of the surest sentence, which decides whether one is shown; None
    where nothing was read."""
    found = record["answer"]["signals"].get("probability")
    return None if found is None else float(found)


def context_texts(record: Record) -> list[str]:
    """The passages that were put before the model."""
    return [h["text"] for h in record["answer"]["hits"] if h["in_context"]]


def context_articles(record: Record) -> set[str]:
    return {h["article_id"] for h in record["answer"]["hits"] if h["in_context"]}


def times(record: Record) -> dict[str, float | None]:
    timings = record["answer"]["timings"]
    first = timings["first_token_s"]
    return {
        "total_ms": timings["total_s"] * 1000,
        "first_token_ms": None if first is None else first * 1000,
    }


def uncited(record: Record, wanted: Sequence[str]) -> str:
    """For a right answer: UNCITED when the sentence that holds a wanted string (any sentence,
    without wanted strings) has no citation."""
    claims = shown_claims(record)
    holding = [c for c in claims if not wanted or contains_any(c["text"], wanted)] or claims
    return "" if any(c["citations"] for c in holding) else UNCITED


def verdicts(record: Record, *, correct: bool) -> dict[str, float | None]:
    """How many sentences were stated and how many shown (stated, or to be checked), and how many
    of each in an answer that isn't right, which all of its sentences answer for."""
    said = [c["verdict"] for c in record["answer"]["claims"]]
    stated, check = said.count("stated"), said.count("check this")
    return {
        "stated": float(stated),
        "to_check": float(check),
        "sentences_shown": float(stated + check),
        "false_stated": 0.0 if correct else float(stated),
        "false_shown": 0.0 if correct else float(stated + check),
    }
