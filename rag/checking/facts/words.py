"""The words of a text that carry its meaning, cut to their stems. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

_BROKEN = re.compile(r"(?<!\d)(\d{1,3}),\s(?=\d{3}\b)")  # "40, 000", as tokenised texts have it
_WORD = re.compile(r"[^\W_]+(?:[.,:'’&-][^\W_]+)*")

# Function words, and the verbs of saying that news puts around every fact.
STOP = frozenset(
    [
        "a", "an", "the", "and", "or", "but", "nor", "so", "yet", "if", "then", "than",
        "that", "this", "these", "those", "there", "here", "as", "at", "by", "for", "from",
        "in", "into", "of", "off", "on", "onto", "out", "over", "to", "up", "with", "about",
        "after", "before", "between", "through", "during", "under", "again", "while",
        "until", "because", "since", "although", "though", "is", "are", "was", "were", "be",
        "been", "being", "am", "do", "does", "did", "doing", "have", "has", "had", "having",
        "will", "would", "shall", "should", "can", "could", "may", "might", "must", "i",
        "you", "he", "she", "it", "we", "they", "me", "him", "her", "us", "them", "my",
        "your", "his", "its", "our", "their", "mine", "yours", "hers", "ours", "theirs",
        "who", "whom", "whose", "which", "what", "when", "where", "why", "how", "s", "t",
        "ve", "re", "ll", "d", "m", "also", "just", "only", "own", "same", "such", "too",
        "very", "both", "each", "few", "more", "most", "other", "some", "any", "all",
        "said", "says", "say", "according", "told", "added"
    ]
)  # fmt: skip

_SUFFIXES = (
    ("ational", "at"), ("isation", "is"), ("ization", "iz"), ("ations", ""), ("ation", ""),
    ("ements", ""), ("ement", ""), ("ments", ""), ("ment", ""), ("nesses", ""), ("ness", ""),
    ("ities", ""), ("ity", ""), ("ions", ""), ("ion", ""), ("ings", ""), ("ing", ""),
    ("iest", ""), ("ies", ""), ("ied", ""), ("ers", ""), ("er", ""), ("est", ""), ("ally", ""),
    ("ly", ""), ("als", ""), ("al", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""), ("y", ""),
)  # fmt: skip


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its ending, in lower case; light, so that inflections meet and little else.

    Words with a digit, and words that would be left with fewer than four letters, only lose a
    possessive or a plural s.
    """
    word = re.sub(r"['’]s?$|['’]s(?=-)", "", word.lower()).replace("’", "'")
    if any(character.isdigit() for character in word):
        return word.replace(",", "")
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            word = word[: len(word) - len(suffix)] + instead
            break
    else:
        if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
            word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # stopped, stop
    return word


def words(text: str) -> list[str]:
    """All words of the text, in order, as written."""
    return _WORD.findall(_BROKEN.sub(r"\1,", text))


@lru_cache(maxsize=5_000)
def stems(text: str) -> tuple[str, ...]:
    """Stems of all words, in order, function words too; hyphened words as their parts."""
    return tuple(stem(part) for word in words(text) for part in re.split(r"-", word) if part)


def content(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order."""
    return tuple(s for s in stems(text) if s not in STOP and (len(s) > 1 or s.isdigit()))
