"""Articles into a library: what was named, to what became of each item.

Passages of several articles are encoded together (a full batch costs less a passage), while each
article is still written in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.library import Library
from index.reading.load import Refusal, load_in_turns
from index.splitting.passages import Passage, split
from index.storing.copies import CONTAINED, LEAST, Shingles, containment, sampled, shingles

BATCH = 256  # passages encoded together, at least, where there are as many to come

Status = Literal[
    "added", "updated", "unchanged", "duplicate", "refused", "gone", "postponed", "removed"
]
"""The last three only come of following (`index.following`): it vanished at its source, it is asked
for another time, or it had vanished and was removed as asked."""


class Counter(Protocol):
    """Counts tokens: an Encoder, or `index.splitting.tokens.TokenCounter`."""

    def count(self, text: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    `article` is as it is in the library (None when refused); of a duplicate, `article.copy_of`
    names the article that it is a near-copy of. `reason` says why it was refused, or what it is
    a copy of. `passages` is how many were written.
    """

    origin: str
    status: Status
    article: Article | None = None
    reason: str | None = None
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """An article whose passages were split and encoded elsewhere, one row of `vectors` each, by the
    library's encoder and from texts as the library has them (`Library.search_texts`)."""

    article: Article
    passages: Sequence[Passage]
    vectors: NDArray[np.float32]


def add(
    library: Library,
    targets: Sequence[str],
    *,
    source: str | None = None,
    counter: Counter | None = None,
    public: bool | None = None,
) -> Iterator[Outcome]:
    """Adds files, folders, urls and feeds; one Outcome for each item, in order.

    Passages are measured by the encoder's own word pieces (by `counter`, where one is given).
    A bad item is refused and the next one read. Items are fetched and read before the library's
    writer's lock is taken, and written some at a time; stopping keeps what was reported, and
    perhaps a few more. `public`: nothing of this computer's own network is fetched.
    Raises LibraryBusy, EncoderMismatch, UsageError (the library was opened without an encoder).
    """
    yield from take(library, load_in_turns(targets, source=source, public=public), counter=counter)


def take(
    library: Library,
    turns: Iterable[Sequence[Article | Encoded | Refusal]],
    *,
    counter: Counter | None = None,
    wait: float = 0,
) -> Iterator[Outcome]:
    """`add`, of items that were read already, some encoded already; the lock is held, and waited
    for, turn by turn."""
    encoder = library.encoder
    if encoder is None:
        raise UsageError(f"the library '{library.name}' was opened without an encoder")
    for items in turns:
        with library.writing(wait=wait):
            run = _Run(library, encoder, counter or encoder)
            for item in items:
                yield from run.take(item)
            yield from run.flush()


@dataclass(frozen=True, slots=True)
class _Waiting:
    outcome: Outcome
    passages: list[Passage]
    vectors: NDArray[np.float32] | None  # None: yet to be encoded
    shingles: Shingles
    sample: frozenset[int]


_NONE = shingles("")
_NO_VECTORS: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)


class _Run:
    """One call of `add`: what is known, and what waits to be encoded."""

    def __init__(self, library: Library, encoder: Encoder, counter: Counter) -> None:
        self._library = library
        self._encoder = encoder
        self._counter = counter
        self._waiting: list[_Waiting] = []
        self._size = 0

    def take(self, item: Article | Encoded | Refusal) -> Iterator[Outcome]:
        """Puts an item in line; gives the outcomes that are ready."""
        if isinstance(item, Refusal):
            self._wait(Outcome(item.origin, "refused", reason=item.reason))
        else:
            encoded = item if isinstance(item, Encoded) else None
            article = item.article if isinstance(item, Encoded) else item
            origin = article.url or article.path
            if any(w.outcome.article and origin == w.outcome.origin for w in self._waiting):
                yield from self.flush()  # the same article twice in a row: the first goes first
            self._take_article(article, encoded)
        if self._size >= BATCH or not self._size:
            yield from self.flush()

    def flush(self) -> Iterator[Outcome]:
        """Encodes and writes what waits."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        texts = [
            text
            for w in waiting
            if w.outcome.article and w.vectors is None
            for text in self._library.search_texts(w.outcome.article, w.passages)
        ]
        fresh = self._encoder.encode(texts) if texts else _NO_VECTORS
        at = 0
        for w in waiting:
            if w.passages and w.outcome.article:
                own = w.vectors
                if own is None:
                    own, at = fresh[at : at + len(w.passages)], at + len(w.passages)
                self._library.put(w.outcome.article, w.passages, own)
            yield w.outcome

    def _take_article(self, article: Article, encoded: Encoded | None) -> None:
        origin = article.url or article.path or article.id
        try:
            article.text.encode(), article.title.encode()
        except UnicodeEncodeError:
            self._wait(Outcome(origin, "refused", reason="its text is not valid Unicode"))
            return
        article, known = self._library.identify(article)
        if known is not None and replace(known, path=article.path, gone=None) == replace(
            article, copy_of=known.copy_of
        ):
            if known.gone is not None:
                self._library.mark_gone([known.id], None)
                known = replace(known, gone=None)
            if known.path != article.path:
                known = self._library.moved(known, article.path)
            self._wait(Outcome(origin, "unchanged", known))
            return
        own = shingles(article.text)
        original = self._original(article, own)
        article = replace(article, copy_of=original.id if original else None)
        passages, vectors = self._passages(article, encoded)
        if not passages:
            self._wait(Outcome(origin, "refused", reason="it holds no text"))
            return
        status: Status = "added" if known is None else "updated"
        reason = None
        if original is not None and (known is None or known.copy_of != original.id):
            status = "duplicate"
        if original is not None:
            reason = f"a copy of '{original.title}'"
        outcome = Outcome(origin, status, article, reason, len(passages))
        self._wait(outcome, passages, own, vectors)

    def _passages(
        self, article: Article, encoded: Encoded | None
    ) -> tuple[list[Passage], NDArray[np.float32] | None]:
        """Of an article as it is called here; their vectors where they were encoded under the same
        title, which a person may have edited."""
        if encoded is None:
            count, fits = self._counter.count, self._encoder.fits
            return split(article.id, article.text, count, fits=fits), None
        passages = [replace(passage, article_id=article.id) for passage in encoded.passages]
        return passages, encoded.vectors if encoded.article.title == article.title else None

    def _original(self, article: Article, own: Shingles) -> Article | None:
        """What the article is a near-copy of: never a copy itself, never a copy of the article."""
        id = self._library.original_of(article) or self._waiting_original(article, own)
        found = self._article(id) if id else None
        if found is not None and found.copy_of:
            found = self._article(found.copy_of)
        return None if found is None or found.id == article.id else found

    def _waiting_original(self, article: Article, own: Shingles) -> str | None:
        sample = frozenset(sampled(own))
        for w in self._waiting:
            other = w.outcome.article
            if (
                other is not None
                and other.id != article.id
                and min(len(own), len(w.shingles)) >= LEAST
                and len(sample & w.sample) >= 2
                and containment(own, w.shingles) >= CONTAINED
            ):
                return other.id
        return None

    def _article(self, id: str) -> Article | None:
        for w in self._waiting:
            if w.outcome.article and w.outcome.article.id == id:
                return w.outcome.article
        return self._library.article(id)

    def _wait(
        self,
        outcome: Outcome,
        passages: Sequence[Passage] = (),
        own: Shingles = _NONE,
        vectors: NDArray[np.float32] | None = None,
    ) -> None:
        sample = frozenset(sampled(own))
        self._waiting.append(_Waiting(outcome, list(passages), vectors, own, sample))
        self._size += len(passages) if vectors is None else 0
