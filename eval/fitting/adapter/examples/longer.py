"""Questions whose answer is two to four sentences, put together from what a context holds.

Each function gives more questions for a context; the sentences are right drafts, or the passages'
own, so that each of them is borne out.
"""

from __future__ import annotations

import re
from random import Random

from eval.fitting.adapter.examples.contexts import Asked, Context, Draft
from eval.fitting.adapter.examples.values import cut, lowered, meet, split_title
from eval.metrics.text import contains

MOST = 4  # sentences of an answer
_LONGEST = 45  # words of a sentence
_OVERVIEWS = (
    "Tell me about {}",
    "What do the articles say about {}?",
    "What is known about {}?",
    "Give me an overview of {}.",
    "Summarise what is said about {}",
)
_TRUTHS = ("Is it true that {}?", "Is it correct that {}?", "{}, is that right?")
_PRONOUN = re.compile(r"^(It|He|She|They|This|These)\b(?=\s[a-z])")
_ALL_WANTED = frozenset({"multirc"})
_LISTS = re.compile(r"^(what|which|who|name|list|how)\b", re.IGNORECASE)


def overview(context: Context, chance: Random) -> list[Asked]:
    """'Tell me about X' over a passage titled X, from sentences that answer questions on it."""
    found = []
    for passage in context.passages:
        title, text = split_title(passage)
        name = re.sub(r"\s*\(.*?\)", "", title).strip()
        about = [
            asked.sentences[0]
            for asked in context.asked
            if asked.stated
            and len(asked.sentences) == 1
            and not asked.yes_or_no
            and any(contains(text, answer) for answer in asked.answers)
        ]
        chosen = _apart(about, chance)
        if name and len(chosen) >= 2:
            question = chance.choice(_OVERVIEWS).format(name)
            found.append(Asked(question, True, sentences=tuple(chosen)))
    return found


def joined(context: Context, chance: Random) -> list[Asked]:
    """Two questions in one, each answered by its sentence."""
    able = [a for a in context.asked if a.stated and len(a.sentences) == 1 and a.answers]
    if len(able) < 2:
        return []
    first, second = chance.sample(able, 2)
    if meet(first.sentences[0], second.sentences[0]):
        return []
    opening, following = first.question.rstrip(" ?."), second.question.strip()
    if chance.random() < 0.5:
        question = f"{opening}, and {following[:1].lower()}{following[1:]}"
    else:
        question = f"{opening}? {following}"
    sentences = (first.sentences[0], second.sentences[0])
    return [Asked(question, True, second.answers, sentences)]


def listed(context: Context, chance: Random) -> list[Asked]:
    """A question with several answers in different sentences of the passages: those sentences.

    Only of sets where all of the answers are wanted; elsewhere they are ways of putting one.
    """
    found: list[Asked] = []
    if context.origin not in _ALL_WANTED:
        return found
    for asked in context.asked:
        if not asked.stated or len(asked.answers) < 2 or not _LISTS.match(asked.question):
            continue
        sentences: dict[str, None] = {}
        for answer in asked.answers:
            holding = _holding(context, answer)
            if len(holding) == 1:
                sentences[holding[0]] = None
        if 2 <= len(sentences) <= MOST:
            order = [s for p in context.passages for s in cut(split_title(p)[1]) if s in sentences]
            found.append(Asked(asked.question, True, sentences=tuple(dict.fromkeys(order))))
    return found


def bridged(context: Context, chance: Random) -> list[Asked]:
    """HotpotQA's gold sentences, one a passage: the answer takes all of them, in its order."""
    if not context.origin.startswith("hotpot") or not 2 <= len(context.passages) <= MOST:
        return []
    sentences = [_by_name(*split_title(passage)) for passage in context.passages]
    if not all(4 <= len(sentence.split()) <= _LONGEST for sentence in sentences):
        return []
    return [
        Asked(asked.question, True, asked.answers, tuple(sentences))
        for asked in context.asked
        if asked.stated
        and not asked.yes_or_no
        and any(contains(" ".join(sentences), answer) for answer in asked.answers)
    ]


def truth(context: Context, chance: Random) -> list[Asked]:
    """Claims asked as yes-or-no questions. A false one may just not be mentioned, so whether it is
    stated isn't learnt, only that a Yes to it isn't borne out."""
    found = []
    for claim in context.claims:
        bare = claim.text.strip().rstrip(".")
        if not 3 <= len(bare.split()) <= 30 or "?" in bare:
            continue
        form = chance.choice(_TRUTHS)
        question = form.format(bare if form.startswith("{") else lowered(bare))
        said = f"Yes, {lowered(bare)}."
        if claim.true:
            found.append(Asked(question, True, ("yes",), (said,)))
        else:
            found.append(Asked(question, None, ("no",), drafts=(Draft(said, False),)))
    return found


def _apart(sentences: list[str], chance: Random) -> list[str]:
    """Two to four of the sentences, in order, none of which says what another does."""
    kept: list[str] = []
    for sentence in sentences:
        if not any(_alike(sentence, other) for other in kept):
            kept.append(sentence)
    if len(kept) <= 2:
        return kept
    some = set(chance.sample(range(len(kept)), min(len(kept), chance.randint(2, MOST))))
    return [sentence for place, sentence in enumerate(kept) if place in some]


def _alike(a: str, b: str) -> bool:
    first, second = set(a.lower().split()), set(b.lower().split())
    return 10 * len(first & second) >= 7 * min(len(first), len(second))


def _holding(context: Context, answer: str) -> list[str]:
    return [
        sentence
        for passage in context.passages
        for sentence in cut(split_title(passage)[1])
        if contains(sentence, answer) and len(sentence.split()) <= _LONGEST
    ]


def _by_name(title: str, sentence: str) -> str:
    """The sentence with its title for a pronoun that opens it, so that it stands by itself."""
    name = re.sub(r"\s*\(.*?\)", "", title).strip()
    return _PRONOUN.sub(name, sentence, count=1) if name else sentence
