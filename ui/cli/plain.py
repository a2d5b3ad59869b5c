"""Text that a terminal can't take for anything else. Pure."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Co"}  # control, format, surrogate, private use
_JOINERS = "\u200c\u200d"  # format characters that some scripts need


def plain(text: str, *, lines: bool = False) -> str:
    """Text that a terminal can't take for anything else; on one line unless `lines`."""
    kept = []
    for character in text:
        if character in "\n\r\t\v\f\u0085\u2028\u2029":
            kept.append("\n" if lines and character == "\n" else " ")
        elif character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
            kept.append(character)
    return "".join(kept)
