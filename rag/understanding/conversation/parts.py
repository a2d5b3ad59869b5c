"""A question that asks two things is two questions: each has its own passages, its own sentences
and its own decision to answer. Pure.

One search for both finds passages for neither or for one, and a small model that is asked two
things at once answers one of them and carries the other along.
"""

from __future__ import annotations

import re

MOST = 3
LEAST_WORDS = 3  # "and why?" leans on what is before it too much to be asked alone

_ASKS = (
    r"(?:(?:in|on|at|by|for|from|to|of|with|about|under)\s+)?"
    r"(?:who|whom|whose|what|when|where|which|why|how)\b"
)
# "how it ended", "what the minister said": part of a sentence, not a question.
_TOLD = (
    r"(?:what|when|where|why|how)\s+(?:it|he|she|they|we|you|i|the|an?|this|that|these|those|his|her"
    r"|its|their)\b"
)
_BETWEEN = re.compile(
    # (from where spaces begin: from each of them, n spaces would take n² steps)
    rf"(?<!\s)(?:(?:\s*[,;])?\s+and\s+(?={_ASKS})(?!{_TOLD})|\s*;\s*(?={_ASKS}))|\?\s+(?=\w)",
    re.IGNORECASE,
)
_OPENS = re.compile(rf"\W*(?:and\s+)?{_ASKS}", re.IGNORECASE)
# "the difference between what one said and what the other said" is one thing, and so is whatever
# else a question tells in clauses of its own ("who knows what was said and how it ended").
_TELLS = re.compile(
    rf"\W*{_ASKS}.*\b(?:who|what|when|where|which|why|how)\b", re.IGNORECASE | re.DOTALL
)


def parts(question: str) -> tuple[str, ...]:
    """The questions that a question asks, in order: itself where it asks one thing.

    "When was the tram opened, and who paid for it?" → "When was the tram opened?", "Who paid for
    it?": the later ones may lean on those before them, as a follow-up does.
    """
    found = [part.strip(" ?,;") for part in _BETWEEN.split(question)]
    whole = 1 < len(found) <= MOST and all(len(part.split()) >= LEAST_WORDS for part in found)
    if not whole or not _OPENS.match(question) or _TELLS.match(found[0]):
        return (question,)
    return tuple(f"{part[0].upper()}{part[1:]}?" for part in found)
