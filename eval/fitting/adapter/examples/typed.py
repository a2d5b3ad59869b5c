"""Questions as people type them: small letters, no mark, slips of the finger, a few keywords."""

from __future__ import annotations

import re
from random import Random

_SMALL = frozenset(
    re.findall(
        r"\w+",
        "a an the of in on at to for by with from is are was were be been do does did has have had "
        "what which who whom whose when where why how it its that this there and or as",
    )
)
_OPENINGS = ("hi, {}", "hey {}", "please tell me {}", "pls {}", "i want to know {}", "so {}")


def typed(question: str, chance: Random) -> str:
    """One of those ways, never an empty question."""
    bare = question.strip().rstrip("?!. ")
    way = chance.randrange(6)
    if way == 0:
        return bare.lower()
    if way == 1:
        return bare
    if way == 2:
        return slipped(bare.lower(), chance)
    if way == 3:
        return keywords(bare)
    if way == 4:
        return chance.choice(_OPENINGS).format(bare.lower())
    return f"{slipped(bare, chance)}?"


def keywords(question: str) -> str:
    """The question without its small words, as one types it into a search box."""
    kept = [word for word in question.split() if word.lower().strip(",'") not in _SMALL]
    return " ".join(kept) if len(kept) >= 2 else question


def slipped(question: str, chance: Random) -> str:
    """One letter within a longer word is dropped, doubled, or changes places with the next. Numbers
    and names stay: a slip there would ask about something else."""
    spots = [m for m in re.finditer(r"(?<!\w)[a-z]{5,}(?!\w)", question)]
    if not spots:
        return question
    word = chance.choice(spots)
    at = word.start() + chance.randrange(1, len(word[0]) - 1)
    letter, following = question[at], question[at + 1]
    put = chance.choice(("", letter * 2, following + letter))
    end = at + 2 if put == following + letter else at + 1
    return question[:at] + put + question[end:]
