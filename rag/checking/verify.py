"""Is a claim borne out by the words it cites? One calibrated score from a few plain signals.

From the generator, with the cited passages before it, in one reading: how likely it finds the
claim's words (BARTScore's idea, Yuan et al. 2021), and its own Yes or No. From the words: how much
of the claim is copied in runs (the fragments of Grusky et al. 2018), which pairs of neighbouring
words, which numbers, dates and names the span holds. From the encoder: how near the span is. A
logistic regression adds them up; its weights, thresholds and what they were fitted on are in
`verifier.json` for a claim by itself (`python -m eval.fitting.verifier` refits it) and in
`verifier_asked.json` for one that answers a question (`python -m eval.fitting.answers`).

What can't be checked is unsupported: no span, a signal that is missing, an error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from index.article import Article
from index.encoding.encoder import Encoder
from index.search import Hit
from index.splitting.passages import split
from rag.answer import Verdict
from rag.checking.agreement import compare
from rag.checking.attribute import Remembering, Span, attribute, facts_of, held_by, nearest
from rag.checking.facts.quantities import numbers
from rag.checking.facts.words import stems
from rag.checking.logistic import Logistic, columns, log_odds
from rag.generating.generator import Generator, Judgement, Stop, Stopped
from rag.generating.prompt import claim_prompt

_ALONE = Path(__file__).with_name("verifier.json")
_ASKED = Path(__file__).with_name("verifier_asked.json")
_CONTEXT = 2  # passages of a whole article that a claim is checked against, as in an answer


@dataclass(frozen=True, slots=True)
class Check:
    """`score` in 0..1 is the calibrated probability of support; `signals` are what it rests on."""

    score: float
    verdict: Verdict
    signals: dict[str, float]


UNCHECKED = Check(0.0, "unsupported", {})


class Verifier:
    """Checks claims against what they cite. Thread-safe as its generator and encoder are."""

    def __init__(
        self, generator: Generator, encoder: Encoder, weights: Weights | None = None
    ) -> None:
        self._generator = generator
        self.encoder = Remembering(encoder)
        self._weights = weights

    def _weights_for(self, question: str | None) -> Weights:
        return self._weights or shipped_weights(asked=bool(question))

    def check(
        self,
        claim: str,
        spans: Sequence[Span],
        question: str | None = None,
        stop: Stop | None = None,
        *,
        context: Sequence[Hit] = (),
    ) -> Check:
        """The verdict on a claim that rests on `spans`.

        `context` are the passages that were before the model when it wrote the claim (they must
        be given in the same order: then they needn't be read again); without them, the spans'
        passages. `question` is the one that the claim answers. Raises Stopped, and nothing else.
        """
        if not spans or not claim.strip():
            return UNCHECKED
        try:
            context = context or hits_of(spans)
            judged = judge(self._generator, claim, spans, context, question, stop)
            found = signals(claim, spans, context, judged, self.encoder)
            weights = self._weights_for(question)
            score = weights.probability(found)
        except Stopped:
            raise
        except Exception:  # whatever it is, this claim has not been checked
            return UNCHECKED
        return Check(score, weights.verdict(score, found), found)

    def score(self, claim: str, passage: str, question: str | None = None) -> float:
        """The score of a claim against a text of any length, taken as an article."""
        return self.check_text(claim, passage, question).score

    def check_text(self, claim: str, text: str, question: str | None = None) -> Check:
        """Check a claim against a text of any length: its nearest passages, then as ever."""
        context = self.passages(claim, text)
        spans = attribute(claim, context, self.encoder)
        return self.check(claim, spans, question, context=context)

    def passages(self, claim: str, text: str) -> tuple[Hit, ...]:
        """The text's passages that are nearest to the claim, best first."""
        article = Article("text", "", text)
        passages = split(article.id, text, self._generator.count, fits=self.encoder.fits)
        return nearest(claim, article, passages, self.encoder, _CONTEXT)


def hits_of(spans: Sequence[Span]) -> tuple[Hit, ...]:
    return tuple({span.hit.passage.id: span.hit for span in spans}.values())


# --- what the model says ------------------------------------------------------------------------


def judge(
    generator: Generator,
    claim: str,
    spans: Sequence[Span],
    context: Sequence[Hit],
    question: str | None = None,
    stop: Stop | None = None,
) -> Judgement:
    """Asked with only the passages that the claim cites before the model, and the question."""
    cited = [hit for hit in context if hit in hits_of(spans)] or list(hits_of(spans))
    return generator.judge(claim_prompt(claim, cited, question), claim, stop)


# --- signals ------------------------------------------------------------------------------------


def signals(
    claim: str, spans: Sequence[Span], context: Sequence[Hit], judged: Judgement, encoder: Encoder
) -> dict[str, float]:
    """Every signal by its name; `verifier.json` says which are used."""
    quoted = " ".join(span.quote for span in spans)
    around = " ".join(hit.passage.text for hit in context)
    facts = facts_of(claim)
    total = sum(fact.weight for fact in facts) or 1.0
    vectors = encoder.encode([claim, quoted, *(span.quote for span in spans)])
    article = spans[0].hit.article
    agreement = compare(
        claim,
        f"{quoted} {around}",
        article.published,
        " ".join(hit.article.title for hit in context),
        quoted,
    )
    ordered = sorted(judged.logprobs)
    mine, theirs, all_theirs = stems(claim), stems(quoted), stems(around)
    runs = fragments(mine, all_theirs)
    return {
        "likelihood": _mean(ordered),
        "least_likely": _mean(ordered[: max(1, len(ordered) // 5)]),
        "yes": log_odds(judged.yes),
        "copied": math.log1p(_mean(runs)),
        "pairs": _pairs(mine, theirs),
        "pairs_around": _pairs(mine, all_theirs),
        "cosine": float((vectors[1:] @ vectors[0]).max()),
        "facts": sum(facts[i].weight for i in held_by(facts, quoted)) / total,
        "alone": max(sum(facts[i].weight for i in held_by(facts, s.quote)) for s in spans) / total,
        "facts_around": sum(facts[i].weight for i in held_by(facts, around)) / total,
        "missing_amounts": float(len(agreement.missing_numbers) + len(agreement.missing_dates) > 0),
        "missing_figures": float(any(map(_figure, agreement.missing_numbers))),
        "missing_names": float(len(agreement.missing_names) > 0),
        "negation_differs": float(compare(claim, quoted).negation_differs),
        "spans": float(len(spans)),
        "length": math.log1p(len(mine)),
    }


def _figure(written: str) -> bool:
    """Whether an amount is more than an ordinal: "the first" is often what the question takes for
    granted."""
    return any(number.unit != "ordinal" for number in numbers(written))


def fragments(claim: Sequence[str], source: Sequence[str]) -> list[int]:
    """Lengths of the runs of words that the claim copies, longest match first come first served.

    The greedy extractive fragments of Grusky et al. 2018 (Newsroom), section 4.
    """
    places: dict[str, list[int]] = {}
    for at, word in enumerate(source):
        places.setdefault(word, []).append(at)
    found, i = [], 0
    while i < len(claim):
        longest = 0
        for at in places.get(claim[i], ()):
            n = 1
            while i + n < len(claim) and at + n < len(source) and claim[i + n] == source[at + n]:
                n += 1
            longest = max(longest, n)
        if longest:
            found.append(longest)
        i += max(1, longest)
    return found


def _pairs(claim: Sequence[str], source: Sequence[str]) -> float:
    """The share of the claim's neighbouring words that are neighbours in the source."""
    mine = list(pairwise(claim))
    theirs = set(pairwise(source))
    return sum(pair in theirs for pair in mine) / len(mine) if mine else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


# --- weights ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights(Logistic):
    """From `supported_from` on a score is supported, from `partly_from` on partly supported."""

    supported_from: float
    partly_from: float

    def verdict(self, score: float, found: Mapping[str, float]) -> Verdict:
        """A claim with a figure that no passage before the model holds is unsupported, whatever
        its score; one with another amount, a date or a name that none holds is never more than
        partly supported."""
        if not score >= self.partly_from or found.get("missing_figures", 1.0):
            return "unsupported"
        doubtful = found.get("missing_amounts", 1.0) or found.get("missing_names", 1.0)
        return "partly supported" if doubtful or score < self.supported_from else "supported"


@cache
def shipped_weights(asked: bool = False) -> Weights:
    """Those for a claim that answers a question (`asked`), or for one by itself."""
    data = json.loads((_ASKED if asked else _ALONE).read_text())
    thresholds = data["thresholds"]
    return Weights(*columns(data), thresholds["supported_from"], thresholds["partly_from"])
