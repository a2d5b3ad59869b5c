"""Whether to show an answer: one calibrated decision, apart from the writing of it.

The generator is never asked to refuse (it then refuses what it knows). Instead the probability
that the library holds the answer and that this is it comes from a logistic regression over a few
signals; weights and the data they were fitted on are in `abstain.json` (`python -m
eval.fit_abstention` refits them).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from index.search import Hit
from rag.attribute import facts_of, held_by
from rag.generator import Generator, Stop
from rag.logistic import Logistic, columns, log_odds
from rag.prompt import states_prompt

_FILE = Path(__file__).with_name("abstain.json")


@cache
def shipped_weights() -> Logistic:
    return Logistic(*columns(json.loads(_FILE.read_text())))


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
    with its title, holds."""
    facts = facts_of(query)
    total = sum(fact.weight for fact in facts) or 1.0
    held = [held_by(facts, f"{hit.article.title}\n{hit.passage.text}") for hit in context]
    return {"question_covered": max(sum(facts[i].weight for i in found) for found in held) / total}


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
