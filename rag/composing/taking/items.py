"""The items that a sentence lists, and which of them are the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.words import FUNCTION_WORDS
from rag.checking.facts.words import content, words

_WORD = re.compile(r"[^\W_][\w’'-]*")
_WITHIN = frozenset(("of", "the", "de", "von", "van", "al", "el", "bin", "da", "for"))  # join names
_LAST = re.compile(r",?\s+(?:and|or)\s+([^\W\d_][^,.;:]{2,60})\.?")
_JOINT = re.compile(r"[,;]\s*(?:\b(?:and|or)\b)?|\b(?:and|or)\b")
_ARTICLES = frozenset(("the", "a", "an"))
_FRAME = 2  # words that say something of the items


def names(sentence: str, query: str) -> list[tuple[int, int]]:
    """Where the sentence names something that the question doesn't, in order."""
    asked = set(content(query))
    found = []
    for start, end in _capitalised(sentence):
        name = re.sub(r"[’']s?$", "", sentence[start:end])
        telling = set(content(name))
        if telling and not telling <= asked:
            found.append((start, start + len(name)))
    return found


def _capitalised(text: str) -> list[tuple[int, int]]:
    """Capitalised words side by side, with the small ones that join them; not a function word that
    only opens a sentence."""
    runs: list[tuple[int, int]] = []
    small = 0  # where a run ended before words that may join it to the next one
    for match in _WORD.finditer(text):
        start, end = match.span()
        beside = bool(runs) and text[small or runs[-1][1] : start] == " "
        if match[0][0].isupper() and match[0].lower() not in FUNCTION_WORDS:
            if beside:
                start = runs.pop()[0]
            runs.append((start, end))
            small = 0
        else:
            small = end if beside and match[0] in _WITHIN else 0
    return runs


def listed(sentence: str, query: str) -> list[tuple[int, int]]:
    """The items of a sentence that says one thing of several names, in order; none where it isn't
    clear what it says of each.

    What it says stands before the first name ("the delegation included …") or after the last one
    ("… were on the trip"). With the former, what ends the list may have no name ("… and five
    deputy premiers").
    """
    found = names(sentence, query)
    spans = [
        span
        for n, span in enumerate(found)
        if n == 0 or _joined(sentence[found[n - 1][1] : span[0]])
    ]
    if len(spans) < 2 or not (_leads(sentence, spans) or _follows(sentence, spans)):
        return []
    last = _LAST.fullmatch(sentence, spans[-1][1])
    if last and _leads(sentence, spans):
        spans.append(last.span(1))
    return spans


def statement(sentence: str, spans: Sequence[tuple[int, int]], n: int) -> str:
    """What a sentence says of its n-th item alone."""
    start, end = spans[n]
    item = sentence[start:end]
    if _leads(sentence, spans):
        return f"{sentence[: spans[0][0]]}{item}."
    return f"{item}{sentence[spans[-1][1] :]}"


def _joined(between: str) -> bool:
    """Whether what stands between two names puts the second beside the first ("Ann Lee, the singer
    Bo Tan"), and not below it ("Ann Lee, who runs Alpha")."""
    joints = list(_JOINT.finditer(between))
    if not joints:
        return False
    own = words(between[joints[-1].end() :])
    return not any(word.lower() in FUNCTION_WORDS - _ARTICLES for word in own)


def _leads(sentence: str, spans: Sequence[tuple[int, int]]) -> bool:
    return len(words(sentence[: spans[0][0]])) >= _FRAME


def _follows(sentence: str, spans: Sequence[tuple[int, int]]) -> bool:
    after = sentence[spans[-1][1] :]
    return after[:1].isspace() and len(words(after)) >= _FRAME


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
