"""Whether to show an answer: one calibrated decision, apart from the writing of it.

The generator is never asked to refuse (it then refuses what it knows). Instead the probability
that the library holds the answer and that this is it comes from a logistic regression over a few
signals; weights and the data they were fitted on are in `abstain.json` (`python -m
eval.fitting.abstention` refits them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from index.search import Hit
from rag.checking.attribute import facts_of, held_by
from rag.checking.facts.quantities import Number, numbers
from rag.checking.facts.words import content
from rag.checking.logistic import Logistic, columns, log_odds
from rag.generating.generator import Generator, Stop
from rag.generating.prompt import states_prompt, titled

_FILE = Path(__file__).with_name("abstain.json")
_NAME_NEXT = re.compile(r"\s+(?:[a-z]+-)?[A-Z]")
_ANSWERED_BY_ITS_WORDS = re.compile(
    r"^\W*(?:(?:and|but|so)\s+)?(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|"
    r"should|may|might|must)\b|\bor\b|\b(?:whether|true|agree)\b",
    re.IGNORECASE,
)


@cache
def shipped_weights() -> Logistic:
    return Logistic(*columns(json.loads(_FILE.read_text())))


def abstains(signals: Mapping[str, float], answer_above: float) -> bool:
    """Below that probability, or whatever it is: where the passages don't have the year that was
    asked about, or the ordinal of a name ("the first Harbin Expo"), what they say of another is no
    answer, however well they say it; and a sentence that only says the question again is none."""
    return (
        signals["answer_probability"] < answer_above
        or signals["years_missing"] > 0
        or signals["ordinals_missing"] > 0
        or signals["adds"] == 0
    )


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
    with its title, holds; how many years that it names none of them has, nor its date; and how many
    ordinals before a name."""
    facts = facts_of(query)
    total = sum(fact.weight for fact in facts) or 1.0
    held = [held_by(facts, f"{hit.article.title}\n{hit.passage.text}") for hit in context]
    text = " ".join(titled(hit.article, hit.passage) for hit in context)
    known, asked = numbers(text), numbers(query)
    return {
        "question_covered": max(sum(facts[i].weight for i in found) for found in held) / total,
        "years_missing": float(len(_years(asked) - _years(known))),
        "ordinals_missing": float(len(_ordinals(asked, query) - _ordinals(known))),
    }


def _years(found: Iterable[Number]) -> set[float]:
    return {number.value for number in found if number.unit == "year"}


def _ordinals(found: Iterable[Number], named_in: str | None = None) -> set[float]:
    """With a text, only those that a name follows in it: "first" alone says when as often."""
    return {
        number.value
        for number in found
        if number.unit == "ordinal" and (named_in is None or _NAME_NEXT.match(named_in, number.end))
    }


def reading_signals(
    generator: Generator, query: str, context: Sequence[Hit], stop: Stop | None = None
) -> dict[str, float]:
    """The log-odds of the model's Yes, with the context before it, to whether the passages state
    an answer to the question."""
    return {"stated": log_odds(generator.yes(states_prompt(query, context), stop))}


def writing_signals(logprobs: Sequence[float], query: str, text: str) -> dict[str, float]:
    """Of the tokens the model wrote: mean and lowest log-probability; and how many words that carry
    meaning they add to the question's, 1 where a word of the question may be the answer (it asks
    for a yes or a no, or for one of two)."""
    if not logprobs:
        return {}
    new = set(content(text)) - set(content(query))
    return {
        "mean_logprob": sum(logprobs) / len(logprobs),
        "min_logprob": min(logprobs),
        "adds": float(len(new) or bool(_ANSWERED_BY_ITS_WORDS.search(query))),
    }
