"""Words that point back at what was said before: a pronoun that nothing in the question stands for,
"that", "there", "and…". Pure; one feature of many to what leans (`guessing`)."""

from __future__ import annotations

import re

from index.words import DAYS, MONTHS

OPENS = re.compile(r"(and|but|or|so|then|what about|how about)\b", re.IGNORECASE)
_ONLY_ASKS = re.compile(r"(why|when|where|who|how|how much|how many|how so)\W*", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:he|she|they|him|her|hers|his|them|their|theirs|it|its)\b(?!\s+true\b)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    # "this week" is a time, "the ship that sank" and "said that" are no pointers
    r"\b(?:this|these|those)\b(?!\s+(?:week|weekend|month|year|morning|afternoon|evening|time)\b)"
    r"|\b(?:is|was|are|were|did|does|do|about|after|at|before|by|for|from|hold|holds|held|in|like|of"
    r"|on|than|to|with)\s+that\b"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b(?!\s+(?:is|are|was|were)\b)"
    r"|\bthe\s+(?:former|latter|(?:first|second|third|last|other)\s+one)\W*$|\belse\W*$"
    r"|\bthe\s+same\s+(?:for|in|thing)\b",
    re.IGNORECASE,
)
# "How did the turkey get its name?" names what its pronoun means, "What did the mayor say about
# it?" doesn't.
_OF_ITS_OWN = re.compile(r"(?:he|she|they|his|their|its)\b|her\s+\w|it\s+\w+s\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:an?|the|which|how\s+many)\s+[a-z]", re.IGNORECASE)
_NAME = re.compile(r"(?<=\s)[A-Z][\w’'-]+")
_OF_A_PLACE = re.compile(
    r"\b(?:at|by|from|in|near|of|on|since|to|until)\s+(?:the\s+)?$", re.IGNORECASE
)


def points_back(question: str) -> bool:
    """Whether a question points back at what was said before ("and in 2021?", "who is he?")."""
    text = question.strip()
    if OPENS.match(text) or _ONLY_ASKS.fullmatch(text) or _POINTS.search(text):
        return True
    pronoun = _PRONOUN.search(text)
    if pronoun is None:
        return False
    before = text[: pronoun.start()]
    if _OF_ITS_OWN.match(text, pronoun.start()) and _THING.search(before):
        return False
    # "When did Putin say he would visit?" names whom its pronoun means; "What did he say on
    # Monday?", "In Harbin, what did he say?" don't.
    return not any(
        name[0].lower() not in (*MONTHS, *DAYS) and not _OF_A_PLACE.search(before[: name.start()])
        for name in _NAME.finditer(before)
    )
