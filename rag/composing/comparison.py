"""A comparison: what each side says in its own sentence, then what their amounts differ by.

The two sides are two questions of fact, worded by the model as it is; what is derived is derived by
arithmetic (`rag.composing.difference`). Where a side has nothing, that is said, and the question is
asked as it stands too: an article may compare the two itself.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from rag.answer import Claim, Coverage, Timings, Tokens
from rag.asking import Asked
from rag.checking.facts.words import content
from rag.compose import Outcome
from rag.composing.difference import difference
from rag.composing.fact import fact
from rag.composing.parts import Parts
from rag.events import ClaimChecked, Event, Token
from rag.generating.generator import Prompt
from rag.understanding.outlets import attributed

_SYSTEM = "You take questions apart."
_EXAMPLES = """\
The two things that a question compares, each in the question's own words.

Question: Compare the Times and the Mail on the price of the bridge.
Two: the Times | the Mail

Question: was the harvest bigger in 1990 or in 1995
Two: 1990 | 1995

Question: What's the difference between what Ann said and what Bo said about the strike?
Two: what Ann said | what Bo said

Question: Does the mayor agree with the bishop on the new road?
Two: the mayor | the bishop

"""
_TOKENS = 24  # of two names


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared, by its name, and the question with the other side left out of it."""

    label: str
    question: str


def sides(query: str, written: str) -> tuple[Side, Side] | None:
    """The two sides that the model named, if they stand in the question, one after the other: then
    nothing is asked that the question doesn't ask."""
    line = written.strip().split("\n")[0]
    named = [part.strip(" .,;:?\"'") for part in line.split("|")]
    if len(named) != 2 or not all(named):
        return None
    spans = []
    for name in named:
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", query, re.IGNORECASE)
        if found is None or not content(name):
            return None
        spans.append(found.span())
    first, second = sorted(spans)
    if first[1] > second[0]:
        return None
    asked = (
        query[: first[1]] + query[second[1] :],
        query[: first[0]] + query[second[0] :],
    )
    one, other = (
        Side(query[start:end], question)
        for (start, end), question in zip((first, second), asked, strict=True)
    )
    return one, other


def comparison(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    prompt = Prompt(_SYSTEM, (_EXAMPLES,), f"Question: {query}\nTwo:")
    both = sides(query, parts.writer.reply(prompt, _TOKENS, asked.stop))
    found: list[tuple[str, Outcome]] = []
    for side in both or ():
        outcome = yield from _one(parts, asked, side)
        found.append((side.label, outcome))
    silent = [label for label, outcome in found if outcome.abstained]
    if both is None or silent:
        found.append(("", (yield from fact(parts, asked, query))))
    return _joined(query, found, silent)


def _one(parts: Parts, asked: Asked, side: Side) -> Generator[Event, None, Outcome]:
    """What one side says. An outlet's side is looked for in that outlet only."""
    name = re.sub(r"^the\s+|[’']s$", "", side.label, flags=re.IGNORECASE)
    outlet = attributed(f"according to the {name}", parts.library.sources())
    filter = asked.filter
    if outlet and not filter.sources:
        filter = replace(filter, sources=outlet[0].sources)
    outcome = yield from _labelled(
        fact(parts, replace(asked, question=side.question, filter=filter), side.question),
        side.label,
    )
    return replace(
        outcome,
        claims=tuple(replace(claim, label=side.label) for claim in outcome.claims),
        filter=asked.filter,
    )


def _labelled(
    events: Generator[Event, None, Outcome], label: str
) -> Generator[Event, None, Outcome]:
    """The same events; each sentence under its side's name, and its draft not shown before."""
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome
        if isinstance(event, ClaimChecked):
            yield ClaimChecked(replace(event.claim, label=label))
        elif not isinstance(event, Token):
            yield event


def _joined(query: str, found: Sequence[tuple[str, Outcome]], silent: Sequence[str]) -> Outcome:
    outcomes = [outcome for _, outcome in found]
    abstained = all(outcome.abstained for outcome in outcomes)
    claims = _once(
        [
            claim if abstained or not outcome.abstained else replace(claim, shown=False)
            for outcome in outcomes
            for claim in outcome.claims
        ]
    )
    first = outcomes[0]
    return replace(
        first,
        query=query,
        raw_text=" ".join(o.raw_text for o in outcomes if o.raw_text),
        abstained=abstained,
        claims=claims,
        conflicts=tuple(conflict for o in outcomes for conflict in o.conflicts),
        hits=tuple({h.passage.id: h for o in outcomes for h in o.hits}.values()),
        context_ids=tuple(dict.fromkeys(id for o in outcomes for id in o.context_ids)),
        timings=Timings(
            search_s=sum(o.timings.search_s for o in outcomes),
            first_token_s=next(
                (t for o in outcomes if (t := o.timings.first_token_s) is not None), None
            ),
            checks_s=sum(o.timings.checks_s for o in outcomes),
        ),
        tokens=Tokens(
            sum(o.tokens.prompt for o in outcomes),
            sum(o.tokens.reused for o in outcomes),
            sum(o.tokens.generated for o in outcomes),
        ),
        signals=min(
            (o.signals for o in outcomes if abstained or not o.abstained),
            key=lambda signals: signals.get("probability", 0.0),
        ),
        note="" if abstained else note(claims, silent),
        coverage=Coverage(
            sum(o.coverage.read for o in outcomes), sum(o.coverage.of for o in outcomes)
        ),
    )


def _once(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Each sentence once: a whole answer may say again what a side said."""
    found: dict[str, Claim] = {}
    for claim in claims:
        found.setdefault(claim.text.casefold() + claim.label * (not claim.shown), claim)
    return tuple(found.values())


def note(claims: Sequence[Claim], silent: Sequence[str]) -> str:
    """What differs, derived from two sides that are stated; or which side has nothing."""
    if silent:
        names = " and ".join(f"“{label}”" for label in silent)
        return f"I found nothing on {names} in the passages that I read."
    stated = [c for c in claims if c.label and c.shown and c.verdict == "stated" and not c.lacking]
    if len(stated) != 2 or stated[0].label == stated[1].label:
        return ""
    return difference(stated[0].text, stated[1].text)
