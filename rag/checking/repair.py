"""Cut a claim to the part that holds. Pure; what is left has to be checked again.

Only what hangs on the end of a sentence, or stands between two commas in it, is cut, and only if
it says something that the source doesn't: "The bank cut rates on Friday, its third cut this year."
Nothing is reworded, so that the words that are left are the model's, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rag.checking.agreement import compare
from rag.checking.attribute import facts_of, held_by

LEAST_WORDS = 5  # of what is left
HOLDS, FAILS = 0.7, 0.5  # share of facts that what is left holds at least, what is cut at most

# What can hang on a sentence that is whole without it.
_TAIL = re.compile(
    r"(?:\s*[;–—]|,\s+(?:and|but|while|whereas|although|though|because|since|as|after|before|when|"
    r"where|which|who|whose|with|including|up|down|compared|following|despite|\w+ing|\w+ed|"
    r"an?|the|its|his|her|their)\b|\s+(?:because|while|whereas|although|after|before|compared|"
    r"despite|according|including|and|but)\b)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r",\s[^,;]{3,120},(?=\s)")
# "In May the bank, …": what opens like this is not a sentence before its comma.
_OPENING = re.compile(
    r"(?:in|on|at|after|before|while|when|as|according|with|by|for|since|during|if|although|"
    r"though|despite|because|following|under|from|to)\b[^,]*$",
    re.IGNORECASE,
)


def shortened(
    claim: str, source: str, published: date | None = None, about: str = ""
) -> str | None:
    """The longest part of the claim that the source holds by its words, or None.

    `source` is the text of the passages, `about` their titles.
    """
    best: str | None = None
    for kept, cut in _cuts(claim.strip()):
        if len(kept.split()) < LEAST_WORDS or _OPENING.match(kept):
            continue
        doubtful = compare(cut, source, published, about).missing or _share(cut, source) <= FAILS
        if not doubtful or compare(kept, source, published, about).missing:
            continue
        if _share(kept, source) >= HOLDS and (best is None or len(kept) > len(best)):
            best = kept
    return None if best is None else best.rstrip(" ,;–—") + "."


def _cuts(claim: str) -> Iterator[tuple[str, str]]:
    """Pairs of what is left and what is cut."""
    bare = claim.rstrip(".!?")
    for match in _TAIL.finditer(bare):
        yield bare[: match.start()], bare[match.start() :]
    for match in _ASIDE.finditer(bare):
        yield bare[: match.start()] + bare[match.end() :], match[0]


def _share(text: str, source: str) -> float:
    facts = facts_of(text)
    total = sum(fact.weight for fact in facts)
    return sum(facts[i].weight for i in held_by(facts, source)) / total if total else 1.0
