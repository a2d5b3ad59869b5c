"""Names of outlets, as people say them: "BBC" for BBC News, "the Courier" for The Sample Courier.

Pure; knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

Name = tuple[str, ...]
"""The words of a name, in lower case, without a "the" before them."""

# What an outlet's name may go on with, and is mostly left out.
_GENERIC = frozenset(
    """agency business co com daily magazine net news newspaper online org radio service sport tv
    uk weekly world""".split()  # noqa: SIM905
)


_LONGEST = 10  # words; what is longer, as a page may call its outlet, is called nothing for short


def words(name: str) -> Name:
    found = tuple(word.casefold() for word in re.findall(r"\w+", name))
    return found[1:] if found[:1] in (("the",), ("www",)) else found


def short_names(source: str) -> frozenset[Name]:
    """What a source is called for short: the end of its name ("Courier", "York Times"), its
    beginning before such words as "News", and its initials ("NYT")."""
    name = words(source)
    if len(name) > _LONGEST:
        return frozenset()
    found = {name[n:] for n in range(1, len(name))}
    head = name
    while len(head) > 1 and head[-1] in _GENERIC:
        head = head[:-1]
        found.add(head)
    if len(name) > 1:
        found.add(("".join(word[0] for word in name),))
    return frozenset(n for n in found if n != name and not set(n) <= _GENERIC)


def matching(name: str, sources: Collection[str]) -> frozenset[str]:
    """The sources that a person means by a name: those of that very name, else those that it is
    short for. More than one where it is short for several ("the Times"); none if nothing fits."""
    said = words(name)
    if not said:
        return frozenset()
    return _of(said, ((s, (words(s),)) for s in sources)) or _of(
        said, ((s, short_names(s)) for s in sources)
    )


def _of(said: Name, known: Iterable[tuple[str, Collection[Name]]]) -> frozenset[str]:
    return frozenset(source for source, names in known if said in names)
