"""Follow-ups: a question that leans on the conversation is rewritten to stand alone.

A question that stands alone isn't touched. Whether it does is decided by its words (pure); the
rewriting is the Writer's, and is only taken when it asks the same and adds nothing that wasn't said
before; else the question goes on with the one before it in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.words import DAYS, MONTHS
from rag.checking.facts.words import content
from rag.generating.generator import Prompt, Stop
from rag.generating.writer import Writer

Turn = tuple[str, str]
"""A question and the answer it got."""

_TURNS = 3
_SYSTEM = "You rewrite the last question of a conversation so that it can be understood alone."

_OPENS = re.compile(r"(and|but|or|so|then|what about|how about)\b", re.IGNORECASE)
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


def leans(question: str) -> bool:
    """Whether a question points back at what was said before ("and in 2021?", "who is he?")."""
    text = question.strip()
    if _OPENS.match(text) or _ONLY_ASKS.fullmatch(text) or _POINTS.search(text):
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


def rewrite_prompt(question: str, history: Sequence[Turn]) -> Prompt:
    said = "".join(
        f"Question: {asked}\nAnswer: {answer}\n\n" for asked, answer in history[-_TURNS:]
    )
    return Prompt(
        _SYSTEM,
        (said,),
        f"Follow-up question: {question}\n"
        "Rewrite the follow-up as one complete question that names what it is about.",
        reply="Question:",
    )


def understood(
    question: str, history: Sequence[Turn], writer: Writer, stop: Stop | None = None
) -> str:
    """The question as it stands alone; the question itself where it does so already."""
    if not history or not leans(question):
        return question
    written = writer.reply(rewrite_prompt(question, history), 60, stop)
    rewritten = " ".join(written.strip().split("\n")[0].split())
    if (
        rewritten
        and adds_nothing(rewritten, question, history)
        and keeps_asking(rewritten, question)
    ):
        return rewritten
    return f"{question} ({history[-1][0]})"


def adds_nothing(rewritten: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether every name and number of the rewriting was said in the conversation."""
    said = " ".join([question, *(text for turn in history for text in turn)]).casefold()
    # A sentence's first word is capitalised whatever it is; question words aren't names.
    names = re.findall(r"\d[\d.,]*\d|\d|(?<=\s)[A-Z][\w’'-]+", rewritten)
    return all(re.sub(r"[’']s$", "", name).casefold() in said for name in names)


_ASKS = re.compile(
    r"\b(?:how\s+(?:many|much|long|old|far|large|big|often)|who(?=m\b|se\b)?|when|where|why|how|what"
    r"|which)",
    re.IGNORECASE,
)
# "Who held that post?" may name the post.
_STANDS_FOR = re.compile(r"\b(?:this|that|these|those|same)\s+\w+", re.IGNORECASE)


def keeps_asking(rewritten: str, question: str) -> bool:
    """Whether the rewriting asks the same: by the same question word, where the question has one,
    with all its telling words."""
    if not _OPENS.match(question) and _asking(rewritten) != _asking(question):
        return False
    kept = content(rewritten)
    return all(word in kept for word in content(_STANDS_FOR.sub(" ", question)))


def _asking(question: str) -> str:
    found = _ASKS.search(question)
    return " ".join(found[0].lower().split()) if found else ""
