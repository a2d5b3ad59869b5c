"""Where a library on a server lies: postgresql://user@host:port/database. Opens nothing.

One database holds one library, in a schema of its own, so other tables may lie beside it. What
libpq knows is known here too: a password in ~/.pgpass or PGPASSWORD, `?sslmode=require`, a service.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from index.errors import UsageError

_SCHEMES = ("postgresql://", "postgres://")
_SECRET = ("password", "passfile", "sslpassword")


def is_address(place: str | Path) -> bool:
    """Whether a library's place names a server and not a folder. Raises UsageError for an address
    that was made a path on the way, and has lost its second slash by that."""
    said = str(place)
    if isinstance(place, Path) and re.match(r"postgres(ql)?:/", said):
        raise UsageError(
            f"'{_plain(said)}' was handed on as a folder's path; give a server's address as text"
        )
    return said.startswith(_SCHEMES)


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is what libpq is given, `name` the same without what is secret."""

    url: str = field(repr=False)
    name: str
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """Raises UsageError; never shows a password."""
        try:
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            raise UsageError(
                f"'{_plain(url)}' is no address of a server; it looks like "
                "postgresql://user@host/database"
            ) from None
        if parts.netloc.count("@") > 1 or parts.fragment:
            raise UsageError(
                f"'{_plain(url)}' can't be read: in a password, @ is written %40, / %2F, : %3A, "
                "? %3F and # %23; or leave it away and put it into ~/.pgpass"
            )
        user, at, host = parts.netloc.rpartition("@")
        user, _, password = user.partition(":")
        kept = [(name, value) for name, value in query if name not in _SECRET]
        hidden = [unquote(password), password, *(v for name, v in query if name in _SECRET)]
        name = urlunsplit(
            ("postgresql", f"{user}{at}{host}", parts.path, urlencode(kept, safe="/,."), "")
        )
        if not name.startswith("postgresql://"):  # no host: a socket of this machine
            name = name.replace("postgresql:", "postgresql://", 1)
        return cls(url, name, tuple(sorted({h for h in hidden if h}, key=len, reverse=True)))

    @property
    def database(self) -> str:
        return unquote(urlsplit(self.name).path.lstrip("/")) or "library"

    def scrubbed(self, text: str) -> str:
        """A server's own words on one line, without what is secret."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())

    def folder(self) -> Path:
        """Where this machine keeps what it derives from that library; of another user of the
        server, another."""
        named = os.environ.get("DATELINE_CACHE")
        if named:
            cache = Path(named).expanduser()
        else:
            from platformdirs import user_cache_path

            cache = user_cache_path("dateline", appauthor=False)
        plain = re.sub(r"[^\w.-]", "_", self.database)[:40]
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:12]
        return cache / "servers" / f"{plain}-{digest}"


def _plain(url: str) -> str:
    """An address that can't be read, without whatever may be its password."""
    return re.sub(r"(://?[^:/@]*):.*@", r"\1:***@", re.sub(r"(password=)[^&]*", r"\1***", url))
