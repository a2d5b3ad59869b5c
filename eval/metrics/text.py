"""Short answers against gold strings.

exact_match, token_f1: as SQuAD's own script (Rajpurkar et al. 2016): lower case, punctuation and
articles removed, white space collapsed; best over the gold strings.

    F1 = 2PR / (P + R), over the multiset of words

contains: a gold string is in the answer, as whole words after the same normalising. A sentence
that answers a short question can't match it exactly, so this is the figure to read first.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

_PUNCTUATION = set(string.punctuation) | set("‘’“”–—…«»·′")
_MARKER = re.compile(r"\s*\[\d+\]")


def unmarked(text: str) -> str:
    """An answer's text without its citation marks: `[1]`."""
    return _MARKER.sub("", text)


def normalised(text: str) -> str:
    """SQuAD's normalising; thousands separators go first: `1,204`, `1, 204` and `1204` are one."""
    lowered = re.sub(r"(?<=\d),\s?(?=\d{3}(?!\d))", "", text.lower())
    bare = "".join(" " if c in "–—" else c for c in lowered)
    bare = "".join(c for c in bare if c not in _PUNCTUATION)
    return " ".join(word for word in bare.split() if word not in {"a", "an", "the"})


def exact_match(answer: str, gold: Iterable[str]) -> float:
    given = normalised(answer)
    return float(any(given == normalised(g) for g in gold))


def token_f1(answer: str, gold: Iterable[str]) -> float:
    return max((_f1(normalised(answer).split(), normalised(g).split()) for g in gold), default=0.0)


def contains(answer: str, wanted: str) -> bool:
    inner = normalised(wanted)
    return bool(inner) and f" {inner} " in f" {normalised(answer)} "


def contains_any(answer: str, wanted: Iterable[str]) -> float:
    return float(any(contains(answer, w) for w in wanted))


def contains_all(answer: str, wanted: Sequence[str]) -> float:
    return float(bool(wanted) and all(contains(answer, w) for w in wanted))


def share_contained(answer: str, wanted: Sequence[str]) -> float:
    return sum(contains(answer, w) for w in wanted) / len(wanted)


def _f1(given: list[str], gold: list[str]) -> float:
    if not given or not gold:
        return float(given == gold)
    common = sum((Counter(given) & Counter(gold)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(gold)
    return 2 * precision * recall / (precision + recall)
