"""Characters that a reader can't see: the one list of them, and what takes them out.

They are invisible to a reader and not to a model or a search: a place to hide text, to break a
word apart or to turn the order of a line round.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Unicode's Default_Ignorable_Code_Point beyond the categories below (DerivedCoreProperties.txt),
# and the blank of Braille: letters and marks that are drawn as nothing.
_IGNORABLE = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE1000),
)


@lru_cache(maxsize=2)
def _pattern(keep: str) -> re.Pattern[str]:
    """One class of characters: control, format, surrogate, private use, ignorable."""
    unseen = ("Cc", "Cf", "Cs", "Co")
    numbers = {n for n in range(0x20000) if unicodedata.category(chr(n)) in unseen}
    numbers |= {*_IGNORABLE, *range(0xF0000, 0x110000)}  # the last two planes are private use
    numbers -= set(map(ord, keep))
    ranges: list[list[int]] = []
    for n in sorted(numbers):
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    return re.compile("[" + "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges) + "]")


def strip(text: str, keep: str = "\n\t") -> str:
    """The text without invisible characters, but for those in `keep`.

    Zero-width joiners go as well: they change how letters of some scripts are drawn, not which
    they are.
    """
    return text if text.isascii() and text.isprintable() else _pattern(keep).sub("", text)
