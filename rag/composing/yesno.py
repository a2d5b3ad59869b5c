"""A yes or no: which of the two first, then the sentence that says why.

The sentence is a fact's, checked like one; Yes or No stands before it as its label, so its verdict
is that of both. Which it is, is asked of the Judge, about the sentence itself: does it bear out the
question with Yes after it, or with No? Where neither stands out, the sentence stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from index.search import Hit
from rag.answer import Claim
from rag.asking import Asked
from rag.checking.verdict import log_odds
from rag.compose import Outcome
from rag.composing.fact import fact
from rag.composing.parts import Parts
from rag.events import ClaimChecked, Event, Passages

_SURE = 0.9  # P(borne out) of the one
_AHEAD = 2.0  # of the other, in log-odds
# The writer's own "Yes, " says little of what it goes on to say ("Yes, he did not travel").
_LED = re.compile(r"\s*(?:yes|no)\s*[,.:;–—-]\s*(?=\S)", re.IGNORECASE)


def yesno(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    events = fact(parts, asked, query)
    claims: list[Claim] = []
    hits: tuple[Hit, ...] = ()
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return replace(outcome, claims=tuple(claims))
        if isinstance(event, Passages):
            hits = event.hits
        elif isinstance(event, ClaimChecked):
            claim = unled(event.claim)
            if claim.verdict != "withheld" and not any(known.label for known in claims):
                claim = replace(claim, label=_which(parts, asked, query, claim, hits))
            claims.append(claim)
            event = ClaimChecked(claim)
        yield event


def _which(parts: Parts, asked: Asked, query: str, claim: Claim, hits: Sequence[Hit]) -> str:
    """ "Yes", "No", or "" where the Judge isn't sure."""
    cited = {citation.passage_id for citation in claim.citations}
    hit = next((hit for hit in hits if hit.passage.id in cited), None)
    if hit is None:
        return ""
    alone = replace(hit, passage=replace(hit.passage, text=claim.text, heading=""))
    said = [(f"{query} {answer}.", alone) for answer in ("Yes", "No")]
    return meant(*parts.judge.alone_each(said, asked.stop))


def meant(yes: float, no: float) -> str:
    """Which of two probabilities stands out: "Yes", "No" or ""."""
    ahead = log_odds(yes) - log_odds(no)
    if max(yes, no) < _SURE or abs(ahead) < _AHEAD:
        return ""
    return "Yes" if ahead > 0 else "No"


def unled(claim: Claim) -> Claim:
    """A claim without a "Yes," or "No," that opens its sentence."""
    led = _LED.match(claim.text)
    if led is None:
        return claim
    text, cut = claim.text[led.end() :], led.end()
    return replace(
        claim,
        text=text[0].upper() + text[1:],
        lacking=tuple((a - cut, b - cut) for a, b in claim.lacking if a >= cut),
    )
