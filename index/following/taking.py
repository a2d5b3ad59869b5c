"""What was read of something followed, taken into the library, and what came of it noted.

An article is stored before that is noted: after a cut-off it is read again, and is there once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from index.article import Article
from index.following import memory
from index.following.clock import Clock
from index.following.manners import Manners, next_look
from index.following.memory import WAIT, Followed, Item
from index.ingest import Outcome, take
from index.library import Library
from index.reading.items import Fetched, Refusal

_TURN_SECONDS, _TURN_SIZE = 3.0, 5_000_000  # after which what was read is written


@dataclass(slots=True)
class Look:
    """An item that was looked at, and what was found."""

    item: Item
    found: list[Article | Refusal]
    fetched: Fetched | None = None
    stamp: str | None = None


@dataclass(slots=True)
class _Turn:
    looks: list[Look] = field(default_factory=list)
    size: int = 0
    end: float = 0.0


class Taking:
    """For one refresh: what is read is written a turn at a time."""

    def __init__(self, library: Library, manners: Manners, clock: Clock) -> None:
        self._library = library
        self._manners = manners
        self._clock = clock
        self._turn = _Turn()

    def read(self, look: Look) -> Iterator[Outcome]:
        """Puts what was read in line; gives the outcomes of what was written."""
        turn = self._turn
        if not turn.looks:
            turn.end = self._clock.running() + _TURN_SECONDS
        turn.looks.append(look)
        turn.size += sum(len(f.text) for f in look.found if isinstance(f, Article))
        if turn.size >= _TURN_SIZE or self._clock.running() >= turn.end:
            yield from self.flush()

    def flush(self) -> Iterator[Outcome]:
        looks, self._turn = self._turn.looks, _Turn()
        if not looks:
            return
        items = [item for look in looks for item in look.found]
        with closing(take(self._library, [items] if items else [], wait=WAIT)) as outcomes:  # type: ignore[type-var]
            for look in looks:
                mine = [next(outcomes) for _ in look.found]
                gone = self._written(look, mine)
                yield from mine
                yield from gone

    def _written(self, look: Look, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Notes what came of an item, and marks the articles that it no longer holds."""
        now = {outcome.article.id for outcome in outcomes if outcome.article is not None}
        whole = all(outcome.status != "refused" for outcome in outcomes)
        changed = any(o.status in ("added", "updated", "duplicate") for o in outcomes)
        with self._library.noting(wait=WAIT) as db:
            before = memory.held(db, look.item)
            memory.hold(db, look.item, now)
        self.settle(
            look.item, "read" if now else "refused", look.fetched, changed, stamp=look.stamp
        )
        if not whole or not now:
            return []
        return self._mark(look.item, before - now, "its source no longer holds it")

    def settle(
        self,
        item: Item,
        state: str,
        fetched: Fetched | None,
        changed: bool,
        stamp: str | None = None,
    ) -> None:
        wait = next_look(self._manners, item.wait, changed=changed, chance=self._clock.chance())
        with self._library.noting(wait=WAIT) as db:
            memory.note_item(
                db,
                item,
                state=state,
                now=self._clock.now(),
                wait=wait,
                stamp=stamp,
                fetched=fetched,
            )

    def gone(self, item: Item, reason: str) -> Iterator[Outcome]:
        with self._library.reading() as db:
            held = memory.held(db, item)
        if not held:
            self.settle(item, "refused", None, False)
            yield Outcome(item.origin, "refused", reason=reason)
            return
        marked = self._mark(item, held, reason)
        now = self._clock.now()
        wait = next_look(self._manners, item.wait, changed=False, chance=self._clock.chance())
        with self._library.noting(wait=WAIT) as db:
            memory.note_gone(db, item, now, self._clock.day().isoformat(), wait)
        yield from marked

    def _mark(self, item: Item, ids: set[str], reason: str) -> list[Outcome]:
        with self._library.reading() as db:
            alone = memory.only_here(db, item, sorted(ids))
        there = [a for a in map(self._library.article, alone) if a is not None and not a.gone]
        if there:
            with self._library.writing(wait=WAIT):
                self._library.mark_gone([a.id for a in there], self._clock.day())
        return [
            Outcome(item.origin, "gone", self._library.article(article.id), reason)
            for article in there
        ]

    def remove_gone(self, one: Followed) -> Iterator[Outcome]:
        with self._library.reading() as db:
            ids = memory.gone_articles(db, one.n)
        articles = [a for a in map(self._library.article, ids) if a is not None]
        if ids:
            with self._library.writing(wait=WAIT):
                self._library.remove(ids)
        with self._library.noting(wait=WAIT) as db:
            memory.forget_gone(db, one.n)
        for article in articles:
            origin = article.url or article.path or article.id
            yield Outcome(origin, "removed", article, "it had vanished at its source")
