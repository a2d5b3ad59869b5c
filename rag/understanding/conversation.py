"""Follow-ups: a question that leans on the conversation is rewritten to stand alone.

A question that stands alone isn't touched. Whether it does is decided by its words (pure); the
rewriting is the Writer's, and is only taken when it adds nothing that wasn't said before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.generating.generator import Prompt, Stop
from rag.generating.writer import Writer

Turn = tuple[str, str]
"""A question and the answer it got."""

_TURNS = 3
_SYSTEM = "You rewrite the last question of a conversation so that it can be understood alone."
_LEANING = re.compile(
    r"^(and|but|or|so|also|then|what about|how about|why|when|where|who|how much|how many|how so)"
    r"\b[^\w]*$"
    r"|^(and|but|or|what about|how about)\b"
    r"|\b(he|she|they|him|her|them|his|hers|their|theirs|it|its|this|that|these|those|there|then)\b"
    r"|\b(the )?(same|former|latter|other one|previous|above|mentioned)\b",
    re.IGNORECASE,
)
# "it is/was true that", "that" as a conjunction and the like don't point backwards.
_NOT_LEANING = re.compile(
    r"\b(say|says|said|claim\w*|deny|denies|denied|report\w*|announce\w*|true|think\w*|believe\w*"
    r"|state\w*|so|find|found|suggest\w*|warn\w*|agree\w*|show\w*|mean\w*) that\b"
    r"|\b(is|was|are|were) there\b|\bthere (is|was|are|were)\b",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?<=\s)[A-Z][\w’'-]+")


def leans(question: str) -> bool:
    """Whether a question points back at what was said before ("and in 2021?", "who is he?")."""
    text = _NOT_LEANING.sub(" ", question.strip())
    if not _LEANING.search(text):
        return False
    # "When did Putin say he would visit?" names whom its pronoun means.
    opens = re.match(r"^(and|but|or|what about|how about)\b", text, re.IGNORECASE)
    return bool(opens) or not _NAMES.search(text)


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
    if rewritten and adds_nothing(rewritten, question, history):
        return rewritten
    return f"{question} ({history[-1][0]})"


def adds_nothing(rewritten: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether every name and number of the rewriting was said in the conversation."""
    said = " ".join([question, *(text for turn in history for text in turn)]).casefold()
    # A sentence's first word is capitalised whatever it is; question words aren't names.
    names = re.findall(r"\d[\d.,]*\d|\d|(?<=\s)[A-Z][\w’'-]+", rewritten)
    return all(re.sub(r"[’']s$", "", name).casefold() in said for name in names)
