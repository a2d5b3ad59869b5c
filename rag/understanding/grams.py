"""The words of a question as numbers, without a model: n-grams of words and of letters. Pure.

How a question is put is told by its first words and by its form; letters inside words stand in
for words that are mistyped. Each n-gram has a place by its hash (Weinberger et al. 2009), so there
is no vocabulary to ship.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PLACES = 4096
_LONGEST = 400  # characters; what is asked for stands in fewer
_TOKEN = re.compile(r"\w+(?:[’']\w+)?|[^\w\s]")
_LETTERS = (3, 4, 5)
_LENGTHS = (1, 2, 3, 4, 6, 9)  # words


def grams(text: str) -> NDArray[np.float32]:
    """Shape (PLACES,): the sum of two unit vectors, one of words and one of letters; zeros where
    there are none."""
    found = np.zeros(PLACES, np.float32)
    tokens = _tokens(text)
    for names in (_of_words(tokens), _of_letters(tokens)):
        one = np.zeros(PLACES, np.float32)
        for name in names:
            place = zlib.crc32(name.encode())
            one[place % PLACES] += 1.0 if place >> 31 else -1.0
        length = float(np.linalg.norm(one))
        if length:
            found += one / length
    return found


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().replace("’", "'")
    return [re.sub(r"\d", "0", token) for token in _TOKEN.findall(plain)]


def _of_words(tokens: list[str]) -> Iterator[str]:
    words = [token for token in tokens if token[0].isalnum()]
    for n in (1, 2, 3):
        for at in range(len(words) - n + 1):
            yield " ".join(words[at : at + n])
        if len(words) >= n:
            yield "^" + " ".join(words[:n])
    if words:
        yield words[-1] + "$"
        yield f"#{sum(len(words) >= length for length in _LENGTHS)}"
    yield from (mark for mark in tokens if not mark[0].isalnum() and mark not in {".", ",", "-"})


def _of_letters(tokens: list[str]) -> Iterator[str]:
    for token in tokens:
        word = f"<{token}>"
        for n in _LETTERS:
            for at in range(len(word) - n + 1):
                yield "_" + word[at : at + n]
