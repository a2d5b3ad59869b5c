"""The outlets that a person names in a filter; which names mean one: `index.outlets`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from index.errors import UsageError
from index.outlets import matching

_SHOWN = 10


def named(asked: Iterable[str], held: Mapping[str, int]) -> frozenset[str]:
    """The library's spellings of outlets that are asked for; `held` counts articles by source.

    Raises UsageError for one that isn't there, naming those that are, the closest first.
    """
    found: set[str] = set()
    for name in asked:
        meant = {name} if name in held else matching(name, held)
        if not meant:
            raise UsageError(_unknown(name, held))
        found |= meant
    return frozenset(found)


def _unknown(name: str, held: Mapping[str, int]) -> str:
    if not held:
        return f"the library has no outlet '{name}': none of its articles names one"
    near = sorted(
        held,
        key=lambda source: (
            -SequenceMatcher(None, source.casefold(), name.casefold()).ratio(),
            -held[source],
            source,
        ),
    )
    more = f" and {len(near) - _SHOWN} more" if len(near) > _SHOWN else ""
    there = ", ".join(f"'{source}'" for source in near[:_SHOWN])
    return f"the library has no outlet '{name}'; it has {there}{more}"
