"""Models on this machine: where they are, whether they are what models.txt says, getting them.

A model lies at `<models folder>/<name>/<file>`. Nothing gets that name before its size and SHA-256
are right; downloads wait under `<models folder>/.partial/`. A model that was checked once carries a
stamp (size, time of last change, SHA-256 of each file), so that starting reads no gigabyte again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from index.files import sync_folder
from rag.errors import ModelError, ModelMismatch, ModelMissing, ModelUnknown, ModelUnreachable
from rag.models.manifest import Model, ModelFile, PathSource, Role, Source, find, read
from rag.models.sources import Fetched, SourceFailed, fetch, room

__all__ = ["Model", "ModelFile", "State", "adapter", "catalogue", "default", "folder", "get",
           "path", "pull", "state", "verify"]  # fmt: skip

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done, and bytes in all (of the whole model)."""

State = Literal["ready", "unchecked", "incomplete", "missing", "damaged"]

_STAMP = ".verified.json"
_MARGIN = 16 << 20  # bytes left free for everything else on the disk


def catalogue() -> list[Model]:
    """Every model that models.txt names, in its order."""
    return list(read(find()))


def get(name: str) -> Model:
    """The model of that name (capitals don't matter); raises ModelUnknown."""
    models = catalogue()
    for model in models:
        if model.name.casefold() == name.casefold():
            return model
    known = ", ".join(model.name for model in models)
    raise ModelUnknown(f"There is no model {name!r} in models.txt; it names {known}.")


def default(role: Role) -> Model:
    """The first model of that role."""
    for model in catalogue():
        if model.role == role:
            return model
    raise ModelUnknown(
        f"models.txt names no {role}; add one, or use the list that came with Dateline."
    )


def adapter(model: Model) -> tuple[Path, str] | None:
    """The file of a model's adapter and its SHA-256; None without one. Raises ModelMismatch."""
    if model.adapter is None:
        return None
    file = Path(__file__).parents[1] / "generating" / model.adapter.path
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelMismatch(
            f"The adapter of {model.name} can't be read ({error}); install Dateline again."
        ) from error
    if found != model.adapter.sha256:
        raise ModelMismatch(
            f"The adapter '{file}' isn't the one that models.txt names for {model.name}; install "
            "Dateline again."
        )
    return file, found


def folder() -> Path:
    """DATELINE_MODELS, else the cache folder that this system has for programs."""
    named = os.environ.get("DATELINE_MODELS")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("dateline", appauthor=False) / "models"


def path(name: str) -> Path:
    """The file of a model with one file, the folder of a model with several.

    Checks every byte once, then trusts the stamp while sizes and times stay the same. Raises
    ModelUnknown, ModelMissing or ModelMismatch.
    """
    model = get(name)
    if state(model) != "ready":
        _check(model, None)
    return _place(model)


def verify(name: str, progress: Progress | None = None) -> Path:
    """Reads every byte of a model again. Raises ModelUnknown, ModelMissing or ModelMismatch."""
    model = get(name)
    _check(model, progress)
    return _place(model)


def state(model: Model) -> State:
    """What a look at the folder tells, without reading the files."""
    home = folder() / model.name
    stamp = _read_stamp(home)
    present = [file for file in model.files if (home / file.path).is_file()]
    if not present:
        return "missing"
    if any((home / file.path).stat().st_size != file.size for file in present):
        return "damaged"
    if len(present) < len(model.files):
        return "incomplete"
    if all(stamp.get(file.path) == _seen(home, file) for file in model.files):
        return "ready"
    return "unchecked"


