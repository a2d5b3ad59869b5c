"""The words of a text that carry its meaning, cut to their stems (Porter's, by Snowball). Pure."""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

from index.words import FUNCTION_WORDS, NEGATIONS

_BROKEN = re.compile(r"(?<!\d)(\d{1,3}),\s(?=\d{3}\b)")  # "40, 000", as tokenised texts have it
WORD = re.compile(r"[^\W_]+(?:[.,:'’&-][^\W_]+)*")

# Function words (but not "no": a source that lacks it says something else), what contractions
# leave, and the verbs of saying that news puts around every fact.
_TELLS_NOTHING = (FUNCTION_WORDS - NEGATIONS) | frozenset(
    ("s", "t", "ve", "re", "ll", "d", "m", "said", "says", "say", "according", "told", "added")
)
_stem = snowballstemmer.stemmer("english").stemWord


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its ending, in lower case. Words with a digit only lose a possessive."""
    word = re.sub(r"['’]s?$|['’]s(?=-)", "", word.lower()).replace("’", "'")
    if any(character.isdigit() for character in word):
        return word.replace(",", "")
    stemmed: str = _stem(word)
    return stemmed


def words(text: str) -> list[str]:
    """All words of the text, in order, as written."""
    return WORD.findall(_BROKEN.sub(r"\1,", text))


@lru_cache(maxsize=20_000)
def content(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order; hyphened words as their parts."""
    parts = [part for word in words(text) for part in word.split("-")]
    found = [stem(p) for p in parts if p.lower() not in _TELLS_NOTHING]
    return tuple(s for s in found if len(s) > 1 or s.isdigit())
