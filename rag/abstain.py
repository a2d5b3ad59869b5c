"""Whether to show an answer: one calibrated decision, apart from the writing of it.

The generator is never asked to refuse (it then refuses what it knows). Instead the probability
that the library holds the answer and that this is it comes from a logistic regression over a few
signals; weights and the data they were fitted on are in `abstain.json` (`python -m
eval.fit_abstention` refits them).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from index.search import Hit
from rag.attribute import facts_of, held_by
from rag.generator import Generator, Stop
from rag.logistic import Logistic, columns, log_odds
from rag.prompt import states_prompt, titled
from rag.quantities import numbers

_FILE = Path(__file__).with_name("abstain.json")


@cache
def shipped_weights() -> Logistic:
    return Logistic(*columns(json.loads(_FILE.read_text())))


def abstains(signals: Mapping[str, float], answer_above: float) -> bool:
    """Below that probability, or where the passages don't have the year that was asked about: what
    they say of another year is no answer, however well they say it."""
    return signals["answer_probability"] < answer_above or signals["years_missing"] > 0


def retrieval_signals(context: Sequence[Hit]) -> dict[str, float]:
    """Of the passages before the model, best first: the highest cosine, its lead over the others,
    and how far the dense and the lexical search agree on the best passage (1 = both put it first).
    """
    dense = sorted((hit.dense for hit in context), reverse=True)
    best = context[0]
    ranks = [rank for rank in (best.dense_rank, best.lexical_rank) if rank is not None]
    return {
        "dense": dense[0],
        "dense_lead": dense[0] - (sum(dense[1:]) / len(dense[1:]) if len(dense) > 1 else 0.0),
        "agreement": sum(1 / rank for rank in ranks) / 2,
    }


def question_signals(query: str, context: Sequence[Hit]) -> dict[str, float]:
    """The largest share of the question's words, names and amounts (by weight) that one passage,
    with its title, holds; and how many years that it names none of them has, nor its date."""
    facts = facts_of(query)
    total = sum(fact.weight for fact in facts) or 1.0
    held = [held_by(facts, f"{hit.article.title}\n{hit.passage.text}") for hit in context]
    text = " ".join(titled(hit.article, hit.passage) for hit in context)
    known = {number.value for number in numbers(text) if number.unit == "year"}
    asked = {number.value for number in numbers(query) if number.unit == "year"}
    return {
        "question_covered": max(sum(facts[i].weight for i in found) for found in held) / total,
        "years_missing": float(len(asked - known)),
    }


def reading_signals(
    generator: Generator, query: str, context: Sequence[Hit], stop: Stop | None = None
) -> dict[str, float]:
    """The log-odds of the model's Yes, with the context before it, to whether the passages state
    an answer to the question."""
    return {"stated": log_odds(generator.yes(states_prompt(query, context), stop))}


def writing_signals(logprobs: Sequence[float]) -> dict[str, float]:
    """Of the tokens the model wrote: mean and lowest log-probability."""
    if not logprobs:
        return {}
    return {"mean_logprob": sum(logprobs) / len(logprobs), "min_logprob": min(logprobs)}
