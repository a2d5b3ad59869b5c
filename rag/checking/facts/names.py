"""Names in a text: runs of capitalised words, and whether another text has them. Pure."""

from __future__ import annotations

import re
import unicodedata

from rag.checking.facts.days import DAYS, MONTHS

_JOINER = "(?:of|the|de|van|von|al|bin|for|and)"
_CAPITAL = r"[A-Z][\w’'&.-]*\w"
_NAME = re.compile(rf"\b{_CAPITAL}(?:\s+(?:{_JOINER}\s+){{0,2}}{_CAPITAL})*")
_NOT_NAMES = frozenset(
    [
        "the", "a", "an", "in", "on", "at", "of", "by", "for", "from", "to", "with", "and",
        "but", "or", "if", "when", "while", "after", "before", "as", "it", "its", "he",
        "she", "they", "we", "you", "i", "his", "her", "their", "our", "this", "that",
        "these", "those", "there", "here", "what", "which", "who", "whom", "how", "why",
        "where", "yes", "no", "not", "one", "two", "three", "four", "five", "six", "seven",
        "eight", "nine", "ten", "according", "however", "also", "about", "over", "under",
        "more", "most", "less", "many", "some", "all", "both", "each", "every", "another",
        "other", "such", "only", "new", "former", "last", "next", "first", "second",
        "since", "during", "despite", "because", "although", "though", "meanwhile",
        "instead", "then", "now", "today", "yesterday", "tomorrow", "earlier", "later",
        "mr", "mrs", "ms", "dr", "sir"
    ]
)  # fmt: skip


def names(text: str) -> tuple[str, ...]:
    """Runs of capitalised words, without a function word that only opens a sentence."""
    found = []
    for match in _NAME.finditer(text):
        words = match[0].split()
        while words and words[0].lower().strip(".'’") in _NOT_NAMES:
            words = words[1:]
        if not words or words[0].lower() in (*MONTHS, *DAYS):
            continue
        before = text[: match.start()].rstrip()
        first = words[0] == match[0].split()[0] and (not before or before[-1] in ".!?:")
        if first and len(words) == 1 and not (words[0].isupper() and len(words[0]) > 1):
            continue  # a single word that opens a sentence is capitalised anyway
        found.append(" ".join(words))
    return tuple(found)


def holds_name(text: str, name: str) -> bool:
    """Whether the text has every word of the name, or its initials.

    Endings of number and of belonging are let pass: Biden's, Chinese for China.
    """
    have = {_bare(word) for word in _parts(text)}
    wanted = [_bare(word) for word in _parts(name) if word[0].isupper()]
    if all(word in have for word in wanted):
        return True
    initials = "".join(word[0] for word in wanted)
    if len(initials) > 1 and initials in have:
        return True
    roots = {_root(word) for word in have}
    return all(_root(word) in roots for word in wanted)


def _parts(text: str) -> list[str]:
    """Words, hyphened ones as their parts, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [word for word in re.findall(r"[\w’'&.]+", plain) if word.strip(".'’&_")]


def _bare(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word.lower().strip(".'’-")).replace(".", "")
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


_BELONGING = re.compile(r"(?<=\w{4})(?:ese|ish|ian|ia|ain|any|and|an|a|i|y|e)$")


def _root(word: str) -> str:
    return _BELONGING.sub("", word)
