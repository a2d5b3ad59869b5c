"""A comparison: what each side says in its own sentence, then what their amounts differ by.

The two sides are two questions of fact: the question without the other side. What is derived is
derived by arithmetic (`rag.composing.taking.difference`). Where a side has nothing, that is said,
and the question is asked as it stands too: an article may compare the two itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.words import FUNCTION_WORDS
from rag.answer import Claim, Timings, Tokens
from rag.asking import Asked
from rag.checking.facts.words import content
from rag.compose import Outcome
from rag.composing.fact import fact
from rag.composing.parts import Parts
from rag.composing.taking.difference import difference
from rag.composing.taking.items import names
from rag.events import ClaimChecked, Event, Token
from rag.understanding.filters.outlets import mentioned

_APART = 5  # words between the two sides at most
_YEAR = re.compile(r"(?<![\w.,])[12]\d{3}(?![\w,]|\.\d)")


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared, by its name, and the question with the other side left out of it; an
    outlet's by the library's `sources` of that name."""

    label: str
    question: str
    sources: frozenset[str] = frozenset()


def sides(query: str, sources: Collection[str]) -> tuple[Side, Side] | None:
    """The two sides that a question names: two outlets, else two years, else two names, those
    with the fewest words between them; None where there's no one such pair.

    What one side is asked is the question without the other, so nothing is asked that the question
    doesn't ask.
    """
    outlets = [(o.start, o.end) for o in mentioned(query, sources)]
    years = [match.span() for match in _YEAR.finditer(query)]
    for spans in (outlets, years, _names(query)):
        apart = {pair: n for pair in pairwise(spans) if (n := _words_between(query, *pair))}
        nearest = [pair for pair, n in apart.items() if n == min(apart.values())]
        if len(nearest) == 1:
            (a, b), (c, d) = nearest[0]
            asked = query[:b] + query[d:], query[:a] + query[c:]
            of = {(o.start, o.end): o.sources for o in mentioned(query, sources)}
            subject = _subject(query[d:]) if spans is outlets else ""
            if subject:
                asked = subject, subject
            else:
                asked = _unframed(asked[0], query[a:b]), _unframed(asked[1], query[c:d])
            named = set(content(query[a:b])) | set(content(query[c:d]))
            if not all(set(content(question)) - named for question in asked):
                return None  # "does Ann agree with Bo?": nothing is left to ask of one of them
            return (
                Side(query[a:b], asked[0], of.get((a, b), frozenset())),
                Side(query[c:d], asked[1], of.get((c, d), frozenset())),
            )
    return None


def _subject(after: str) -> str:
    """What two outlets are compared on, each asked by itself: "how much trade grew?" of "… differ
    on how much trade grew?"; "" where what follows them isn't such."""
    said = list(re.finditer(r"[\w’'-]+", re.sub(r"^[’']s\b", "  ", after)))
    place = next((n for n, m in enumerate(said[:2]) if m[0].lower() in FUNCTION_WORDS), None)
    return after[said[place].end() :].strip() if place is not None and said[place + 1 :] else ""


def _unframed(question: str, label: str) -> str:
    """A side's question without what only compares before a comma: "trade in 2021?" of "Which was
    bigger, trade in 2021?"; as it is where that would leave the side's name alone."""
    rest = question[question.rfind(",", 0, question.find(label)) + 1 :].strip()
    return rest if set(content(rest)) - set(content(label)) else question


def _names(query: str) -> list[tuple[int, int]]:
    """Names, without what opens the question before one ("Compare Moscow and Beijing")."""
    spans = names(query, "")
    if spans and spans[0][0] == 0 and " " in query[: spans[0][1]]:
        spans[0] = query.index(" ") + 1, spans[0][1]
    return spans


def _words_between(query: str, first: tuple[int, int], second: tuple[int, int]) -> int:
    """How many; 0 where that's none, too many, or the end of a sentence."""
    between = query[first[1] : second[0]]
    n = len(re.findall(r"[\w’']+", between))
    return n if n <= _APART and not re.search(r"[.?!;]", between) else 0


def comparison(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    both = sides(query, parts.library.sources())
    found: list[tuple[str, Outcome]] = []
    for side in both or ():
        outcome = yield from _one(parts, asked, side)
        found.append((side.label, outcome))
    if len({_said(outcome) for _, outcome in found}) == 1 and not found[0][1].abstained:
        # one sentence for both: the two names are no two sides
        return _joined(query, [("", _unlabelled(found[0][1]))], ())
    silent = [label for label, outcome in found if outcome.abstained]
    if both is None or silent:
        found.append(("", (yield from fact(parts, asked, query))))
    return _joined(query, found, silent)


def _one(parts: Parts, asked: Asked, side: Side) -> Generator[Event, None, Outcome]:
    """What one side says. An outlet's side is looked for in that outlet only."""
    filter = asked.filter
    if side.sources and not filter.sources:
        filter = replace(filter, sources=side.sources)
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


def _said(outcome: Outcome) -> tuple[str, ...]:
    return tuple(claim.text.casefold() for claim in outcome.claims if claim.shown)


def _unlabelled(outcome: Outcome) -> Outcome:
    return replace(outcome, claims=tuple(replace(claim, label="") for claim in outcome.claims))


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
        # (the same passages, mostly)
        coverage=max((o.coverage for o in outcomes), key=lambda c: (c.read, c.of)),
    )


def _once(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Each sentence once: a whole answer may say again what a side said."""
    found: dict[str, Claim] = {}
    for claim in claims:
        found.setdefault(claim.text.casefold() + claim.label * (not claim.shown), claim)
    return tuple(found.values())


def note(claims: Sequence[Claim], silent: Sequence[str]) -> str:
    """What differs, derived from two sides that are stated; or which side has nothing."""
    if len(silent) == 1:
        return f"I found nothing on “{silent[0]}” in the passages that I read."
    stated = [c for c in claims if c.label and c.shown and c.verdict == "stated" and not c.lacking]
    if len(stated) != 2 or stated[0].label == stated[1].label:
        return ""
    return difference(stated[0].text, stated[1].text)
