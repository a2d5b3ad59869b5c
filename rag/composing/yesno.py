"""A yes or no: which of the two first, then the sentence that says why.

The sentence is a fact's, checked like one; Yes or No stands before it as its label, so its verdict
is that of both. Which it is, is asked of the model as it is, of question and sentence alone: where
it says neither, the sentence stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace

from rag.answer import Claim
from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.fact import fact
from rag.composing.parts import Parts
from rag.events import ClaimChecked, Event
from rag.generating.generator import Prompt

_SYSTEM = "You read carefully."
_EXAMPLES = """\
Does the sentence answer the question with yes or with no? Reply Yes, No or Neither.

Question: Did Ann travel to Rome?
Sentence: Ann stayed at home while her brother flew to Rome.
Reply: No

Question: Is the bridge open?
Sentence: The first cars crossed the bridge on Monday.
Reply: Yes

Question: Did the firm pay bribes?
Sentence: The firm was founded in 1950.
Reply: Neither

"""
_TOKENS = 3
# The writer's own "Yes, " says little of what it goes on to say ("Yes, he did not travel").
_LED = re.compile(r"\s*(?:yes|no)\s*[,.:;–—-]\s*(?=\S)", re.IGNORECASE)


def yesno(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    events = fact(parts, asked, query)
    claims: list[Claim] = []
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return replace(outcome, claims=tuple(claims))
        if isinstance(event, ClaimChecked):
            claim = unled(event.claim)
            if claim.verdict != "withheld" and not any(known.label for known in claims):
                claim = replace(claim, label=_which(parts, asked, query, claim.text))
            claims.append(claim)
            event = ClaimChecked(claim)
        yield event


def _which(parts: Parts, asked: Asked, query: str, sentence: str) -> str:
    """ "Yes", "No", or "" where it is neither."""
    ask = f"Question: {query}\nSentence: {sentence}\nReply:"
    said = parts.writer.reply(Prompt(_SYSTEM, (_EXAMPLES,), ask), _TOKENS, asked.stop)
    return meant(said)


def meant(said: str) -> str:
    """What a reply comes to: "Yes", "No" or ""."""
    words = re.findall(r"\w+", said)
    return words[0].capitalize() if words and words[0].lower() in ("yes", "no") else ""


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
