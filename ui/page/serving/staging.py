"""Files that come in through the page: bounded, renamed, and only ever into one folder.

They stay there (the library names them as where its articles come from), each under its content's
hash and its name: the same file dropped again is the same article, and another file of the same
name another one. A zip is unpacked; nothing in it can name a place outside.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.errors import Refused

_CHUNK = 1 << 20
_STALE_S = 24 * 3600  # after which what another program left is cleared away
_BROKEN_S = 60  # without a byte, after which a file that is coming in was broken off
_FORGOTTEN_S = 3600  # after which a file that nobody adds is cleared away


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one file, files at once (those in a zip too), bytes that a zip may unpack to;
    bytes that can be sent at once, and that may lie there without being added."""

    file_bytes: int = 50_000_000
    files: int = 1000
    unpacked_bytes: int = 500_000_000
    request_bytes: int = 200_000_000
    waiting_bytes: int = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Staged:
    """`name` as it was given; `path` where it lies now, or `reason` why it was refused."""

    name: str
    path: Path | None = None
    reason: str = ""


class Staging:
    """`folder` holds the files; `incoming` inside it is this program's own, where the framework
    drops them first."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder.resolve()
        self.incoming = self.folder / ".incoming" / secrets.token_hex(8)
        self.limits = limits or Limits()

    def prepare(self) -> None:
        """Makes the folder, and clears away what earlier programs left on its way in."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        for other in self.incoming.parent.iterdir():
            if other != self.incoming and time.time() - other.stat().st_mtime > _STALE_S:
                shutil.rmtree(other, ignore_errors=True)

    def has_room(self) -> bool:
        """Whether more may come in before something of what lies there is added.

        What was broken off, and what nobody added within the hour, is cleared away first.
        """
        now, waiting = time.time(), 0
        for file in list(self.incoming.rglob("*")):
            with suppress(OSError):  # just added
                found = file.lstat()
                if stat.S_ISDIR(found.st_mode):
                    continue
                # The framework writes into `incoming` itself, and gives whole files a folder.
                whole = file.parent != self.incoming
                if now - found.st_mtime > (_FORGOTTEN_S if whole else _BROKEN_S):
                    file.unlink()
                    if whole:
                        file.parent.rmdir()
                else:
                    waiting += found.st_size
        return waiting < self.limits.waiting_bytes

    def clear(self) -> None:
        """Nothing is on its way in any more."""
        shutil.rmtree(self.incoming, ignore_errors=True)

    def take(self, uploads: Sequence[Path]) -> list[Staged]:
        """Moves uploaded files in, zips unpacked; each is staged or refused with a reason."""
        staged: list[Staged] = []
        for upload in uploads:
            room = self.limits.files - sum(s.path is not None for s in staged)
            try:
                staged += self._take(upload, room)
            except Refused as error:
                staged.append(Staged(upload.name, reason=str(error)))
            except OSError as error:  # a full disk, a name too long
                said = error.strerror or type(error).__name__
                staged.append(Staged(upload.name, reason=f"it can’t be kept ({said})"))
        return staged

    def _take(self, upload: Path, room: int) -> list[Staged]:
        if upload.is_symlink() or not upload.resolve().is_relative_to(self.incoming):
            raise Refused("it didn’t come in through this page")
        if not upload.is_file():
            raise Refused("it is no longer there; drop it again")
        if room <= 0:
            raise Refused(f"more than {self.limits.files} files at once; add the rest afterwards")
        try:
            if upload.stat().st_size > self.limits.file_bytes:
                raise Refused(f"it is larger than {self.limits.file_bytes / 1_000_000:g} MB")
            if upload.suffix.lower() == ".zip":
                return list(self._unpack(upload, room))
            with upload.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return [Staged(upload.name, self._keep(upload, digest, [safe_name(upload.name)]))]
        finally:
            upload.unlink(missing_ok=True)

    def _keep(self, file: Path, digest: str, parts: Sequence[str]) -> Path:
        """Moves a file to where its content and its name say. Raises Refused."""
        place = self.folder.joinpath(digest[:16], *parts)
        if not place.parent.resolve().is_relative_to(self.folder) or place.is_symlink():
            raise Refused("its path leaves the folder for uploads")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, place)
        return place

    def _unpack(self, archive: Path, room: int) -> Iterator[Staged]:
        left = self.limits.unpacked_bytes
        try:
            with zipfile.ZipFile(archive) as parts:
                for info in parts.infolist():
                    if info.is_dir() or _is_clutter(info.filename):
                        continue
                    name = f"{archive.name}/{info.filename}"
                    if room <= 0:
                        yield Staged(name, reason=f"more than {self.limits.files} files at once")
                        return
                    try:
                        names = [safe_name(archive.stem), *inside(info)]
                        place, written = self._write(parts, info, names, left)
                        left -= written
                    except Refused as error:
                        yield Staged(name, reason=str(error))
                        continue
                    room -= 1
                    yield Staged(name, place)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
            raise Refused(f"it can’t be unpacked ({type(error).__name__})") from None

    def _write(
        self, parts: zipfile.ZipFile, info: zipfile.ZipInfo, names: Sequence[str], left: int
    ) -> tuple[Path, int]:
        """Where it lies, and its bytes. What the archive says of its sizes isn't believed."""
        limit = min(left, self.limits.file_bytes)
        written = 0
        digest = hashlib.sha256()
        unpacked = self.incoming / f"unpacking.{secrets.token_hex(8)}"
        try:
            with parts.open(info) as source, unpacked.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    written += len(chunk)
                    if written > limit:
                        raise Refused(f"it unpacks to more than {limit / 1_000_000:g} MB")
                    digest.update(chunk)
                    target.write(chunk)
            return self._keep(unpacked, digest.hexdigest(), names), written
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            EOFError,
        ) as error:
            encrypted = info.flag_bits & 1
            raise Refused(
                "it is locked with a password"
                if encrypted
                else f"it can’t be unpacked ({type(error).__name__})"
            ) from None
        finally:
            unpacked.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """One part of a path, without anything that could lead elsewhere or hide."""
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u202a-\u202e\u2066-\u2069]', "_", name)
    name = name.strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if dot and len(suffix) <= 10:
        name = f"{stem[:100]}.{suffix}"
    return name[:120].strip(" .") or "file"


def inside(info: zipfile.ZipInfo) -> list[str]:
    """The parts of a zip member's path. Raises Refused for one that leads outside."""
    name = info.filename.replace("\\", "/")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused("it is a link, not a file")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name) or not parts:
        raise Refused("its path leaves the archive")
    return [safe_name(part) for part in parts[-8:]]


def _is_clutter(name: str) -> bool:
    """What systems put into archives by themselves."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")
