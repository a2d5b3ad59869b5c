"""What is followed, looked at once: what came is read as `index.ingest.add` reads it, and counted.

Everything that is known is written as it is learnt, what a list names before any of it is read and
what came of a page only after its article was stored: a refresh that is cut off, by a crash too,
goes on with the next one, and nothing is lost or there twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from index.article import Article
from index.errors import LibraryBusy, UsageError
from index.following import folders, memory
from index.following.clock import Clock
from index.following.manners import Manners, in_turn
from index.following.memory import WAIT, Followed, Item, Listed
from index.following.servers import Servers
from index.following.taking import Look, Taking
from index.ingest import Outcome
from index.library import Library
from index.reading.items import Asking, Feed, Fetched, Refusal
from index.reading.reader import Reader

_ABSENT = (404, 410)


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
                    yield from run.taking.remove_gone(one)


@contextmanager
def _alone(library: Library) -> Iterator[None]:
    lock = FileLock(library.path / "refresh.lock", thread_local=False)
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise LibraryBusy(
            f"another refresh of the library '{library.name}' is under way; it does the same"
        ) from None


class _Run:
    def __init__(
        self, library: Library, public: bool | None, manners: Manners, clock: Clock
    ) -> None:
        self._library = library
        self._clock = clock
        self._servers = Servers(library, public, manners, clock)
        self.taking = Taking(library, manners, clock)
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
        host, why = self._servers.may_ask(listed.address)
        if why:
            yield self._failed(one, listed.address, "postponed", why, own)
            return
        fetched, found = self._servers.ask(
            reader, listed.address, one.source, inside, Asking(listed.etag, listed.modified)
        )
        feed = next((item for item in found if isinstance(item, Feed)), None)
        refusal = next((item for item in found if isinstance(item, Refusal)), None)
        if refusal is not None and self._servers.left_alone(host, refusal):
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
            if why := self._servers.may_ask_page(item.origin):
                yield Outcome(item.origin, "postponed", reason=why)
                continue
            asking = Asking(item.etag, item.modified)
            fetched, found = self._servers.ask(
                reader, item.origin, one.source, item.inside, asking, item
            )
            yield from self._looked(item, fetched, [f for f in found if not isinstance(f, Feed)])
        yield from self.taking.flush()

    def _looked(
        self, item: Item, fetched: Fetched | None, found: list[Article | Refusal]
    ) -> Iterator[Outcome]:
        refusal = found[0] if len(found) == 1 and isinstance(found[0], Refusal) else None
        host = urlsplit(item.origin).hostname or ""
        if fetched is not None and fetched.unchanged:
            self.taking.settle(
                item, "read" if item.state == "waiting" else item.state, fetched, False
            )
            yield Outcome(item.origin, "unchanged")
        elif refusal is not None and self._servers.left_alone(host, refusal):
            yield Outcome(item.origin, "postponed", reason=refusal.reason)
        elif refusal is not None and refusal.status in _ABSENT:
            yield from self.taking.gone(item, refusal.reason)
        elif refusal is not None:
            self.taking.settle(item, "refused", fetched, False)
            yield Outcome(item.origin, "refused", reason=refusal.reason)
        else:
            yield from self.taking.read(Look(item, found, fetched))

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
            yield from self.taking.read(
                Look(item, folders.read(path, one.source, reader), None, stamp)
            )
        yield from self.taking.flush()
        for path, item in known.items():
            if path not in seen.stamps and not item.gone and not seen.hidden(path):
                yield from self.taking.gone(item, "the file isn't there")
        for path, reason in seen.failed.items():
            yield Outcome(path, "refused", reason=reason)


def _validators(fetched: Fetched, listed: Listed) -> Fetched:
    """An answer that it is unchanged may leave out what it came with."""
    if not fetched.unchanged:
        return fetched
    return Fetched(listed.etag, listed.modified, True, fetched.delay, fetched.inside)
