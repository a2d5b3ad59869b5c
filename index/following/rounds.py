"""When to look again: at all of it every so often, and at folders as soon as something changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from index.following import folders
from index.following.following import followed
from index.library import Library

_NAP = 1.0  # seconds after which it is asked whether that is all


def rounds(
    library: Library,
    chosen: Sequence[str],
    every: float,
    ended: Callable[[], bool] | None = None,
) -> Iterator[Sequence[str]]:
    """Which of what is followed is to be looked at now (none named: all), round after round, every
    so many seconds; folders that change meanwhile at once. Ends when `ended` says so.

    Folders that are followed later are looked at with all the rest.
    """
    targets = chosen or [one.target for one in followed(library)]
    places = [target for target in targets if "://" not in target]
    with folders.watched(places) as wait:
        only, due = chosen, 0.0
        while ended is None or not ended():
            yield only
            if only is chosen:
                due = monotonic() + every
            changed = False
            while not changed and (left := due - monotonic()) > 0:
                if ended is not None and ended():
                    return
                changed = wait(left if ended is None else min(left, _NAP))
            # a folder's change is no reason to ask servers again
            only = places if changed else chosen
