"""The items that a sentence lists, and which of them are the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.words import FUNCTION_WORDS
from rag.checking.facts.words import content, words

# A name as it is written: capitalised words side by side, with the small ones that join them.
_NAME = re.compile(
    r"(?<![\w’'-])[^\W\d_a-z][\w’'-]*(?:(?: (?:of|the|de|von|al|el|bin|da|for))*"
    r" [^\W\d_a-z][\w’'-]*)*"
)
_WORD_AND_SPACE = re.compile(r"(\S+) ")


def names(sentence: str, query: str) -> list[tuple[int, int]]:
    """Where the sentence names something that the question doesn't, in order."""
    asked = set(content(query))
    found = []
    for match in _NAME.finditer(sentence):
        start, name = match.start(), re.sub(r"[’']s?$", "", match[0])
        while (opens := _WORD_AND_SPACE.match(name)) and opens[1].lower() in FUNCTION_WORDS:
            start, name = start + opens.end(), name[opens.end() :]
        telling = set(content(name))
        if name.lower() in FUNCTION_WORDS or not telling or telling <= asked:
            continue
        found.append((start, start + len(name)))
    return found


def listed(sentence: str, query: str) -> list[tuple[int, int]]:
    """The items of a sentence that lists names one after the other: two at least, and nothing
    between two of them but what joins them (or a description that ends before the next)."""
    spans = names(sentence, query)
    return spans if len(spans) > 1 else []


def statement(sentence: str, spans: Sequence[tuple[int, int]], n: int) -> str:
    """What a sentence says of its n-th item alone: what stands before the first, the item, and
    what stands after the last."""
    start, end = spans[n]
    before, after = sentence[: spans[0][0]], sentence[spans[-1][1] :]
    return f"{before}{sentence[start:end]}{after}"


def same(one: str, other: str) -> bool:
    """Whether two items are one: the same telling words, or a name and its ending ("Foreign
    Minister Sergey Lavrov", "Lavrov")."""
    a, b = content(one), content(other)
    if set(a) == set(b):
        return True
    if not (_names(one) and _names(other)):
        return False
    short, long = sorted((a, b), key=len)
    return bool(short) and long[len(long) - len(short) :] == short


def _names(text: str) -> bool:
    return all(word[0].isupper() for word in words(text))
