"""Articles that correct something, and the sentences in which they tell what was wrong. Pure."""

from __future__ import annotations

import re

from index.article import Article

_CORRECTION = re.compile(
    r"\b(?:corrections?|corrected|clarifications?|erratum|errata)\b", re.IGNORECASE
)
# What a correction says of the words that it takes back …
_TAKEN_BACK = re.compile(
    r"\bwe\s+(?:had\s+)?(?:wrote|written|said|stated|reported)\b"
    r"|\b(?:incorrectly|wrongly|mistakenly|erroneously|misstated|misidentified|misquoted)\b",
    re.IGNORECASE,
)
# … and a note at the foot of any article.
_EARLIER = re.compile(
    r"\b(?:earlier|previous|original)\s+version\s+of\s+th(?:is|e)\b", re.IGNORECASE
)


def is_correction(article: Article) -> bool:
    """Whether the article says of itself that it corrects something."""
    return bool(_CORRECTION.search(article.title) or _CORRECTION.search(article.text[:200]))


def takes_back(sentence: str, article: Article) -> bool:
    """Whether a sentence of the article states what isn't so, to take it back."""
    if _EARLIER.search(sentence):
        return True
    return bool(_TAKEN_BACK.search(sentence)) and is_correction(article)
