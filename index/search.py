"""Hits: what a search returns, and how dense and lexical lists are fused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from index.article import Article
from index.splitting.passages import Passage
from index.words import FUNCTION_WORDS


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles a search may return. Empty fields don't filter.

    An article without a date passes no `since` or `until`. Dates are inclusive. `articles` are ids.
    """

    since: date | None = None
    until: date | None = None
    sources: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its score and rank (1 is best). Higher scores are always better.

    `score` is the fused score, with what was to be found exactly (`exactly`); `dense` the cosine to
    the query (always present), `lexical` the BM25 score (None when no word of the query is in the
    passage). Ranks are None where that search didn't return the passage among its candidates.
    """

    passage: Passage
    article: Article
    score: float
    rank: int
    dense: float
    lexical: float | None
    dense_rank: int | None
    lexical_rank: int | None


# The weight of the dense search against the lexical one (eval/DECISIONS.md): the first where the
# words decide, the second where they don't.
DENSE = (0.3, 0.8)
_BEYOND = 5  # passages that share the best one's words, before those words decide nothing


def dense_weight(lexical: Mapping[int, float]) -> float:
    """How much the dense search counts: less, the further BM25 puts a few passages before the rest,
    as it does for a name or a figure that few hold.

        DENSE[0] + (DENSE[1] − DENSE[0]) · (the sixth best BM25 / the best)
    """
    words, meaning = DENSE
    best = sorted(lexical.values(), reverse=True)[: _BEYOND + 1]
    if not best or best[0] <= 0:
        return meaning
    return words + (meaning - words) * (best[-1] / best[0] if len(best) > _BEYOND else 0.0)


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float]) -> dict[int, float]:
    """One score in 0..1 from two searches' scores by number: a convex combination of both.

        w · (cosine − lowest) / (highest − lowest) + (1 − w) · BM25 / highest

    where w is the `dense_weight`. What a search didn't return has 0 of it. Cosines are spread over
    the range of those returned, BM25 over that from its least possible value, 0. Bruch, Gai and
    Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS 2023; there w is one for
    all queries.
    """
    weight = dense_weight(lexical)
    scores = dict.fromkeys([*dense, *lexical], 0.0)
    if dense:
        lowest, highest = min(dense.values()), max(dense.values())
        spread = highest - lowest
        for number, cosine in dense.items():
            scores[number] += weight * ((cosine - lowest) / spread if spread > 0 else 1.0)
    best = max(lexical.values(), default=0.0)
    for number, bm25 in lexical.items():
        scores[number] += (1 - weight) * (bm25 / best if best > 0 else 0.0)
    return scores


_EARLY = 60  # what is added to a rank: how little the first places tell from the next ones


def fuse_ranks(dense: Sequence[int], lexical: Sequence[int]) -> dict[int, float]:
    """One score in 0..1 from two lists by their order alone: Σ ½ · 61 / (60 + rank).

    Reciprocal rank fusion, for scores that can't be compared; Cormack, Clarke, Büttcher,
    "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009.
    Both lists count alike, as there.
    """
    scores = dict.fromkeys([*dense, *lexical], 0.0)
    for numbers in (dense, lexical):
        for rank, number in enumerate(numbers, start=1):
            scores[number] += 0.5 * (_EARLY + 1) / (_EARLY + rank)
    return scores


def match_expression(query: str) -> str | None:
    """An FTS5 query that finds any of the words; None if there are none.

    What stands in quotation marks, a figure or a name of several parts ("4.5", "Jean-Pierre") and
    a figure with the word beside it ("17 May") are looked for as they stand as well: to FTS5 "4.5"
    is a 4 and a 5 side by side, which are in every other article, apart. Each word is quoted, so
    nothing that a person types is syntax.
    """
    query = query.casefold()
    phrases = [" ".join(re.findall(_JOINED, quoted)) for quoted in re.findall(_QUOTED, query)]
    phrases = [phrase for phrase in phrases if " " in phrase]
    for one, other in pairwise(re.findall(_JOINED, query)):
        figures = any(character.isdigit() for character in one + other)
        if figures and not {one, other} & (FUNCTION_WORDS - {"may"}):  # a month, beside a figure
            phrases.append(f"{one} {other}")
    words: list[str] = []
    for word in re.findall(_JOINED, query):
        words.append(word)
        parts = re.findall(r"\w+", word)
        words += [p for p in parts if len(parts) > 1 and (not p.isdigit() or len(p) >= 4)]
    words = list(dict.fromkeys(words))
    telling = [word for word in words if word not in FUNCTION_WORDS] or words
    wanted = dict.fromkeys(phrases + telling)
    return " OR ".join(f'"{word}"' for word in wanted) or None


def asked_exactly(query: str) -> list[str]:
    """What a passage is to hold as it stands, `in_order`: what the query has in quotation marks, or
    else the query itself, where it is a few words: a name, a figure, a date, a phrase."""
    quoted = [in_order(text) for text in re.findall(_QUOTED, query)]
    if found := [text for text in dict.fromkeys(quoted) if text.strip()]:
        return found
    whole = in_order(query)
    return [whole] if 1 <= len(whole.split()) <= SHORT else []


SHORT = 6  # words: more are a question, which stands in no article


def in_order(text: str) -> str:
    """The words without case and punctuation, a space around each; a figure is one word with what
    stands in it: "4.5" is in "It cost $4.5 million." and in no "14.5"."""
    return f" {' '.join(re.findall(_WORD, text.casefold()))} "


def exactly(
    scores: Mapping[int, float], parts: Sequence[str], texts: Mapping[int, str]
) -> dict[int, float]:
    """Scores in 0..1 by which every passage that holds more of the parts comes before all others:

        (number of parts held + score) / (number of parts + 1)

    `texts` are those of passages that may hold one. Unchanged where none does.
    """
    held = {n: sum(_holds(text.casefold(), part) for part in parts) for n, text in texts.items()}
    if not any(held.values()):
        return dict(scores)
    return {n: (held.get(n, 0) + score) / (len(parts) + 1) for n, score in scores.items()}


def _holds(text: str, part: str) -> bool:
    # (most passages lack a word of it, and that is seen in a tenth of the time)
    return all(word in text for word in part.split()) and part in in_order(text)


_WORD = r"\d+(?:[.,:/-]\d+)*\w*|\w+"
_JOINED = r"\w+(?:[.,:/’'-]\w+)*"
_QUOTED = r"[\"“„]([^\"“”„]+)[\"”“]"


def same_text(one: frozenset[str], other: frozenset[str], copies: bool) -> bool:
    """Whether two passages (their `shingles`) say the same in the same words.

    Between an article and its copy, where the borders of passages have moved, most of the shorter
    one has to be in the longer one; between others, most of both has to be common.
    """
    common = len(one & other)
    if copies:
        return common >= 0.8 * min(len(one), len(other))
    return common >= 0.8 * len(one | other)


def shingles(text: str, width: int = 3) -> frozenset[str]:
    """Every `width` words in a row, without case and punctuation."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) <= width:
        return frozenset([" ".join(words)])
    return frozenset(" ".join(words[i : i + width]) for i in range(len(words) - width + 1))