def pull(name: str, progress: Progress | None = None, *, source: Path | None = None) -> Path:
    """Gets what is missing of a model from its sources in order, or from a file or folder here.

    Goes on where an earlier pull broke off; waits while another process pulls the same model.
    Raises ModelUnknown, or ModelUnreachable when no source had the right bytes.
    """
    from filelock import FileLock, Timeout

    model = get(name)
    say = progress or (lambda what, done, total: None)
    if state(model) == "ready":
        return _place(model)
    work = folder() / ".partial" / model.name
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = FileLock(work.parent / f"{model.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"waiting: another process is fetching {model.name}", 0, model.size)
            lock.acquire()
        try:
            if state(model) != "ready":  # the other process may have brought it
                work.mkdir(exist_ok=True)
                _pull(model, work, _sources(model, source), say)
        finally:
            lock.release()
    except OSError as error:
        raise _disk(error, model) from error
    return _place(model)


def _sources(model: Model, local: Path | None) -> tuple[Source, ...]:
    if local is None:
        return model.sources
    # A folder may be the model's own, or hold it under its name as the models folder does.
    inside = local / model.name
    return (PathSource(str(inside if inside.is_dir() else local)),)


def _pull(model: Model, work: Path, sources: tuple[Source, ...], say: Progress) -> None:
    home = folder() / model.name
    missing = [file for file in model.files if not _good(home / file.path, file)]
    reasons: list[str] = []
    for source in sources:
        if not missing:
            break
        again = missing
        while again:
            _room(source, again, work, model)
            again, wrong = _take(source, again, work, home, model, say)
            reasons += wrong
            missing = [file for file in missing if not _good_size(home / file.path, file)]
    if missing:
        tried = "; ".join(reasons) or "models.txt names no source"
        raise ModelUnreachable(
            f"The model {model.name} could not be fetched ({tried}); try again when that is "
            f"mended, or bring its files with `dateline models pull {model.name} --from FOLDER`."
        )
    _write_stamp(home, model)
    shutil.rmtree(work, ignore_errors=True)


def _take(
    source: Source,
    files: list[ModelFile],
    work: Path,
    home: Path,
    model: Model,
    say: Progress,
) -> tuple[list[ModelFile], list[str]]:
    """Fetches, checks and puts in place. Returns the files worth another try here, and reasons."""
    again: list[ModelFile] = []
    reasons: list[str] = []
    here = model.size - sum(file.size for file in files)

    def report(what: str, done: int) -> None:
        say(what, here + done, model.size)

    try:
        for got in fetch(source, files, work, report):
            problem = _install(got, home)
            if problem:
                reasons.append(f"{source}: {problem}")
                if got.path and got.resumed:  # perhaps only what lay here before was bad
                    again.append(got.file)
            else:
                here += got.file.size
    except SourceFailed as failed:
        reasons.append(f"{source}: {failed}")
        again = []
    return again, reasons


def _install(got: Fetched, home: Path) -> str:
    """The file under its final name, or why it isn't."""
    if got.path is None:
        return got.problem
    found = _sha256(got.path)
    if found != got.file.sha256:
        got.path.unlink()
        wanted = got.file.sha256
        return f"{got.file.path} has the SHA-256 {found[:16]}…, models.txt says {wanted[:16]}…"
    final = home / got.file.path
    final.parent.mkdir(parents=True, exist_ok=True)
    with got.path.open("rb") as data:
        os.fsync(data.fileno())
    got.path.replace(final)
    sync_folder(final.parent)
    return ""


def _check(model: Model, progress: Progress | None) -> None:
    home = folder() / model.name
    say = progress or (lambda what, done, total: None)
    done = 0
    for file in model.files:
        place = home / file.path
        if not place.is_file():
            raise ModelMissing(
                f"The model {model.name} isn't on this machine (there is no {place}); "
                f"get it with `dateline models pull {model.name}`."
            )
        if place.stat().st_size != file.size:
            found = f"{place.stat().st_size} bytes where models.txt says {file.size}"
            raise _mismatch(model, place, found)
        for block_end, digest in _hashing(place):
            say(f"checking {model.name}", done + block_end, model.size)
            found = digest
        if found != file.sha256:
            raise _mismatch(model, place, f"the SHA-256 {found[:16]}…, not {file.sha256[:16]}…")
        done += file.size
    _write_stamp(home, model)


def _mismatch(model: Model, place: Path, found: str) -> ModelMismatch:
    # The stamp goes too: state() must not call it ready if the time happens to be the same.
    with contextlib.suppress(OSError):
        (folder() / model.name / _STAMP).unlink(missing_ok=True)
    return ModelMismatch(
        f"The file {place} of the model {model.name} is not what models.txt names: it has {found}; "
        f"fetch it again with `dateline models pull {model.name}`."
    )


def _place(model: Model) -> Path:
    home = folder() / model.name
    return home / model.files[0].path if len(model.files) == 1 else home


def _good_size(place: Path, file: ModelFile) -> bool:
    return place.is_file() and place.stat().st_size == file.size


def _good(place: Path, file: ModelFile) -> bool:
    return _good_size(place, file) and _sha256(place) == file.sha256


def _sha256(place: Path) -> str:
    with place.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _hashing(place: Path) -> Iterator[tuple[int, str]]:
    """Bytes read so far with an empty string, and at the end the digest."""
    digest = hashlib.sha256()
    done = 0
    with place.open("rb") as data:
        while block := data.read(8 << 20):
            digest.update(block)
            done += len(block)
            yield done, ""
    yield done, digest.hexdigest()


# --- the stamp --------------------------------------------------------------------------------


def _seen(home: Path, file: ModelFile) -> list[int | str]:
    found = (home / file.path).stat()
    return [found.st_size, found.st_mtime_ns, file.sha256]


def _read_stamp(home: Path) -> dict[str, list[int | str]]:
    try:
        stamp = json.loads((home / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(home: Path, model: Model) -> None:
    temporary = home / f"{_STAMP}.{os.getpid()}.tmp"
    with contextlib.suppress(OSError):  # a folder that can't be written is checked at every start
        seen = {file.path: _seen(home, file) for file in model.files}
        temporary.write_text(json.dumps(seen, indent=1), encoding="utf-8")
        temporary.replace(home / _STAMP)


# --- the disk ---------------------------------------------------------------------------------


def _room(source: Source, files: list[ModelFile], work: Path, model: Model) -> None:
    need = room(source, files, work) + _MARGIN
    free = shutil.disk_usage(work).free
    if free < need:
        raise _no_space(model, f"{need / 1e9:.2f} GB are needed and {free / 1e9:.2f} GB are free")


def _no_space(model: Model, found: str) -> ModelUnreachable:
    return ModelUnreachable(
        f"There is no room for the model {model.name} in {folder()}: {found}; "
        "free some, or set DATELINE_MODELS to a folder on another disk."
    )


def _disk(error: OSError, model: Model) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(model, "the disk is full")
    return ModelUnreachable(
        f"The model {model.name} can't be written to {folder()} ({error.strerror or error}); "
        "set DATELINE_MODELS to a folder that can be written."
    )
