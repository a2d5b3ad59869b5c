"""A library as one file: exported while it is in use, imported whole or not at all.

A zip of two members: `library.sqlite`, a snapshot of the truth, and `manifest.json` with its size
and SHA-256. What is derived isn't in it. Nothing in an archive names a path.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from index import files
from index.errors import DatelineError, LibraryDamaged, LibraryVersion, UsageError
from index.storing import faults
from index.storing.store import FILE, Store

FORMAT = 1
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 1 << 16
_BLOCK = 1 << 20

Progress = Callable[[int, int], None]
"""Told how many of how many bytes are done."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `bytes` and `sha256` are those of `library.sqlite`."""

    format: int
    articles: int
    passages: int
    bytes: int
    sha256: str


def export(store: Store, to: Path, progress: Progress | None = None) -> Manifest:
    """Writes the library as of now to a file, which is whole or not there. Others may go on
    reading and writing. Raises DatelineError."""
    try:
        with tempfile.TemporaryDirectory(prefix="dateline-export-", dir=to.parent) as folder:
            snapshot = Path(folder) / FILE
            with store.read() as db, closing(sqlite3.connect(snapshot)) as copy:
                try:  # (here: it is not the library's disk that is full)
                    db.backup(copy, pages=4096)
                    copy.execute("PRAGMA journal_mode = DELETE")
                except sqlite3.OperationalError as error:
                    raise OSError(str(error)) from error
                (articles,) = copy.execute("SELECT count(*) FROM articles").fetchone()
                (passages,) = copy.execute("SELECT count(*) FROM passages").fetchone()
            size = snapshot.stat().st_size
            manifest = Manifest(FORMAT, articles, passages, size, _sha256(snapshot))
            with files.writing(to) as file, zipfile.ZipFile(file, "w") as archive:
                archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=1))
                member = zipfile.ZipInfo(FILE)
                member.compress_type = zipfile.ZIP_DEFLATED
                with (
                    snapshot.open("rb") as source,
                    archive.open(member, "w", force_zip64=True) as target,
                ):
                    _copied(source, target, size, progress)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DatelineError(
            f"the library can't be exported to '{to}' ({why}), which is as it was; name a place "
            "that has room and can be written"
        ) from error
    return manifest


def manifest(archive: Path) -> Manifest:
    """Raises UsageError (no archive of this program), LibraryVersion (of a later one)."""
    with _opened(archive) as file:
        return _manifest(file, archive)


def unpack(archive: Path, folder: Path, progress: Progress | None = None) -> Manifest:
    """Makes a library of an archive, in a folder that holds none.

    Raises UsageError, LibraryVersion, LibraryDamaged (the archive isn't what was exported), and
    DatelineError where there is no room: nothing is left then.
    """
    manifest(archive)  # a wrong file is said before a wrong folder
    if (folder / FILE).exists():
        raise UsageError(f"'{folder}' holds a library already; name a new folder with --library")
    made = not folder.exists()
    try:
        with _opened(archive) as file:
            found = _manifest(file, archive)
            with files.writing(folder / FILE) as target, file.open(FILE) as source:
                digest = _copied(source, target, found.bytes, progress)
                if digest != found.sha256:
                    raise LibraryDamaged(
                        f"the archive '{archive}' isn't what was exported (its SHA-256 differs); "
                        "copy it again from where it was made"
                    )
    except BaseException as error:
        if made:
            with suppress(OSError):
                os.rmdir(folder)
        if isinstance(error, KeyError | zipfile.BadZipFile | EOFError | zlib.error):
            raise LibraryDamaged(
                f"the archive '{archive}' is damaged ({error}); copy it again from where it was "
                "made"
            ) from error
        if isinstance(error, OSError):
            raise faults.from_system(error, folder) from error
        raise
    return found


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except OSError as error:
        raise UsageError(f"'{archive}' can't be read ({error.strerror}); name another") from error
    except zipfile.BadZipFile as error:
        raise UsageError(
            f"'{archive}' is no exported library, or not all of it; `dateline export` makes one"
        ) from error


def _manifest(file: zipfile.ZipFile, archive: Path) -> Manifest:
    try:
        with file.open(_MANIFEST) as member:
            found = json.loads(member.read(_LARGEST_MANIFEST))
        if found["format"] > FORMAT:
            raise LibraryVersion(
                f"'{archive}' was exported by a later Dateline (format {found['format']}, this one "
                f"reads up to {FORMAT}); import it with that one"
            )
        return Manifest(**{name: found[name] for name in Manifest.__dataclass_fields__})
    except (
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UsageError(
            f"'{archive}' is no exported library; `dateline export` makes one"
        ) from error


def _copied(source: IO[bytes], target: IO[bytes], size: int, progress: Progress | None) -> str:
    """The SHA-256 of what was copied: `size` bytes and no more, whatever the source holds."""
    digest, done = hashlib.sha256(), 0
    while block := source.read(min(_BLOCK, size + 1 - done)):
        done += len(block)
        if done > size:
            return ""
        digest.update(block)
        target.write(block)
        if progress is not None:
            progress(done, size)
    return digest.hexdigest() if done == size else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
