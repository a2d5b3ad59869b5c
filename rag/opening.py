"""The parts of an Assistant, from what is on this machine. Where the heavy libraries load."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from index.cores import usable_cores
from index.encoding.encoder import Encoder
from index.errors import LibraryMissing, UsageError
from index.library import Library
from index.storing import places
from index.storing.places import Place
from rag.checking import verdict
from rag.generating.form import PlainForm, TrainedForm, version
from rag.generating.reader import LocalReader
from rag.generating.states import StateCache
from rag.models import files as models

if TYPE_CHECKING:
    from rag.generating.remote.writer import RemoteWriter

MEMORY_BOUND = 512 << 20
DISK_BOUND = 4 << 30


def default_library() -> Place:
    """DATELINE_LIBRARY, else a folder of the user's own data."""
    named = os.environ.get("DATELINE_LIBRARY")
    if named:
        return places.named(named)
    from platformdirs import user_data_path

    return user_data_path("dateline", appauthor=False) / "library"


def state_folder() -> Path:
    """Where read passages are kept: DATELINE_CACHE, else the user's cache folder."""
    named = os.environ.get("DATELINE_CACHE")
    if named:
        return Path(named).expanduser() / "states"
    from platformdirs import user_cache_path

    return user_cache_path("dateline", appauthor=False) / "states"


def open_states() -> StateCache:
    return StateCache(state_folder(), memory_bound=MEMORY_BOUND, disk_bound=DISK_BOUND)


def open_encoder(name: str | None = None) -> Encoder:
    """The encoder of that name in models.txt (default: its first). Raises ModelError, UsageError
    (the name of a model that is no encoder)."""
    from index.encoding import light

    chosen = models.get(name) if name else models.default("encoder")
    if chosen.role != "encoder":
        known = ", ".join(model.name for model in models.catalogue() if model.role == "encoder")
        raise UsageError(f"'{chosen.name}' is no encoder but a {chosen.role}; name one of {known}")
    return light.open_encoder(models.path(chosen.name), chosen.prefixes)


def encoder_of(library: Library) -> Encoder:
    """The encoder that a library was built with, if models.txt names it; else the default, which
    says what the library needs when it is opened with it. Raises ModelError."""
    needed = library.built_with
    others = [m.name for m in models.catalogue() if m.role == "encoder"]
    if needed in others and needed != models.default("encoder").name:
        return open_encoder(needed)
    return open_encoder()


def encoder_at(path: Place) -> Encoder:
    """`encoder_of` the library at a place; the default where there is none yet."""
    try:
        with Library.open(path, sample=False) as library:
            return encoder_of(library)
    except LibraryMissing:
        return open_encoder()


def open_reader(
    model: str | None = None,
    *,
    states: StateCache | None = None,
    separate_parts: bool = True,
    adapted: bool = True,
) -> LocalReader:
    """Writer and Judge by the generator of that name in models.txt (default: its first), with the
    adapter that was trained for it, if any. Raises ModelError.

    `separate_parts=False` reads every prompt from end to end (to measure what the cache costs),
    `adapted=False` leaves the adapter off.
    """
    from rag.generating.local import LocalGenerator

    chosen = models.get(model) if model else models.default("generator")
    adapter = models.adapter(chosen) if adapted else None
    generator = LocalGenerator.open(
        models.path(chosen.name),
        name=chosen.name,
        sha256=chosen.files[0].sha256,
        adapter=adapter,
        threads=usable_cores(),
        cache=states or open_states(),
        separate_parts=separate_parts,
    )
    return LocalReader(generator, TrainedForm() if adapter else PlainForm())


def open_writer(url: str | None, model: str | None = None) -> RemoteWriter | None:
    """The writer on a server; None where no address is given, for then the local model writes.

    Raises UsageError, WriterUnavailable.
    """
    if not url:
        if model:
            raise UsageError(
                f"The writer's model '{model}' is named without the server that has it: give its "
                "address with --writer-url, or name a model of this machine with --model."
            )
        return None
    from rag.generating.remote.writer import RemoteWriter

    return RemoteWriter.open(url, model)


def open_parts(
    library: str | Path | None = None, model: str | None = None
) -> tuple[Library, LocalReader, Encoder]:
    """Opened side by side: one waits for the disk while the other imports.

    The library first: its errors cost nothing to find. Raises what the parts raise.
    """
    path = library or default_library()
    with Library.open(path) as found, ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(open_reader, model)
        try:
            encoder = encoder_of(found)
            opened = Library.open(path, encoder)
        except BaseException:
            # a gigabyte that was loaded meanwhile
            waiting.add_done_callback(_close)
            raise
        try:
            return opened, waiting.result(), encoder
        except BaseException:
            opened.close()
            raise


def calibrated(model: str | None = None) -> bool:
    """Whether verdicts by that generator mean what was measured. Opens no model."""
    chosen = models.get(model) if model else models.default("generator")
    identity = {
        "generator": chosen.files[0].sha256,
        "adapter": chosen.adapter.sha256 if chosen.adapter else "",
        "form": version(TrainedForm() if chosen.adapter else PlainForm()),
    }
    return bool(verdict.shipped()["judge"] == identity)


def _close(opening: Future[LocalReader]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
