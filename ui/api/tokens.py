"""Bearer tokens: who may ask from elsewhere. Several, each with a name, revocable at any time.

Only their SHA-256 is kept: they are 32 random bytes, so there is nothing to guess from it. In the
user's configuration (DATELINE_CONFIG, else the system's folder for it), for nobody else to read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock

from index import files
from index.errors import DatelineError, UsageError

LEAST = 24  # characters of a token that somebody chose
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """`sha256` in hex; `made` is the day."""

    name: str
    sha256: str
    made: str


class Tokens:
    """The tokens of a file. `whose` reads it again when it has changed: what is revoked is
    refused from the next request on, by every process."""

    def __init__(self, file: Path, *, also: str | None = None) -> None:
        """`also`: one more that is kept nowhere (from the environment). Raises UsageError."""
        if also is not None and len(also) < LEAST:
            raise UsageError(
                f"A token has at least {LEAST} characters; `dateline tokens add NAME` makes one."
            )
        self.file = file
        self._also = _hash(also) if also else ""
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    @classmethod
    def open(cls, *, also: str | None = None) -> Tokens:
        return cls(folder() / "tokens.json", also=also)

    def __len__(self) -> int:
        return len(self.all()) + bool(self._also)

    def all(self) -> tuple[Token, ...]:
        """Raises DatelineError for a file that can't be read: nobody is let in by mistake."""
        try:
            found = os.stat(self.file)
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                said = json.loads(self.file.read_text(encoding="utf-8"))
                self._tokens = tuple(
                    Token(str(t["name"]), str(t["sha256"]), str(t["made"])) for t in said
                )
                self._seen = seen
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatelineError(
                f"The file of tokens '{self.file}' can't be read ({type(error).__name__}); "
                "delete it, and make new ones with `dateline tokens add NAME`."
            ) from error
        return self._tokens

    def whose(self, given: str) -> str | None:
        """The name of a token; None for a wrong one. Every one is compared, in constant time."""
        said, name = _hash(given), None
        for token in self.all():
            if hmac.compare_digest(token.sha256, said):
                name = token.name
        if self._also and hmac.compare_digest(self._also, said):
            name = name or "environment"
        return name

    def add(self, name: str) -> str:
        """A new token, said only here. Raises UsageError (a name that is taken, or no name)."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"A token can't be called '{name}'; take letters, digits and . _ @ - signs."
            )
        made = "dl-" + secrets.token_urlsafe(32)
        with self._writing():
            known = self.all()
            if any(token.name == name for token in known):
                raise UsageError(
                    f"There is a token '{name}' already; take another name, or "
                    f"`dateline tokens remove {name}` first."
                )
            self._write((*known, Token(name, _hash(made), date.today().isoformat())))
        return made

    def remove(self, name: str) -> None:
        """Whoever has it is a stranger from now on. Raises UsageError."""
        with self._writing():
            known = self.all()
            left = tuple(token for token in known if token.name != name)
            if left == known:
                names = ", ".join(f"'{t.name}'" for t in known)
                instead = f"there is {names}" if names else "`dateline tokens add NAME` makes one"
                raise UsageError(f"There is no token '{name}'; {instead}.")
            self._write(left)

    def _writing(self) -> FileLock:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise DatelineError(
                f"The folder '{self.file.parent}' can't be made ({error.strerror}); name another "
                "with DATELINE_CONFIG."
            ) from error
        return FileLock(self.file.with_suffix(".lock"))

    def _write(self, tokens: tuple[Token, ...]) -> None:
        rows = [{"name": t.name, "sha256": t.sha256, "made": t.made} for t in tokens]
        before = os.umask(0o077)  # for nobody else, from its first byte on
        try:
            files.write(self.file, json.dumps(rows, indent=1) + "\n")
        finally:
            os.umask(before)


def folder() -> Path:
    """DATELINE_CONFIG, else the user's folder for configuration."""
    named = os.environ.get("DATELINE_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("dateline", appauthor=False)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
