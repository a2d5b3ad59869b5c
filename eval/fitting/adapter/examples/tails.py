"""What is put after the passages and what is to be said then: a tail for each kind of lesson.

A kind is a function from a question and its context to a Tail, or None where it has nothing to
teach about that question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from eval.fitting.adapter.examples.contexts import Asked, Claim, Context
from eval.fitting.adapter.examples.values import near, negated, other_value


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the reply, whether it's borne out, and whether its words are to be learnt."""

    text: str
    true: bool
    learn: bool = False


@dataclass(frozen=True, slots=True)
class Tail:
    """A question (or a statement, perhaps with one) and the reply: a verdict on it, then sentences.

    Sentences may follow a verdict of No: what a model writes when it is made to. `stated` None:
    the first verdict isn't learnt. `ends`: after the last sentence nothing more is to come.
    """

    kind: str
    question: str | None
    statement: str | None = None
    stated: bool | None = None
    sentences: tuple[Sentence, ...] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """Passages, and tails that each see all of them and nothing of one another."""

    origin: str
    passages: tuple[str, ...]
    tails: tuple[Tail, ...]


Kind = Callable[[Asked, Context, Random], Tail | None]


def answered(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """Stated; the sentence, or several; each borne out; nothing more."""
    if not asked.stated or not asked.sentences:
        return None
    learnt = tuple(Sentence(text, True, learn=True) for text in asked.sentences)
    kind = "answered" if len(learnt) == 1 else "answered in several"
    return Tail(kind, asked.question, stated=True, sentences=learnt, ends=True)


def stated(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """Stated, in words that nobody has put into a sentence."""
    if not asked.stated or asked.sentences:
        return None
    return Tail("stated", asked.question, stated=True)


def unstated(asked: Asked, context: Context, chance: Random) -> Tail | None:
    return Tail("not stated", asked.question, stated=False) if asked.stated is False else None


def made_up(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """Not stated, and what a model writes all the same isn't borne out."""
    if asked.stated is not False or not asked.drafts:
        return None
    draft = chance.choice(asked.drafts)
    said = (Sentence(draft.text, False),)
    return Tail("made up", asked.question, stated=False, sentences=said)


def wrong_draft(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """A wrong answer of a model's own: the likeliest kind of wrong there is."""
    wrong = [
        draft.text
        for draft in asked.drafts
        if not draft.right and (asked.yes_or_no or not near(draft.text, asked.answers))
    ]
    if asked.stated is False or not wrong:
        return None
    said = (Sentence(chance.choice(wrong), False),)
    return Tail("wrong draft", asked.question, stated=asked.stated, sentences=said)


def right_draft(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """A right answer of the adapter's own: its check is learnt, not its words."""
    right = [draft.text for draft in asked.drafts if draft.right and draft.own]
    if not asked.stated or not right:
        return None
    said = (Sentence(chance.choice(right), True),)
    return Tail("right draft", asked.question, stated=True, sentences=said)


def wrong_value(asked: Asked, context: Context, chance: Random) -> Tail | None:
    """The right sentences, the last of them with another value of the passages in its answer."""
    other = _with_other_value(asked, context, chance)
    if other is None:
        return None
    before = tuple(Sentence(text, True) for text in asked.sentences[:-1])
    said = (*before, Sentence(other, False))
    return Tail("wrong value", asked.question, stated=True, sentences=said)


def wrongly_negated(asked: Asked, context: Context, chance: Random) -> Tail | None:
    other = negated(asked.sentences[0]) if asked.stated and len(asked.sentences) == 1 else None
    if other is None:
        return None
    said = (Sentence(other, False),)
    return Tail("negated", asked.question, stated=True, sentences=said)


def true_statement(asked: Asked, context: Context, chance: Random) -> Tail | None:
    if not asked.stated or not asked.sentences:
        return None
    return _statement("true statement", chance.choice(asked.sentences), asked, True, chance)


def false_statement(asked: Asked, context: Context, chance: Random) -> Tail | None:
    other = _with_other_value(asked, context, chance)
    return None if other is None else _statement("false statement", other, asked, False, chance)


def claim_tail(claim: Claim) -> Tail:
    kind = "true claim" if claim.true else "false claim"
    return Tail(kind, None, statement=claim.text, stated=claim.true)


def _statement(kind: str, text: str, asked: Asked, true: bool, chance: Random) -> Tail:
    question = asked.question if chance.random() < 0.5 else None
    return Tail(kind, question, statement=text, stated=true)


def _with_other_value(asked: Asked, context: Context, chance: Random) -> str | None:
    if not asked.stated or not asked.sentences:
        return None
    others = [a for other in context.asked if other is not asked for a in other.answers]
    text = " ".join(context.passages)
    return other_value(asked.sentences[-1], asked.answers, others, text, chance)
