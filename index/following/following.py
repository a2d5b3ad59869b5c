"""What is followed: naming it, listing it, letting it go."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from index.errors import UsageError
from index.following import memory
from index.following.memory import Followed
from index.library import Library

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://")
_LONGEST = 2_000


def target_of(named: str) -> str:
    """An address as it was named, or a folder's absolute path. Raises UsageError."""
    named = named.strip()
    if _SCHEME.match(named):
        parts = urlsplit(named)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            raise UsageError(f"only http and https addresses are followed, not '{named[:80]}'")
        if len(named) > _LONGEST:
            raise UsageError(f"the address '{named[:80]}…' is too long")
        return named
    path = os.path.realpath(os.path.expanduser(named))
    if os.path.isdir(path):
        return path
    if os.path.exists(path):
        raise UsageError(f"'{named}' is a file; follow its folder, or `dateline add` it")
    raise UsageError(f"there is no folder '{named}'; check its name")


def follow(library: Library, named: str, source: str | None = None) -> tuple[str, bool]:
    """From the next refresh on; what is followed, and whether it wasn't before. `source` is the
    outlet of articles that don't name theirs. Raises UsageError, LibraryBusy."""
    target = target_of(named)
    with library.noting() as db:
        return target, memory.follow(
            db, target, source, datetime.now(UTC).isoformat("T", "seconds")
        )


def unfollow(library: Library, named: str) -> str:
    """Lets go of it; its articles stay. Raises UsageError where it isn't followed."""
    known = {one.target for one in followed(library)}
    real = os.path.realpath(os.path.expanduser(named.strip()))
    target = next((t for t in (named.strip(), real) if t in known), None)
    if target is None:
        raise UsageError(f"'{named}' isn't followed; `dateline follow --list` shows what is")
    with library.noting() as db:
        memory.unfollow(db, target)
    return target


def followed(library: Library) -> list[Followed]:
    with library.reading() as db:
        return memory.followed(db)
