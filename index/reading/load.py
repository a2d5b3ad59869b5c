"""Articles in: what a person named (a file, a folder, an address, a feed) to articles.

`load` never ends early because of one bad item: it gives a Refusal with the reason and goes on.
All but small plain text is fetched and read by a `Reader`, a process with limits of its own.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from index.article import Article
from index.errors import Refused
from index.reading import documents
from index.reading.ahead import ahead
from index.reading.items import (
    KINDS,
    MAX_BYTES,
    Feed,
    Fetched,
    Refusal,
    of_bytes,
    read_bytes,
    reason,
)
from index.reading.reader import Reader

__all__ = ["KINDS", "MAX_BYTES", "Refusal", "files_of", "is_address", "load", "load_file",
           "load_in_turns", "named_files"]  # fmt: skip

FEED_SECONDS = 900  # for all entries of a feed
_PLAIN = 1_000_000  # bytes of a text that is read here: what reads it is linear and small
_HOSTS = 100  # hosts that one feed may send this program to
_SILENT = 3  # times that a host may not answer before its other entries are refused
_TURN, _TURN_SIZE, _TURN_SECONDS = 1_000, 5_000_000, 3.0  # items, characters; whichever is first
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://")


def load(
    target: str,
    *,
    source: str | None = None,
    public: bool | None = None,
    reader: Reader | None = None,
) -> Iterator[Article | Refusal]:
    """The articles of a file, a folder (recursive, in order of names), a url or a feed's url.

    `source` is the outlet of articles that don't name theirs. Hidden files and, in a folder,
    files of other kinds are passed over. Only http and https are fetched: the url that was
    named and, if that is a feed, the links of its entries. `public`: nothing of this computer's
    own network is fetched (None: nothing of it that others point to). `reader` is used, and left
    open, where one is given.
    """
    if reader is None:
        with Reader() as own:
            yield from load(target, source=source, public=public, reader=own)
        return
    target = target.strip() if "://" in target else target
    try:
        if is_address(target):
            yield from _load_url(target, source, public, reader)
            return
    except Exception as error:
        yield Refusal(_printable(target), reason(error))
        return
    for found in named_files(target):
        if isinstance(found, Refusal):
            yield found
        else:
            yield from load_file(found, source, reader)


def is_address(target: str) -> bool:
    """Whether a target is fetched; else it is a file or a folder."""
    return bool(_SCHEME.match(target.strip()))


def named_files(target: str) -> Iterator[Path | Refusal]:
    """The files that a target names, in the order of `load`; reads none of them."""
    try:
        if not target.strip():
            raise Refused("nothing was named; name a file, a folder or an address")
        path = _expanded(target)
        if path.is_dir():
            yield from _files_in(path)
        elif path.exists() or path.is_symlink():
            yield path
        else:
            raise Refused("there is no such file or folder; check its name")
    except Exception as error:  # a name too long, a NUL in it, a loop of links
        yield Refusal(_printable(target), reason(error))


def load_in_turns(
    targets: Sequence[str], *, source: str | None = None, public: bool | None = None
) -> Iterator[list[Article | Refusal]]:
    """`load` of several, in turns that are written at once: nobody waits long for the first, and
    who writes needs no lock while a slow server is waited for. One turn is read ahead."""
    with Reader() as reader:
        yield from ahead(_turns(targets, source, public, reader), reader.end)


def _turns(
    targets: Sequence[str], source: str | None, public: bool | None, reader: Reader
) -> Iterator[list[Article | Refusal]]:
    turn: list[Article | Refusal] = []
    size, end = 0, time.monotonic() + _TURN_SECONDS
    for target in targets:
        for item in load(target, source=source, public=public, reader=reader):
            if reader.ended:
                return
            turn.append(item)
            size += len(item.text) if isinstance(item, Article) else 0
            if size >= _TURN_SIZE or len(turn) >= _TURN or time.monotonic() >= end:
                yield turn
                turn, size, end = [], 0, time.monotonic() + _TURN_SECONDS
    if turn:
        yield turn


def _expanded(target: str) -> Path:
    try:
        return Path(target).expanduser()
    except RuntimeError:  # "~nosuchuser"
        return Path(target)


def _printable(name: str) -> str:
    """A name as it can be shown and stored, where it isn't valid Unicode."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def files_of(folder: Path, failed: list[OSError]) -> Iterator[Path]:
    """The files of a folder that may hold articles, in order of names; what can't be looked into
    goes to `failed`."""
    for parent, folders, names in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.suffix.lower() in KINDS:
                yield path


def _files_in(folder: Path) -> Iterator[Path | Refusal]:
    any_found = False
    failed: list[OSError] = []
    for path in files_of(folder, failed):
        any_found = True
        yield path
    for error in failed:
        yield Refusal(_printable(str(error.filename)), reason(error))
    if not any_found and not failed:
        kinds = ", ".join(sorted(KINDS))
        yield Refusal(str(folder), f"the folder holds no articles; name one with files of {kinds}")


def load_file(path: Path, source: str | None, reader: Reader) -> Iterator[Article | Refusal]:
    """The articles of a file; a refusal where it is none or can't be read."""
    try:
        origin = os.path.realpath(path)
        data = _plain_text(path)
        if data is not None:
            yield from of_bytes(data, "text", origin, source, path.name)
            return
        for item in reader.file(path, source):
            yield item if isinstance(item, Article) else _named(item)
    except Exception as error:
        yield Refusal(_printable(str(path)), reason(error))


def _plain_text(path: Path) -> bytes | None:
    """The bytes of a small plain text; None for all else."""
    if KINDS.get(path.suffix.lower()) != "text" or not path.is_file():
        return None
    if path.stat().st_size > _PLAIN:
        return None
    data = read_bytes(path)
    return None if documents.sniff(data) else data


def _named(refusal: Refusal) -> Refusal:
    return Refusal(_printable(refusal.origin), refusal.reason, refusal.unreachable)


def _load_url(
    url: str, source: str | None, public: bool | None, reader: Reader
) -> Iterator[Article | Refusal]:
    feed: Feed | None = None
    for item in reader.address(url, source, public):
        if isinstance(item, Feed):
            feed = item
        elif not isinstance(item, Fetched):
            yield item
    if feed is not None and feed.inner and not feed.entries:
        yield Refusal(url, "it is an index of sitemaps; `dateline follow` it, or name one of them")
    elif feed is not None:
        yield from _load_feed(url, feed, source, public, reader)


def _load_feed(
    url: str, feed: Feed, source: str | None, public: bool | None, reader: Reader
) -> Iterator[Article | Refusal]:
    """The pages of a feed's entries. A page on the open web may not point into this network."""
    public = public or not feed.inside
    end = time.monotonic() + FEED_SECONDS
    silent: Counter[str] = Counter()
    hosts: set[str] = set()
    for entry in feed.entries:
        host = urlsplit(entry.url).hostname or ""
        refused = ""
        if time.monotonic() > end:
            refused = f"the feed took more than {FEED_SECONDS // 60} minutes; add it again later"
        elif silent[host] >= _SILENT:
            refused = f"its server didn't answer {_SILENT} times"
        elif host not in hosts and len(hosts) >= _HOSTS:
            refused = f"the feed names more than {_HOSTS} servers"
        if refused:
            yield Refusal(entry.url, refused)
            continue
        hosts.add(host)
        for item in reader.address(entry.url, source, public, entry.metadata):
            if isinstance(item, Refusal):
                silent[host] += item.unreachable
            if not isinstance(item, Feed | Fetched):
                yield item
    if feed.cut:
        yield Refusal(url, f"the feed has {feed.cut} entries more than are followed at once")
