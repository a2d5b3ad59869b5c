"""Outlets that a question attributes something to: "according to the Guardian". Pure.

An outlet that is only what the question is about ("who owns the Guardian?") is not one of them:
other outlets write about it too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from index.search import STOP_WORDS


@dataclass(frozen=True, slots=True)
class Outlet:
    """`question[start:end]` names it; `sources` are the library's spellings of that name."""

    start: int
    end: int
    sources: frozenset[str]


def attributed(question: str, sources: Collection[str]) -> tuple[Outlet, ...]:
    """The outlets of the library that the question asks for the words of, in order of place."""
    found: list[Outlet] = []
    for listed in _lists(question, _named(question, sources)):
        before = _THE.sub("", question[: listed[0].start])
        after = question[listed[-1].end :]
        if any(b.search(before) and a.match(after) for b, a in _ATTRIBUTED):
            found += listed
    return tuple(found)


# --- the wording --------------------------------------------------------------------------------

_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_WORDS = r"(?:articles?|stor(?:y|ies)|coverage|headlines?|news|reporting|reports?|editorials?)"
_SAYING = (
    r"(?:(?:report|say|state|claim|write|describe|call|quote|mention|tell|put|agree|disagree|differ)"
    # "when did the Guardian publish its first issue?" is about it
    r"|(?:publish|print|cover)(?=(?:es|s)?\s+(?:on|in|about|last|this|yesterday)))"
)
_ALSO = r"\s+(?:(?:also|itself|first|ever|actually|really|recently|currently)\s+)?"
_SAID = r"(?:said|told|written|wrote|reported|stated|claimed|described|quoted|covered|published)"
_QUOTED = (
    r"(?:said|say|says|quoted|reported|written|mentioned|described|named|read|stated|listed"
    r"|printed|published|appear(?:s|ed)?)"
)
# what stands before the name, and what after it
_ATTRIBUTED = tuple(
    (re.compile(before, re.IGNORECASE), re.compile(after, re.IGNORECASE))
    for before, after in (
        (r"\baccording\s+to\s+$", r"(?![’']s\s)"),
        (r"\b(?:reported|described|quoted|cited|stated|claimed|told)\s+by\s+$", r"(?![’']s\s)"),
        (rf"\b{_WORDS}\s+(?:(?:published|printed)\s+)?(?:by|in|from)\s+$", r"(?![’']s\s)"),
        (rf"\b{_QUOTED}\b(?:\s+[^\s,.;]+){{0,4}}\s+in\s+$", r"(?![’']s\s)"),
        (r"^\W*in\s+$", r"(?![’']s\s)"),
        (
            r"(?:^\W*|[,:]\s*|\b(?:does|do|did|as|that|what|how|who|whom|when|where|if|whether)\s+"
            r"|\b(?:\w+day|week|month)[’']s\s+)$",
            rf"{_ALSO}(?:{_SAYING}(?:s|es)?|{_SAID})\b",
        ),
        (r"\b(?:has|have|had)\s+$", rf"{_ALSO}{_SAID}\b"),
        (r"\b(?:is|are|was|were)\s+$", r"\s+(?:reporting|saying|writing|claiming)\b"),
        (
            "",
            r"(?:[’']s?)?\s+(?:articles?|stor(?:y|ies)|coverage)\b"
            r"|[’']s?\s+(?:own\s+)?(?:reporting|reports?|account|version|count|figures?|headlines?)\b",
        ),
    )
)


# --- the names ----------------------------------------------------------------------------------

# Single words that people mostly write without meaning the outlet of that name.
_ORDINARY = frozenset(
    """age business cell economist express fortune globe hill independent insider local life mail
    metro mirror monitor nation nature news observer people post press record register review
    science sky standard star sun time times today variety voice wire wired week witness
    world""".split()  # noqa: SIM905
)
_LONGEST = 10  # words


def _named(question: str, sources: Collection[str]) -> list[Outlet]:
    """Every whole name of a source in the question, the longest where they overlap."""
    known: dict[tuple[str, ...], set[str]] = {}
    for source in sources:
        name = tuple(word.casefold() for word in re.findall(r"\w+", source))
        name = name[1:] if name[:1] == ("the",) else name
        if 0 < len(name) <= _LONGEST and _tells(name):
            known.setdefault(name, set()).add(source)
    words = list(re.finditer(r"\w+", question))
    found: list[Outlet] = []
    at = 0
    while at < len(words):
        for end in range(min(at + _LONGEST, len(words)), at, -1):
            name = tuple(word[0].casefold() for word in words[at:end])
            span = words[at].start(), words[end - 1].end()
            if name in known and _meant(question, *span) and _one_name(question, words[at:end]):
                found.append(Outlet(*span, frozenset(known[name])))
                at = end - 1
                break
        at += 1
    return found


def _one_name(question: str, words: list[re.Match[str]]) -> bool:
    """Whether nothing stands between the words that parts names ("Harbin. Ledger")."""
    return all(
        re.fullmatch(r"[\s&’'-]{1,3}" + (r"|\.\s?" if len(a[0]) == 1 else ""), between)
        for a, b in pairwise(words)
        for between in [question[a.end() : b.start()]]
    )


def _tells(name: tuple[str, ...]) -> bool:
    """Whether a name has a word that a question wouldn't have anyway."""
    return any(any(map(str.isalpha, word)) and word not in STOP_WORDS for word in name)


def _meant(question: str, start: int, end: int) -> bool:
    """Whether words that are a name are meant as one: a single word may be just a word."""
    name = question[start:end]
    if " " in name or not name.isalpha():
        return True
    if name.casefold() in _ORDINARY:
        opens = not question[:start].strip(" \"'“‘")
        return name[0].isupper() and not question.isupper() and not opens
    # in lower case, only where capitals aren't used: "what does reuters say"
    return name != name.lower() or question[1:] == question[1:].lower()


def _lists(question: str, named: Iterable[Outlet]) -> list[list[Outlet]]:
    """Outlets joined by commas, "and" or "or" have the same said of them."""
    lists: list[list[Outlet]] = []
    for outlet in named:
        between = question[lists[-1][-1].end : outlet.start] if lists else ""
        if lists and re.fullmatch(
            r"\s*(?:,|,?\s*\b(?:and|or)\b|&)\s*(?:the\s+)?", between, re.IGNORECASE
        ):
            lists[-1].append(outlet)
        else:
            lists.append([outlet])
    return lists
