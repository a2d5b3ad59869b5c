"""Follow-ups: a question that leans on the conversation is rewritten to stand alone.

A question that stands alone isn't touched; which do is trained (`guessing`). One that only says how
to answer ("shorter", "as a timeline") is the question before it; one that points at an article of
the list before it ("the second one") gets its title (`listed`). For any other the rewriting is the
Writer's, and is only taken when it asks the same and adds nothing that wasn't said before; else the
question goes on with the one before it in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.facts.words import content
from rag.generating.generator import Prompt, Stop
from rag.generating.writer import Writer
from rag.understanding.conversation.listed import Turn, named_in_list
from rag.understanding.conversation.pointing import OPENS
from rag.understanding.guessing import guess, leaning_of

_TURNS = 3
_SYSTEM = "You rewrite the last question of a conversation so that it can be understood alone."


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
    named = named_in_list(question, history)
    if named is not None:
        return named
    leaning = leaning_of(question)
    before = standing(history)
    if not before or leaning == "alone":
        return question
    if leaning == "form":
        return before
    written = writer.reply(rewrite_prompt(question, history), 60, stop)
    rewritten = " ".join(written.strip().split("\n")[0].split())
    if (
        rewritten
        and adds_nothing(rewritten, question, history)
        and keeps_asking(rewritten, question)
    ):
        return rewritten
    return f"{question} ({before})"


def standing(history: Sequence[Turn]) -> str:
    """What the last turn was about: its question as it stands alone, as far as that goes without a
    model; empty where there was none. Small talk is passed over."""
    for n in reversed(range(len(history))):
        question, earlier = history[n][0], history[:n]
        named = named_in_list(question, earlier)
        if named is not None:
            return named
        leaning = leaning_of(question)
        if leaning == "alone" and guess(question).kind == "smalltalk":
            continue
        before = "" if leaning == "alone" else standing(earlier)
        if not before:
            return question
        return before if leaning == "form" else f"{question} ({before})"
    return ""


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
    if not OPENS.match(question) and _asking(rewritten) != _asking(question):
        return False
    kept = content(rewritten)
    return all(word in kept for word in content(_STANDS_FOR.sub(" ", question)))


def _asking(question: str) -> str:
    found = _ASKS.search(question)
    return " ".join(found[0].lower().split()) if found else ""
