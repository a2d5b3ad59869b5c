"""What is followed, looked at once: what came is read as `index.ingest.add` reads it, and counted.

Everything that is known is written as it is learnt, what a list names before any of it is read and
what came of a page only after its article was stored: a refresh that is cut off, by a crash too,
goes on with the next one, and nothing is lost or there twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from index.article import Article
from index.errors import LibraryBusy, UsageError
from index.following import folders, memory
from index.following.manners import Manners, in_turn, next_look, pause, rests
from index.following.memory import Followed, Item, Listed
from index.ingest import Outcome, take
from index.library import Library
from index.reading.items import Asking, Feed, Fetched, Refusal
from index.reading.reader import Reader, metadata

WAIT = 60.0  # seconds for another process that writes
_TURN_SECONDS, _TURN_SIZE = 3.0, 5_000_000  # after which what was read is written
_BUSY = (429, 503)
_ABSENT = (404, 410)


@dataclass(frozen=True, slots=True)
class Clock:
    """Times and chance, as the tests need them otherwise. `now`: seconds of the day's clock, which
    may jump; `running`: of one that doesn't."""

    now: Callable[[], float] = time.time
    running: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")

    def day(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).date()


def refresh(
    library: Library,
    targets: Sequence[str] = (),
    *,
    remove_gone: bool = False,
    public: bool | None = None,
    manners: Manners | None = None,
    clock: Clock | None = None,
    reader: Reader | None = None,
) -> Iterator[Outcome]:
    """Looks at what is followed (`targets` of it, else all); one Outcome for each thing looked at.

    An article that vanished at its source is marked ("gone"), and removed where `remove_gone` asks
    for it. `public`: nothing of this computer's own network is fetched. `reader` is used, and left
    open, where one is given. Raises UsageError (nothing is followed, or not that), LibraryBusy
    (another refresh is under way, or another writer doesn't end within a minute).
    """
    run = _Run(library, public, manners or Manners(), clock or Clock())
    with library.reading() as db:
        found = memory.followed(db)
    if unknown := [target for target in targets if target not in {f.target for f in found}]:
        raise UsageError(f"'{unknown[0]}' isn't followed; `dateline follow --list` shows what is")
    if not found:
        raise UsageError("nothing is followed yet; start with `dateline follow URL|FOLDER`")
    with _alone(library), ExitStack() as stack:
        reading = reader or stack.enter_context(Reader())
        for one in found:
            if not targets or one.target in targets:
                yield from run.followed(one, reading)
                if remove_gone:
                    yield from run.remove_gone(one)


@contextmanager
def _alone(library: Library) -> Iterator[None]:
    lock = FileLock(library.path / "refresh.lock", thread_local=False)
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise LibraryBusy(
            f"another refresh of the library '{library.path}' is under way; it does the same"
        ) from None


@dataclass(slots=True)
class _Look:
    """An item that was looked at, and what was found."""

    item: Item
    found: list[Article | Refusal]
    fetched: Fetched | None = None
    stamp: str | None = None


@dataclass(slots=True)
class _Turn:
    looks: list[_Look] = field(default_factory=list)
    size: int = 0
    end: float = 0.0


