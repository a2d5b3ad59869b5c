"""A library, as a command needs it: to look at, to search, or to write.

Heavy libraries load inside these functions, when a command needs them, never when it starts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from index.errors import LibraryEmpty

if TYPE_CHECKING:
    from index.library import Library
    from index.storing.places import Place

    Named = Place | None


def library_path(named: Named) -> Place:
    """The one named, else DATELINE_LIBRARY, else the configuration's, else the user's own."""
    from index.storing.places import named as place_named
    from rag.opening import default_library
    from ui.cli import config

    if named:
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
    from rag.opening import open_encoder

    path = library_path(named)
    with Library.open(path) as library:
        if not len(library):
            raise LibraryEmpty(
                f"The library '{library.name}' holds no articles; add some with "
                "`dateline add PATH`."
            )
    return Library.open(path, open_encoder())


def writable(named: Named) -> Library:
    """A library with its encoder, made if it isn't there."""
    from index.library import Library
    from rag.opening import open_encoder

    return Library.open(library_path(named), open_encoder(), create=True, sample=False)


def repairable(named: Named) -> Library:
    """A library with its encoder, whatever state its texts are in."""
    from index.library import Library
    from rag.opening import open_encoder

    return Library.open(library_path(named), open_encoder(), sample=False)
