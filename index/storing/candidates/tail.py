"""The words of the passages that came since a library's files of words were written, in memory: to
those files what the flat vectors are to their built form.

All are compared, a word at a time. BM25 is weighed as the files weigh it: how rare a word is, by
files and tail together; how long a passage is, by the files' average. So both lists are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.article import Head
from index.search import Filter
from index.storing.candidates.protocol import Scored
from index.storing.database import Database
from index.storing.rows import HEAD, head_of

K1, B = 1.2, 0.75  # how soon more of a word says no more; how much a long passage loses: tantivy's
_END = -1  # after each text: no phrase goes beyond

Cut = Callable[[str], list[str]]
"""A text's words as they are looked for."""
Clause = tuple[str, ...]
"""A word; or several, one after the other."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Came:
    """A passage as the tail needs it."""

    number: int
    head: Head
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Tail:
    """Passages in the order of their numbers; never changed, but for words that are `known`."""

    cut: Cut
    known: dict[str, int] = field(default_factory=dict)  # in this one and those it grew from
    words: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    owners: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    numbers: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    lengths: Floats = field(default_factory=lambda: np.empty(0))
    heads: tuple[Head, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def grown(self, came: Sequence[Came]) -> Tail:
        """With these too, whose numbers are higher."""
        if not came:
            return self
        known = self.known
        words: list[int] = []
        owners: list[int] = []
        lengths: list[int] = []
        titles: dict[str, list[str]] = {}
        for at, passage in enumerate(came, start=len(self)):
            title = passage.head.title
            titles[title] = titles.get(title) or self.cut(title)
            begun = len(words)
            for text in (titles[title], self.cut(passage.heading), self.cut(passage.text)):
                words += [known.setdefault(word, len(known)) for word in text]
                words.append(_END)
            owners += [at] * (len(words) - begun)
            lengths.append(_rounded(len(words) - begun - 3))
        return Tail(
            self.cut,
            known,
            np.concatenate([self.words, np.array(words, dtype=np.int32)]),
            np.concatenate([self.owners, np.array(owners, dtype=np.int32)]),
            np.concatenate([self.numbers, np.array([one.number for one in came], dtype=np.int64)]),
            np.concatenate([self.lengths, np.array(lengths)]),
            self.heads + tuple(one.head for one in came),
        )

    def count(self, word: str) -> int:
        """How many passages have it."""
        return int(np.count_nonzero(self._times((word,))))

    def scores(self, weighed: Sequence[tuple[Clause, float]], average: float) -> Floats:
        """BM25 of each passage, of clauses with their weights (the idf); 0 where it has none."""
        total = np.zeros(len(self))
        shortness = K1 * (1 - B + B * self.lengths / average)
        for clause, weight in weighed:
            times = self._times(clause)
            total += weight * (K1 + 1) * times / (times + shortness)
        return total

    def there(self, highest: int, hidden: Collection[int]) -> NDArray[np.bool_]:
        """Which are up to that number, and not hidden."""
        shown: NDArray[np.bool_] = self.numbers <= highest
        if hidden:
            shown &= ~np.isin(self.numbers, np.fromiter(hidden, dtype=np.int64))
        return shown

    def best(self, scores: Floats, depth: int, filter: Filter) -> Scored:
        """The best of those with a score, that the filter lets through."""
        places = np.flatnonzero(scores > 0)
        found: Scored = []
        for at in places[np.lexsort((self.numbers[places], -scores[places]))].tolist():
            if len(found) == depth:
                break
            if lets_through(filter, self.heads[at]):
                found.append((int(self.numbers[at]), float(scores[at])))
        return found

    def _times(self, clause: Clause) -> Floats:
        """How often it is in each passage."""
        words = [self.known.get(word) for word in clause]
        if None in words:
            return np.zeros(len(self))
        at = np.flatnonzero(self.words == words[0])
        for step, word in enumerate(words[1:], start=1):  # (within: an end comes first)
            at = at[self.words[at + step] == word]
        return np.bincount(self.owners[at], minlength=len(self)).astype(np.float64)


def idf(passages: int, having: int) -> float:
    """How much a word tells that so many of all passages have: ln(1 + (N - n + ½) / (n + ½))."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


def came_since(db: Database, above: int) -> list[Came]:
    """The passages with a number above this one, in order."""
    rows = db.execute(
        f'SELECT p.n, p.heading, substr(t.text, p.start + 1, p."end" - p.start), a.n, {HEAD}'  # noqa: S608
        " FROM passages p JOIN articles a ON a.n = p.article JOIN texts t ON t.article = a.n"
        " WHERE p.n > ? ORDER BY p.n",
        [above],
    ).fetchall()
    heads: dict[int, Head] = {}
    for _, _, _, article, *head in rows:
        if article not in heads:
            heads[article] = head_of(head)
    return [Came(n, heads[article], heading, text) for n, heading, text, article, *_ in rows]


def lets_through(filter: Filter, head: Head) -> bool:
    day = head.published
    return (
        (filter.since is None or (day is not None and day >= filter.since))
        and (filter.until is None or (day is not None and day <= filter.until))
        and (not filter.sources or head.source in filter.sources)
        and (not filter.articles or head.id in filter.articles)
    )


def _rounded(length: int) -> int:
    """As the files keep it in a byte: exact up to 40, then with four binary digits above 24."""
    above = length - 24
    step = max(0, above.bit_length() - 4) if above >= 16 else 0
    return 24 + (above >> step << step) if step else length
