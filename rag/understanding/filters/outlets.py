"""Outlets that a question asks for the words of: "according to the Guardian". Pure.

An outlet that is only what the question is about ("who owns the Guardian?") is not one of them:
other outlets write about it too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from index.outlets import Name, short_names, words
from index.words import FUNCTION_WORDS


@dataclass(frozen=True, slots=True)
class Outlet:
    """`question[start:end]` names it; `sources` are the library's spellings of that name."""

    start: int
    end: int
    sources: frozenset[str]


_TEXTS = (
    r"(?:articles?|stor(?:y|ies)|pieces?|coverage|headlines?|news|reporting|reports?|editorials?"
    r"|anything|everything|something)"
)
_THEIRS = (
    rf"(?:{_TEXTS}|account|version|count|figures?|numbers?|analysis|explainer|feature|interview"
    r"|profile|live\s+blog)"
)
_SAY = (
    r"(?:(?:say|report|state|claim|write|describe|call|quote|mention|tell|put|agree|disagree|differ)"
    r"(?:s|es)?|said|told|written|wrote|reported|stated|claimed|described|quoted|covered|published"
    # "when did the Guardian publish its first issue?" is about it
    r"|(?:publish|print|cover)(?:es|s)?(?=\s+(?:on|in|about|last|this|yesterday)))"
)
# what stands before the name (without its "the"), and what after it
_ATTRIBUTED = tuple(
    (re.compile(before + "$", re.IGNORECASE), re.compile(after, re.IGNORECASE))
    for before, after in (
        (
            r"\b(?:according\s+to|(?:reported|described|quoted|told)\s+by"
            rf"|{_TEXTS}\s+(?:(?:published|printed)\s+)?(?:by|in|from))\s+",
            r"(?![’']s\s)",
        ),
        (
            r"(?:^\W*|\b(?:said|reported|written|named|read|is|was)\b(?:\s+[^\s,.;]+){0,4}\s+)in\s+",
            r"(?![’']s\s)",
        ),
        (
            r"(?:^\W*|[,:]\s*|\b(?:does|do|did|has|have|had|as|that|what|how|where|if|whether)\s+"
            r"|\b(?:\w+day|week|month)[’']s\s+)",
            rf"\s+(?:(?:also|itself|first|ever|actually)\s+)?{_SAY}\b",
        ),
        (
            "",
            r"(?:[’']s?)?\s+(?:articles?|stor(?:y|ies)|coverage|piece)\b"
            rf"|[’']s?\s+(?:own\s+)?{_THEIRS}\b",
        ),
    )
)
_NEAR = 200  # characters before a name that are looked at: a question may have any length
_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_LISTED = re.compile(r"(?:[’']s)?\s*(?:,|,?\s*\b(?:and|or)\b|&)\s*(?:the\s+)?", re.IGNORECASE)


def attributed(question: str, sources: Collection[str]) -> tuple[Outlet, ...]:
    """The outlets of the library that the question asks for the words of, in order of place.

    Those that are joined by commas, "and" or "or" have the same said of them.
    """
    lists: list[list[Outlet]] = []
    for outlet in _named(question, sources):
        if lists and _LISTED.fullmatch(question[lists[-1][-1].end : outlet.start]):
            lists[-1].append(outlet)
        else:
            lists.append([outlet])
    found: list[Outlet] = []
    for listed in lists:
        start, end = listed[0].start, listed[-1].end
        if the := _THE.search(question, max(0, start - _NEAR), start):
            start = the.start()
        near = max(0, start - _NEAR)
        if any(b.search(question, near, start) and a.match(question, end) for b, a in _ATTRIBUTED):
            found += listed
    return tuple(found)


def mentioned(question: str, sources: Collection[str]) -> tuple[Outlet, ...]:
    """The outlets of the library that the question names at all, in order of place."""
    return tuple(_named(question, sources))


# --- the names ----------------------------------------------------------------------------------

_LONGEST = 10  # words
_NAME_BEFORE = re.compile(r"(?<=\s)(?!The\s)[A-Z][\w’'&-]*\s$")


def _named(question: str, sources: Collection[str]) -> list[Outlet]:
    """Every name of a source in the question, the longest where they overlap."""
    whole: dict[Name, set[str]] = {}
    short: dict[Name, set[str]] = {}
    for source in sources:
        if 0 < len(words(source)) <= _LONGEST:
            whole.setdefault(words(source), set()).add(source)
            for name in short_names(source):
                short.setdefault(name, set()).add(source)
    said = list(re.finditer(r"\w+", question))
    found: list[Outlet] = []
    at = 0
    while at < len(said):
        for end in range(min(at + _LONGEST, len(said)), at, -1):
            name = tuple(word[0].casefold() for word in said[at:end])
            meant = whole.get(name) or short.get(name)
            span = said[at].start(), said[end - 1].end()
            if (
                meant
                and _tells(name)
                and _one_name(question, said[at:end])
                and _meant(question, *span, short=name not in whole)
            ):
                found.append(Outlet(*span, frozenset(meant)))
                at = end - 1
                break
        at += 1
    return found


def _one_name(question: str, said: list[re.Match[str]]) -> bool:
    """Whether nothing stands between the words that parts names ("Harbin. Ledger")."""
    return all(
        re.fullmatch(r"[\s&’'-]{1,3}" + (r"|\.\s?" if len(a[0]) == 1 else ""), between)
        for a, b in pairwise(said)
        for between in [question[a.end() : b.start()]]
    )


def _tells(name: Name) -> bool:
    """Whether a name has a word that a question wouldn't have anyway."""
    return any(any(map(str.isalpha, word)) and word not in FUNCTION_WORDS for word in name)


def _meant(question: str, start: int, end: int, *, short: bool) -> bool:
    """Whether words that are a name are meant as one: capitalised, or in lower case where that is
    how the question is written ("what does reuters say"). A short name is always capitalised, and
    no part of another name ("Jean Courier", "the Harbin Courier")."""
    capital = question[start].isupper()
    if not short:
        return capital or question == question.lower() or " " in question[start:end]
    within = _NAME_BEFORE.search(question, max(0, start - _NEAR), start)
    return capital and not within and start > 0 and not question.isupper()
