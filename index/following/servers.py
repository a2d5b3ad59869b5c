"""Servers asked politely: which may be asked now, after which delay, and which are left alone.

What a server has asked for is kept in the library, for the next refresh too.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from index.article import Article
from index.following import memory
from index.following.clock import Clock
from index.following.manners import Manners, pause, rests
from index.following.memory import WAIT, Item
from index.library import Library
from index.reading.items import Asking, Feed, Fetched, Refusal
from index.reading.reader import Reader, metadata

_BUSY = (429, 503)


class Servers:
    """For one refresh. `public`: nothing of this computer's own network is fetched."""

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

    def may_ask(self, address: str) -> tuple[str, str]:
        """The address's host, and why it may not be asked now."""
        host = urlsplit(address).hostname or ""
        with self._library.reading() as db:
            since, wait, _ = memory.host(db, host)
        now = self._clock.now()
        if rests(now, since, wait):
            return host, f"{host} asked to be left alone, for {_span(since + wait - now)} more"
        return host, ""

    def may_ask_page(self, address: str) -> str:
        """Why a page isn't asked for in this refresh; "" where it is: then it is counted."""
        host, why = self.may_ask(address)
        if not why and self._asked[host] >= self._manners.most:
            why = f"{self._manners.most} pages of {host} were asked for at once"
        if not why and host not in self._asked and len(self._asked) >= self._manners.hosts:
            why = f"{self._manners.hosts} servers were asked at once"
        if not why:
            self._asked[host] += 1
        return why

    def ask(
        self,
        reader: Reader,
        address: str,
        source: str | None,
        inside: bool,
        asking: Asking,
        item: Item | None = None,
    ) -> tuple[Fetched | None, list[Article | Refusal | Feed]]:
        """After the delay that its host is owed."""
        host = urlsplit(address).hostname or ""
        if (owed := self._free.get(host, 0.0) - self._clock.running()) > 0:
            self._clock.sleep(owed)
        public = self._public if inside else True
        known = metadata(item.fields) if item is not None else None
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

    def left_alone(self, host: str, refusal: Refusal) -> bool:
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


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
