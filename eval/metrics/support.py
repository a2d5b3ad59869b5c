"""A support judge that shares nothing with the product: words and numbers only.

ALCE judges support with an 11B entailment model, which isn't at hand offline. This judge says
that texts support a statement when

    every number of the statement is in the texts (digits compared as values: 1,204 = 1204), and
    at least `SHARE` of its other content words are, by the first five letters (a crude stem).

What it can't see: negation, who did what to whom, order, paraphrase without shared words. So it is
too kind to a statement that recombines a passage's words and too hard on a free paraphrase. It
is named beside every figure that rests on it: read it for changes between runs, not as truth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.metrics.overlap import content_words

NAME = "words and numbers"
SHARE = 0.7
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def supports(statement: str, texts: Sequence[str]) -> bool:
    """Do the texts, together, hold the statement's numbers and most of its words?"""
    joined = " ".join(texts)
    if not numbers(statement) <= numbers(joined):
        return False
    wanted = {_stem(w) for w in content_words(statement) if not w[0].isdigit()}
    if not wanted:
        return bool(texts) and bool(numbers(statement))
    there = {_stem(w) for w in content_words(joined)}
    return len(wanted & there) >= SHARE * len(wanted)


def numbers(text: str) -> set[str]:
    """Numbers as written without separators of thousands or trailing noughts: `1,204` is 1204."""
    found = set()
    for match in _NUMBER.findall(text):
        bare = re.sub(r",(?=\d{3}(?:\D|$))", "", match)
        found.add(bare.rstrip("0").rstrip(".") if "." in bare else bare)
    return found


def _stem(word: str) -> str:
    return word[:5]
