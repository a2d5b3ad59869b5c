"""What the training data is made of: every kind with its share, in one table. Seeded.

A share is the chance that a kind is made where it can be: of a question for a tail, of a context
for a reshaped one or for added questions. What is drawn for a context depends on the seed and that
context alone, so that adding a file changes nothing about the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

from eval.fitting.adapter.examples import longer, orders, reshaping, tails
from eval.fitting.adapter.examples.contexts import Asked, Context
from eval.fitting.adapter.examples.tails import Example, Tail, claim_tail
from eval.fitting.adapter.examples.typed import typed

Reshape = Callable[[Context, Sequence[Context], Random], Context | None]
Add = Callable[[Context, Random], list[Asked]]

TAILS: dict[tails.Kind, float] = {
    tails.answered: 1.0,
    tails.stated: 0.5,
    tails.unstated: 0.6,
    tails.made_up: 0.6,
    tails.wrong_draft: 0.9,
    tails.right_draft: 0.9,
    tails.wrong_value: 0.4,
    tails.wrongly_negated: 0.07,
    tails.true_statement: 0.2,
    tails.false_statement: 0.2,
}
ADDED: dict[Add, float] = {
    longer.overview: 0.5,
    longer.joined: 0.3,
    longer.listed: 0.7,
    longer.bridged: 0.8,
    longer.truth: 0.15,
}
RESHAPED: dict[Reshape, float] = {
    reshaping.narrowed: 0.25,
    reshaping.widened: 0.12,
    reshaping.corrected: 0.3,
    reshaping.conflicting: 0.2,
    reshaping.dated: 0.8,
    orders.planted: 0.12,
}
TYPED = 0.2  # of the questions
CLAIMS = 8  # of a context, at most
MOST_TAILS = 10  # of an example; the rest is left out, so that no long context drowns the others
_STRANGERS = 4000  # contexts that other passages are drawn from


def mixed(contexts: Sequence[Context], seed: int) -> Iterator[Example]:
    """Examples of every context in order: its own, then the reshaped ones."""
    others = [context for context in contexts if context.asked][:_STRANGERS]
    for context in contexts:
        chance = Random(f"{seed}/{context.key}")  # noqa: S311 - a draw, not a secret
        versions = [("", reshaping.with_title_date(context, chance))]
        for reshape, share in RESHAPED.items():
            if context.asked and chance.random() < share:
                made = reshape(versions[0][1], others, chance)
                if made is not None:
                    versions.append((reshape.__name__, made))
        for name, version in versions:
            example = _example(name, version, chance)
            if example.tails:
                yield example


def _example(name: str, context: Context, chance: Random) -> Example:
    asked = list(context.asked)
    if not name:  # (a reshaped context has its questions)
        for add, share in ADDED.items():
            if chance.random() < share:
                asked += add(context, chance)
    claims = chance.sample(context.claims, min(CLAIMS, len(context.claims)))
    made = [claim_tail(claim) for claim in claims]
    fresh = asked[:1] if name else []  # what a context was reshaped for is never left out
    rest = asked[len(fresh) :]
    chance.shuffle(rest)
    for one in (*fresh, *rest):
        made += [
            tail
            for kind, share in TAILS.items()
            if chance.random() < share
            for tail in [kind(one, context, chance)]
            if tail is not None
        ]
        if len(made) >= MOST_TAILS:
            break
    passages = list(context.passages)
    chance.shuffle(passages)
    origin = f"{context.origin} {name}".strip()
    kept = tuple(_as_typed(tail, chance) for tail in made[:MOST_TAILS])
    return Example(origin, tuple(passages), kept)


def _as_typed(tail: Tail, chance: Random) -> Tail:
    if tail.question is None or chance.random() >= TYPED:
        return tail
    return replace(tail, question=typed(tail.question, chance))
