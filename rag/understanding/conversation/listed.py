"""An article of the list that was answered before: "the second one", "number 3", "that one". Pure.

A conversation is questions and answers' texts only, so the list is read where it was shown: lines
`2. Title (Outlet, 2024-05-12)`, numbered from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Turn = tuple[str, str]
"""A question and the answer it got."""

_TURNS = 3
_LINE = re.compile(r"^[^\S\n]*(\d{1,3})\.[^\S\n]+(\S.*)$", re.MULTILINE)
_ABOUT = re.compile(r"\s+\(([^()]*)\)(?:\s*\[\d+\])*$")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ITEM = r"(?:one|article|story|piece|report|text)\b"
_ORDINAL = rf"(?P<ordinal>{'|'.join(_ORDINALS)}|last|\d{{1,2}}(?:st|nd|rd|th))\b"
_POINTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:the\s+)?{_ORDINAL}\s+{_ITEM}(?:\s+(?:in|of|on|from)\s+(?:the|that|your)\s+list\b)?",
        rf"(?:\b(?:article\s+)?(?:number|no\.?|nr\.?)\s*|#\s?)(?P<number>\d{{1,2}}|{'|'.join(_NUMBERS)})\b",
        rf"\bthe\s+{_ORDINAL}(?=(?:\s+(?:please|about|say|said))?\W*$)",
        rf"^\W*(?:{_ORDINAL}|(?P<number>\d{{1,2}}))(?=(?:\s+please)?\W*$)",
    )
)
_ONLY = re.compile(rf"\b(?:this|that)\s+{_ITEM}", re.IGNORECASE)
_BY = re.compile(
    r"\bthe\s+one\s+(?:by|from|in)\s+(?:the\s+)?(?P<by>\w+(?:\s+\w+){0,3})"
    r"|\bthe\s+(?P<of>\w+(?:\s+\w+){0,2}?)\s+one\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list; `about` is what stood in brackets after the title."""

    title: str
    about: str


def listed(answer: str) -> tuple[Listed, ...]:
    """The articles that an answer lists; none where its lines aren't numbered from 1."""
    found: list[Listed] = []
    for line in _LINE.finditer(answer):
        if int(line[1]) != len(found) + 1:
            break
        said = line[2].rstrip()
        about = _ABOUT.search(said)
        title = said[: about.start()] if about else said
        found.append(Listed(title, about[1] if about else ""))
    return tuple(found)


def named_in_list(question: str, history: Sequence[Turn]) -> str | None:
    """The question with the title of the article that it points at, in quotation marks; None where
    it points at none of the last list."""
    lists = (listed(answer) for _, answer in reversed(history[-_TURNS:]))
    items = next(filter(None, lists), ())
    if not items:
        return None
    for pattern in _POINTS:
        if point := pattern.search(question):
            n = _place(point.groupdict(), len(items))
            return _with(question, point, items[n]) if 0 <= n < len(items) else None
    if len(items) == 1 and (point := _ONLY.search(question)):
        return _with(question, point, items[0])
    if point := _BY.search(question):
        outlet = (point["by"] or point["of"]).casefold()
        by = [item for item in items if _names(item.about, outlet)]
        if len(by) == 1:
            return _with(question, point, by[0])
    return None


def _place(said: dict[str, str | None], many: int) -> int:
    word = (said.get("ordinal") or said.get("number") or "").casefold()
    if word == "last":
        return many - 1
    for words in (_ORDINALS, _NUMBERS):
        if word in words:
            return words.index(word)
    return int(re.sub(r"\D", "", word)) - 1


def _names(about: str, outlet: str) -> bool:
    """Whether an outlet is named by some of its words: "bbc" of "BBC News, 2025-01-09"."""
    own = re.findall(r"\w+", about.casefold().rpartition(",")[0] or about.casefold())
    said = [word for word in re.findall(r"\w+", outlet) if word != "the"]
    return bool(said) and said[0] in own and said[0] != "the"


def _with(question: str, point: re.Match[str], item: Listed) -> str:
    return f"{question[: point.start()]}“{item.title}”{question[point.end() :]}"
