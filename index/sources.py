"""Which outlets of a library a person means: "BBC" is "BBC News".

Knows names only, not questions: `rag.understanding` reads outlets out of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from index.errors import UsageError

_SHOWN = 10


def named(asked: Iterable[str], held: Mapping[str, int]) -> frozenset[str]:
    """The library's spellings of outlets that are asked for; `held` counts articles by source.

    Raises UsageError for one that isn't there, naming those that are, the closest first.
    """
    found: set[str] = set()
    for name in asked:
        meant = _meant(name, held)
        if not meant:
            raise UsageError(_unknown(name, held))
        found |= meant
    return frozenset(found)


def _meant(name: str, held: Mapping[str, int]) -> set[str]:
    """By the first of these that finds any: as it stands, but for case and "the"; a part of it, of
    whole words; its initials, where capitals are asked for ("NYT")."""
    words = _words(name)
    if name in held:
        return {name}
    if not words:
        return set()
    same = {source for source in held if _words(source) == words}
    part = {source for source in held if _within(words, _words(source))}
    first = {source for source in held if "".join(w[0] for w in _words(source)) == words[0]}
    capitals = first if len(words) == 1 and len(words[0]) > 1 and name.strip().isupper() else set()
    return same or part or capitals


def _within(words: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(words)] == words for at in range(len(whole)))


def _words(name: str) -> list[str]:
    words = re.findall(r"\w+", name.casefold())
    return words[1:] if words[:1] == ["the"] and len(words) > 1 else words


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
