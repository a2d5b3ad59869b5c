"""Near-copies: the same report, republished, excerpted or lightly edited.

Copies differ in length (an excerpt, an earlier state of a live blog), so what counts is
containment and not resemblance: the share of the shorter text's 5-word shingles that the longer
one has too (Broder 1997, "On the resemblance and containment of documents"). Candidates come from
an index over a content-chosen eighth of all shingles (Broder's "mod m" sketch) and are confirmed
on all shingles. Two reports of one event, and a correction that restates a figure, share far less
(measured: eval/DECISIONS.md); numbers changed in an otherwise equal text leave it a copy.

In memory only: 8 bytes a word of every known article, and the index.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from index.article import Article

SHINGLE = 5  # words
CONTAINED = 0.4  # share of the shorter text's shingles from which on it is a copy
LEAST = 20  # shingles below which a text is too short to be called a copy of anything
_SAMPLE = 8  # one shingle in this many is in the index
_COMMON = 2_000  # a shingle of more articles than this is a phrase, and tells nothing

Shingles = NDArray[np.uint64]
_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)


def shingles(text: str) -> Shingles:
    """The distinct hashes of the text's 5-word runs (case and punctuation aside), sorted."""
    words = [zlib.crc32(word.encode()) for word in _WORD.findall(text.lower())]
    if len(words) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    hashes = np.array(words, dtype=np.uint64)
    count = len(words) - SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for i in range(SHINGLE):  # overflow wraps round, which is what a hash wants
        mixed = (mixed ^ hashes[i : i + count]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def containment(a: Shingles, b: Shingles) -> float:
    """|A ∩ B| / min(|A|, |B|), in 0..1; 0 where either is empty."""
    if not len(a) or not len(b):
        return 0.0
    return len(np.intersect1d(a, b, assume_unique=True)) / min(len(a), len(b))


class Copies:
    """The articles of a library, to ask whether another is a near-copy of one of them."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        """`known`: (article id, cleaned text), the oldest first: the first one is the original."""
        self._shingles: dict[str, Shingles] = {}
        self._order: dict[str, int] = {}  # kept when an article is updated or removed and put back
        self._places: dict[int, list[str]] = defaultdict(list)
        for article_id, text in known:
            self.add(article_id, text)

    def original_of(self, article: Article) -> str | None:
        """The id of the first known article that this one is a near-copy of, else None.

        The article itself, known by its id in an earlier state, doesn't count.
        """
        own = shingles(article.text)
        if len(own) < LEAST:
            return None
        places = (self._places.get(key, ()) for key in _sampled(own))
        shared = Counter(known for place in places if len(place) <= _COMMON for known in place)
        likely = {known for known, n in shared.items() if n >= 2 and known != article.id}
        for known in sorted(likely, key=self._order.__getitem__):  # the oldest first
            if containment(own, self._shingles[known]) >= CONTAINED:
                return known
        return None

    def add(self, article_id: str, text: str) -> None:
        """Make an article known, in place of what was known under this id."""
        self.remove(article_id)
        found = shingles(text)
        if len(found) < LEAST:
            return
        self._shingles[article_id] = found
        self._order.setdefault(article_id, len(self._order))
        for key in _sampled(found):
            self._places[key].append(article_id)

    def remove(self, article_id: str) -> None:
        """Forget an article; nothing happens where it isn't known."""
        found = self._shingles.pop(article_id, None)
        for key in () if found is None else _sampled(found):
            self._places[key].remove(article_id)
            if not self._places[key]:
                del self._places[key]


def _sampled(found: Shingles) -> list[int]:
    chosen: list[int] = found[found % np.uint64(_SAMPLE) == 0].tolist()
    return chosen
