"""A library, as a command needs it: to look at, to search, or to write.

Heavy libraries load inside these functions, when a command needs them, never when it starts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from index.errors import LibraryEmpty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.ingest import Outcome
    from index.library import Library
    from index.search import Hit
    from index.storing.places import Place
    from rag.second_look import Judged

    Named = Place | None


def library_path(named: Named) -> Place:
    """The one named, else DATELINE_LIBRARY, else the configuration's, else the user's own."""
    from index.storing.places import named as place_named
    from rag.opening import default_library
    from ui.cli import config

    if named is not None:
        return place_named(named) if isinstance(named, str) else named
    chosen = None if os.environ.get("DATELINE_LIBRARY") else config.read().library
    return chosen or default_library()


def readable(named: Named) -> Library:
    """A library to look at, without an encoder: nothing heavy loads. Damaged texts are shown and
    can be removed; `check` says which they are."""
    from index.library import Library

    return Library.open(library_path(named), sample=False)


def searchable(named: Named) -> Library:
    """A library with its encoder. Raises LibraryMissing and LibraryEmpty before a model loads."""
    from index.library import Library
    from rag.opening import encoder_of

    path = library_path(named)
    with Library.open(path) as library:
        if not len(library):
            raise LibraryEmpty(
                f"The library '{library.name}' holds no articles; add some with "
                "`dateline add PATH`."
            )
        encoder = encoder_of(library)
    return Library.open(path, encoder)


def writable(named: Named) -> Library:
    """A library with its encoder, made if it isn't there."""
    from index.library import Library
    from rag.opening import encoder_at

    path = library_path(named)
    return Library.open(path, encoder_at(path), create=True, sample=False)


def repairable(named: Named) -> Library:
    """A library with its encoder, whatever state its texts are in."""
    from index.library import Library
    from rag.opening import encoder_at

    path = library_path(named)
    return Library.open(path, encoder_at(path), sample=False)


def fill(named: Named) -> None:
    """Makes a file openable whose end is missing; see `index.storing.mending.fill`."""
    from contextlib import closing

    from index.storing.mending import fill as fill_rows
    from index.storing.places import rows_at

    with closing(rows_at(library_path(named))) as rows:
        fill_rows(rows)


def beyond_repair(named: Named) -> str:
    from index.storing.places import called

    return (
        f"the library '{called(library_path(named))}' is damaged so that nothing in it can be made "
        "anew; none of it was thrown away: put back 'library.sqlite' of a backup, or make a new "
        "library with `dateline import` of an export, or by adding the articles again"
    )


def judged(query: str, hits: Sequence[Hit], model: str | None) -> list[Judged]:
    """The hits after the second look of the model named, else the configuration's. Raises
    ModelError, and UsageError for a query that is longer than a question may be."""
    from rag.asking import readable
    from rag.opening import open_reader
    from rag.second_look import second_look
    from ui.cli import config, progress

    question = readable(query)
    with progress.waiting("Reading the passages"):
        reader = open_reader(model or config.read().model)
        try:
            return second_look(reader, question, hits)
        finally:
            reader.close()


def ingesting(engine: str) -> Callable[..., Iterator[Outcome]]:
    """`index.ingest.add`, or the same by Ray. Raises UsageError where Ray isn't installed."""
    if engine != "ray":
        from index.ingest import add

        return add
    from functools import partial

    from index import cluster
    from rag.opening import open_encoder

    def add_by_ray(library: Library, targets: Sequence[str], **given: Any) -> Iterator[Outcome]:
        own = partial(open_encoder, library.encoder.name if library.encoder else None)
        return cluster.add(library, targets, open_encoder=own, **given)

    return add_by_ray
