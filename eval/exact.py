"""Queries for what one article alone says: a name, a figure, a phrase that is nowhere else.

Made from the documents themselves, so that it is known what holds them. Judges nothing.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.search import in_order

EACH = 25  # queries of a kind over one collection, at most
_PHRASE = 5  # words


@dataclass(frozen=True, slots=True)
class Sought:
    """`words`, as `in_order` gives them, are in one document only, the one at `document`."""

    kind: str
    query: str
    words: str
    document: int


def sought(texts: Sequence[str], seed: int = 0) -> Iterator[Sought]:
    """Of each kind up to EACH, from as many documents."""
    joined = [in_order(text) for text in texts]
    held = Counter(gram for text in joined for gram in set(_grams(text)))
    for kind, (find, ask) in _KINDS.items():
        chance = random.Random(f"{kind} {seed}")  # noqa: S311
        order = list(range(len(texts)))
        chance.shuffle(order)
        found = 0
        for document in order:
            once = [s for s in find(texts[document]) if held[in_order(s).strip()] == 1]
            if once and found < EACH:
                found += 1
                said = chance.choice(once)
                yield Sought(kind, ask(said), in_order(said), document)


def _grams(text: str) -> Iterator[str]:
    words = text.split()
    for length in range(1, _PHRASE + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _names(text: str) -> list[str]:
    """Two or three capitalised words within a sentence."""
    return re.findall(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}(?![\w-])", text)


def _figures(text: str) -> list[str]:
    return re.findall(r"(?<![\w.,:/-])\d[\d.,]*\d(?![\w:/-])", text)


def _dates(text: str) -> list[str]:
    """A figure and the word after it, as in dates and amounts."""
    return re.findall(r"(?<![\w.,:/-])\d[\d.,]* [A-Za-z]{3,}(?![\w-])", text)


def _phrases(text: str) -> list[str]:
    words = in_order(text).split()
    return [" ".join(words[n : n + _PHRASE]) for n in range(0, len(words) - _PHRASE + 1, 7)]


_KINDS: dict[str, tuple[Callable[[str], list[str]], Callable[[str], str]]] = {
    "a name": (_names, "{}".format),
    "a name, asked about": (_names, "What is said about {}?".format),
    "a figure": (_figures, "{}".format),
    "a figure and a word": (_dates, "{}".format),
    "a phrase": (_phrases, "{}".format),
    "a phrase, quoted": (_phrases, 'Who said "{}"?'.format),
}
