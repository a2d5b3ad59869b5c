"""Long answers against gold answers and gold sentences.

rouge_l: F-measure of the longest common subsequence of words, stemmed (Lin 2004), as the
`rouge-score` package computes it; best over the gold answers.

gold_sentence_recall: the share of gold sentences of which at least half the content words (not
in the short stop list below, lower case) are in the answer. Word overlap, not meaning: an answer
that says the same in other words scores lower than it should.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"\w+(?:[.,]\d+)*")
STOP = frozenset(
    """a an and are as at be been but by for from had has have he her his i in into is it its may
    more most no not of on or other she so some such than that the their them then there these they
    this those to was we were what when which who will with would you your also can s t did do does
    about after before between during over under up out only both each""".split()  # noqa: SIM905
)


def content_words(text: str) -> list[str]:
    """Words that carry meaning, lower case; numbers keep their points and commas."""
    return [w for w in _WORD.findall(text.lower()) if w not in STOP]


def rouge_l(answer: str, gold: Sequence[str]) -> float:
    scorer = _scorer()
    return max((float(scorer.score(g, answer)["rougeL"].fmeasure) for g in gold), default=0.0)


def gold_sentence_recall(answer: str, sentences: Sequence[str]) -> float | None:
    """None where there are no gold sentences."""
    if not sentences:
        return None
    given = set(content_words(answer))
    covered = 0
    for sentence in sentences:
        wanted = set(content_words(sentence))
        covered += bool(wanted) and len(wanted & given) * 2 >= len(wanted)
    return covered / len(sentences)


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score import rouge_scorer  # heavy: nltk

    return rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
