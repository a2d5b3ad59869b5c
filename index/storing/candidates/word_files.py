"""Where the files of words lie (`index.storing.candidates.words` fills and reads them): which
folder is in use, and whether every byte in it is as it was written. Knows nothing of words."""

from __future__ import annotations

import json
import secrets
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

from index import files

WORDS = "words.json"  # names the folder that is in use
BEGUN = "building.words.tmp"  # a folder that is being filled
_PARTS = ("fast", "fieldnorm", "idx", "pos", "store", "term")  # of a segment, a file each
_CUT = 1  # how words are cut; files of another cut aren't read


def put_into_use(folder: Path) -> None:
    """The folder that was begun, whole: from now on, new readers read this one."""
    name = f"words.{secrets.token_hex(8)}"
    (folder / BEGUN).replace(folder / name)
    files.write(folder / WORDS, json.dumps({"folder": name, "cut": _CUT}).encode())


def discard(folder: Path) -> None:
    (folder / WORDS).unlink(missing_ok=True)
    clear(folder, None)


def place(folder: Path) -> Path | None:
    """The folder that is in use; None where none is, or its description isn't one."""
    try:
        found = json.loads((folder / WORDS).read_bytes())
        name = found["folder"]
        sound = name == Path(name).name and name.startswith("words.") and found["cut"] == _CUT
        return folder / name if sound and (folder / name).is_dir() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def mark(folder: Path) -> object:
    """What changes with each commit, and when another folder is put into use."""
    used = place(folder)
    try:
        found = None if used is None else (used / "meta.json").stat()
    except OSError:
        return None
    return None if found is None else (used, found.st_ino, found.st_mtime_ns)


def is_whole(place: Path) -> bool:
    """Whether every byte of what the last commit names is as it was written. (A commit that was cut
    off leaves files that nothing names, nor reads.)

    Each file of a segment ends with its checksum: JSON, its length, a mark.
    """
    try:
        for segment in json.loads((place / "meta.json").read_bytes())["segments"]:
            for name in _files_of(segment):
                data = (place / name).read_bytes()
                length, _ = struct.unpack("<II", data[-8:])
                if json.loads(data[-8 - length : -8])["crc"] != zlib.crc32(data[: -8 - length]):
                    return False
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False
    return True


def _files_of(segment: dict[str, Any]) -> list[str]:
    name = segment["segment_id"].replace("-", "")
    files = [f"{name}.{part}" for part in _PARTS]
    if segment["deletes"] is not None:
        files.append(f"{name}.{segment['deletes']['opstamp']}.del")
    return files


def clear(folder: Path, but: str | None) -> None:
    """Removes what isn't in use, `but` the folder of that name. Under the writer's lock."""
    for left in (*folder.glob("words.*"), folder / BEGUN):
        if left.is_dir() and left.name != but:
            # (Windows: while somebody has it mapped; the next one does it)
            shutil.rmtree(left, ignore_errors=True)