class _Run:
    def __init__(
        self, library: Library, public: bool | None, manners: Manners, clock: Clock
    ) -> None:
        self._library = library
        self._public = public
        self._manners = manners
        self._clock = clock
        self._asked: Counter[str] = Counter()  # pages of each host
        self._free: dict[str, float] = {}  # when the next request to a host may be made
        self._delay: dict[str, float] = {}
        self._turn = _Turn()
        self._note = ""  # what was wrong with what is followed now

    def followed(self, one: Followed, reader: Reader) -> Iterator[Outcome]:
        self._note = ""
        if one.is_folder:
            yield from self._folder(one, reader)
        else:
            yield from self._addresses(one, reader)
        with self._library.noting(wait=WAIT) as db:
            memory.refreshed(db, one.n, self._clock.stamp(), self._note)

    # --- feeds and sitemaps -----------------------------------------------------------------

    def _addresses(self, one: Followed, reader: Reader) -> Iterator[Outcome]:
        done: set[str] = set()
        with self._library.reading() as db:
            known = memory.lists(db, one.n)
        waiting = [known.get(one.target) or Listed(one.target, "", "", False)]
        while waiting:
            listed = waiting.pop(0)
            done.add(listed.address)
            yield from self._list(one, listed, reader)
            with self._library.reading() as db:
                known = memory.lists(db, one.n)
            waiting = [listed for address, listed in known.items() if address not in done]
        yield from self._pages(one, reader)

    def _list(self, one: Followed, listed: Listed, reader: Reader) -> Iterator[Outcome]:
        """Asks for a feed or a sitemap, and notes what it names."""
        own = listed.address == one.target
        inside = own or self._inside(one)
        host, why = self._may_ask(listed.address)
        if why:
            yield self._failed(one, listed.address, "postponed", why, own)
            return
        fetched, found = self._ask(
            reader, listed.address, one.source, inside, Asking(listed.etag, listed.modified), False
        )
        feed = next((item for item in found if isinstance(item, Feed)), None)
        refusal = next((item for item in found if isinstance(item, Refusal)), None)
        if refusal is not None and self._left_alone(host, refusal):
            yield self._failed(one, listed.address, "postponed", refusal.reason, own)
        elif refusal is not None and feed is None:
            yield self._failed(one, listed.address, "refused", refusal.reason, own)
        elif feed is None and (fetched is None or not fetched.unchanged):
            why = "it is a page, no feed and no news sitemap; `dateline add` it"
            yield self._failed(one, listed.address, "refused", why, own)
        elif fetched is not None:
            with self._library.noting(wait=WAIT) as db:
                memory.note_list(db, one.n, listed.address, _validators(fetched, listed), feed)
            if feed is not None and feed.cut:
                why = f"it has {feed.cut} entries more than are followed at once"
                yield Outcome(listed.address, "postponed", reason=why)

    def _failed(self, one: Followed, address: str, status: str, reason: str, own: bool) -> Outcome:
        if own:
            self._note = reason
        assert status in ("refused", "postponed")
        return Outcome(address, "refused" if status == "refused" else "postponed", reason=reason)

    def _inside(self, one: Followed) -> bool:
        with self._library.reading() as db:
            own = memory.lists(db, one.n).get(one.target)
        return own is not None and own.inside

    def _pages(self, one: Followed, reader: Reader) -> Iterator[Outcome]:
        with self._library.reading() as db:
            items = memory.due(db, one.n, self._clock.now())
        for item in in_turn((urlsplit(item.origin).hostname, item) for item in items):
            host, why = self._may_ask(item.origin)
            if not why and self._asked[host] >= self._manners.most:
                why = f"{self._manners.most} pages of {host} were asked for at once"
            if not why and host not in self._asked and len(self._asked) >= self._manners.hosts:
                why = f"{self._manners.hosts} servers were asked at once"
            if why:
                yield Outcome(item.origin, "postponed", reason=why)
                continue
            self._asked[host] += 1
            asking = Asking(item.etag, item.modified)
            fetched, found = self._ask(reader, item.origin, one.source, item.inside, asking, item)
            yield from self._looked(item, fetched, [f for f in found if not isinstance(f, Feed)])
        yield from self._flush()

    def _looked(
        self, item: Item, fetched: Fetched | None, found: list[Article | Refusal]
    ) -> Iterator[Outcome]:
        refusal = found[0] if len(found) == 1 and isinstance(found[0], Refusal) else None
        host = urlsplit(item.origin).hostname or ""
        if fetched is not None and fetched.unchanged:
            self._settle(item, "read" if item.state == "waiting" else item.state, fetched, False)
            yield Outcome(item.origin, "unchanged")
        elif refusal is not None and self._left_alone(host, refusal):
            yield Outcome(item.origin, "postponed", reason=refusal.reason)
        elif refusal is not None and refusal.status in _ABSENT:
            yield from self._gone(item, refusal.reason)
        elif refusal is not None:
            self._settle(item, "refused", fetched, False)
            yield Outcome(item.origin, "refused", reason=refusal.reason)
        else:
            yield from self._read(_Look(item, found, fetched))

    # --- asking -----------------------------------------------------------------------------

    def _may_ask(self, address: str) -> tuple[str, str]:
        """The address's host, and why it may not be asked now."""
        host = urlsplit(address).hostname or ""
        with self._library.reading() as db:
            since, wait, _ = memory.host(db, host)
        now = self._clock.now()
        if rests(now, since, wait):
            return host, f"{host} asked to be left alone, for {_span(since + wait - now)} more"
        return host, ""

    def _ask(
        self,
        reader: Reader,
        address: str,
        source: str | None,
        inside: bool,
        asking: Asking,
        item: Item | bool,
    ) -> tuple[Fetched | None, list[Article | Refusal | Feed]]:
        """After the delay that its host is owed."""
        host = urlsplit(address).hostname or ""
        if (owed := self._free.get(host, 0.0) - self._clock.running()) > 0:
            self._clock.sleep(owed)
        public = self._public if inside else True
        known = metadata(item.fields) if isinstance(item, Item) else None
        fetched: Fetched | None = None
        found: list[Article | Refusal | Feed] = []
        for said in reader.address(address, source, public, known, asking):
            if isinstance(said, Fetched):
                fetched = said
            else:
                found.append(said)
        if fetched is not None:
            self._delay[host] = max(self._manners.delay, fetched.delay)
            self._answered(host)
        delay = self._delay.get(host, self._manners.delay)
        self._free[host] = self._clock.running() + delay
        return fetched, found

    def _answered(self, host: str) -> None:
        with self._library.reading() as db:
            failures = memory.host(db, host)[2]
        if failures:
            with self._library.noting(wait=WAIT) as db:
                memory.note_host(db, host, 0.0, 0.0, 0)

    def _left_alone(self, host: str, refusal: Refusal) -> bool:
        """Whether the server is out of breath: then it is asked nothing for a while."""
        busy = refusal.status in _BUSY or refusal.status >= 500
        if not busy and not refusal.unreachable:
            return False
        with self._library.noting(wait=WAIT) as db:
            failures = memory.host(db, host)[2] + 1
            wait = pause(
                self._manners,
                failures,
                refusal.wait,
                away=refusal.unreachable,
                chance=self._clock.chance(),
            )
            memory.note_host(db, host, self._clock.now(), wait, failures)
        return True

    # --- folders ----------------------------------------------------------------------------

    def _folder(self, one: Followed, reader: Reader) -> Iterator[Outcome]:
        with self._library.reading() as db:
            known, removed = memory.files(db, one.n), memory.dropped(db, one.n)
        try:
            seen = folders.look(one.target, known)
        except folders.Absent as absent:
            self._note = str(absent)
            yield Outcome(one.target, "refused", reason=self._note)
            return
        new = [path for path in seen.stamps if path not in known and path not in removed]
        if new:
            with self._library.noting(wait=WAIT) as db:
                memory.note_files(db, one.n, one.target, new)
                known = memory.files(db, one.n)
        for path, stamp in seen.stamps.items():
            item = known.get(path)
            if item is None:
                continue
            if item.stamp == stamp and item.state != "waiting" and not item.gone:
                yield Outcome(path, "unchanged")
                continue
            yield from self._read(_Look(item, folders.read(path, one.source, reader), None, stamp))
        yield from self._flush()
        for path, item in known.items():
            if path not in seen.stamps and not item.gone and not seen.hidden(path):
                yield from self._gone(item, "the file isn't there")
        for path, reason in seen.failed.items():
            yield Outcome(path, "refused", reason=reason)

    # --- writing ----------------------------------------------------------------------------

    def _read(self, look: _Look) -> Iterator[Outcome]:
        """Puts what was read in line; gives the outcomes of what was written."""
        turn = self._turn
        if not turn.looks:
            turn.end = self._clock.running() + _TURN_SECONDS
        turn.looks.append(look)
        turn.size += sum(len(f.text) for f in look.found if isinstance(f, Article))
        if turn.size >= _TURN_SIZE or self._clock.running() >= turn.end:
            yield from self._flush()

    def _flush(self) -> Iterator[Outcome]:
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

    def _written(self, look: _Look, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Notes what came of an item, and marks the articles that it no longer holds."""
        now = {outcome.article.id for outcome in outcomes if outcome.article is not None}
        whole = all(outcome.status != "refused" for outcome in outcomes)
        changed = any(o.status in ("added", "updated", "duplicate") for o in outcomes)
        with self._library.noting(wait=WAIT) as db:
            before = memory.held(db, look.item)
            memory.hold(db, look.item, now)
        self._settle(
            look.item, "read" if now else "refused", look.fetched, changed, stamp=look.stamp
        )
        if not whole or not now:
            return []
        return self._mark(look.item, before - now, "its source no longer holds it")

    def _settle(
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

    def _gone(self, item: Item, reason: str) -> Iterator[Outcome]:
        with self._library.reading() as db:
            held = memory.held(db, item)
        if not held:
            self._settle(item, "refused", None, False)
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


def _validators(fetched: Fetched, listed: Listed) -> Fetched:
    """An answer that it is unchanged may leave out what it came with."""
    if not fetched.unchanged:
        return fetched
    return Fetched(listed.etag, listed.modified, True, fetched.delay, fetched.inside)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
