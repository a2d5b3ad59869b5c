"""Times that a question names, as far as they say when articles were published. Pure.

A date in a question is mostly a part of what is asked ("trade in 2023", "since May"), and then
says nothing of when an article about it was published. So a time is only read as

- published: where the wording is about articles ("articles from May 2024", "in the news on
  Tuesday", "what did the Guardian report last week"): from its first day to its last;
- relative: "yesterday", "this week", "last month", "in the past two weeks", "three days ago": from
  its first day on, without an end, because what happened last month is still reported this month
  but can't have been reported before;
- weekday: "on Thursday": from that day to some days after, and only to prefer such articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rag.checking.facts.days import DAYS, MONTHS
from rag.understanding.periods import ago, back, calendar_period, dated, later, latest_weekday

REPORTED_FOR = 3  # days after a Thursday in which articles still say "on Thursday"

Kind = Literal["published", "relative", "weekday"]
Named = tuple[int, date, date]
"""Where the words of a period end, its first day, its last."""


@dataclass(frozen=True, slots=True)
class Time:
    """`question[start:end]` names it. The days are inclusive; None is no bound."""

    start: int
    end: int
    kind: Kind
    since: date | None
    until: date | None


def times(
    question: str, reference: date, outlets: Sequence[tuple[int, int]] = ()
) -> tuple[Time, ...]:
    """The times that say when articles were published, in order of place, all of one kind.

    Relative times count from `reference`. `outlets` are the places of outlets to which the
    question attributes something: "(the Guardian) reported on Tuesday" is about articles.
    """
    text = _masked(question, outlets)
    if published := _apart(_published(text, reference)):
        return published
    if relative := _apart(_relative(text, reference)):
        # "higher than last month": that month's articles are needed, and nobody knows which others
        return () if _COMPARED.search(text) else relative
    return tuple(_weekday(text, reference))[:1]


# --- the words ----------------------------------------------------------------------------------

_OUTLET = "\ue000"  # private use: stands for each letter of an outlet's name
_NAMED = f"(?:the\\s+)?{_OUTLET}+"
_MONTH = "|".join(m if len(m) < 5 else rf"{m}|{m[:3]}\b\.?" for m in MONTHS) + r"|sept\b\.?"
_WEEKDAY = "|".join(DAYS)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(1[5-9]\d\d|20\d\d)(?![\w-]|[.,]\d)"
_TO = re.compile(r"\s*(?:\b(?:to|and|until|till|through)\b|[-–—])\s*", re.IGNORECASE)
_COUNTS = {
    "couple of": 3, "few": 7, "several": 7, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12
}  # fmt: skip
_COUNT = rf"\d{{1,3}}|{'|'.join(_COUNTS)}"

_ARTICLES = (
    r"(?:articles?|(?:news|press|media|newspaper)\s+(?:articles?|reports?|stories|coverage))"
)
_PRINTED = r"(?:\s+(?:that|which))?(?:\s+(?:were|was))?(?:\s+(?:published|printed|written|dated))?"
_TOLD = r"(?:(?:report|say|write|publish|print)(?:s|ed|es)?|said|wrote|written)"
_PUBLISHED_CUE = re.compile(
    rf"(?:\b{_ARTICLES}\s+(?:about|on)\s[^,.?!]{{0,60}}?\s(?:published|printed|dated)"
    rf"|\b{_ARTICLES}{_PRINTED}"
    r"|\bin\s+(?:the\s+)?(?:news|headlines|newspapers|papers|press)"
    rf"|\b(?:news|newspapers|headlines){_PRINTED}(?=\s+(?:from|of|since|dated|between))"
    r"|\bwhat\s+(?:was|were|has\s+been)\s+reported|\bwhat\s+has\s+been\s+(?:published|written)"
    r"|\baccording\s+to\s+(?:the\s+)?reports"
    rf"|(?:{_NAMED}|\b(?:newspapers|papers|media|journalists|reporters))\s+{_TOLD}"
    rf"|\b(?:reported|published|printed|written)\s+(?:by|in)\s+{_NAMED})\s+",
    re.IGNORECASE,
)
_PUBLISHED_AFTER = re.compile(
    rf"(?:[’']s\s+(?:news|papers?|newspapers|headlines|{_ARTICLES}|{_NAMED})"
    rf"|\s+(?:news|{_ARTICLES}))(?!\w|\s+conference)",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"(since|after|before|until|till|up\s+to|from|in|on|of|during|over|within|dated|between)\s+"
    r"(?:(?:the\s+)?(?:early|mid|late)[\s-]+)?",
    re.IGNORECASE,
)
_ONWARDS = re.compile(r"\s+on(?:wards?)?\b", re.IGNORECASE)

_RELATIVE = re.compile(
    r"(?<![\w-])(?:"
    r"(?P<today>today|this\s+(?:morning|afternoon|evening))"
    r"|(?P<yesterday>yesterday|last\s+night)|(?P<before>the\s+day\s+before\s+yesterday)"
    r"|(?P<which>this|last)\s+(?P<unit>weekend|week|month|year)"
    r"|(?:(?:the\s+)?past|the\s+last)\s+(?P<one>week|month)"
    rf"|(?:the\s+)?(?:last|past)\s+(?P<n>{_COUNT})\s+(?P<units>hours|days|weeks|months)"
    rf"|(?P<m>{_COUNT})\s+(?P<ago>days?|weeks?|months?)\s+ago"
    # "the last month of the war", "last week tonight"
    r")(?![\w-]|\s+(?:of|tonight)\b)",
    re.IGNORECASE,
)
# "the last two weeks before the vote": a time in a story, not before now
_IN_A_STORY = re.compile(r"\s+(?:before|prior|leading|until|that|when|in\s+which)\b", re.IGNORECASE)
_BOUND_TO_IT = re.compile(r"\b(?:until|till|before|by|as\s+of)\s+$", re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:than|versus|vs\.?|against|from|compared?\s+(?:with|to)|as)\s+"
    r"(?:(?:it|they|that|those)\s+(?:was|were|is|did)\s+)?(?:in\s+|during\s+)?(?:the\s+)?"
    r"(?:(?:this|last|past)\s+(?:year|month|week|weekend)|yesterday|today)\b",
    re.IGNORECASE,
)
_A_DAY = re.compile(rf"(?:(?P<which>last|this)\s+)?(?P<day>{_WEEKDAY})(?![\w-])", re.IGNORECASE)
_DATES = tuple(
    (re.compile(pattern, re.IGNORECASE), groups)
    for pattern, groups in (
        (r"(\d{4})-(\d{2})-(\d{2})(?![\w-])", (1, 2, 3)),
        (
            rf"(?:(?:{_WEEKDAY}),?\s+)?{_DAY}(?:\s+of)?\s+({_MONTH})(?![\w-])(?:,?\s+{_YEAR})?",
            (3, 2, 1),
        ),
        (rf"(?:(?:{_WEEKDAY}),?\s+)?({_MONTH})\s+{_DAY}(?![\w:])(?:,?\s+{_YEAR})?", (3, 1, 2)),
        (rf"({_MONTH})(?![\w-])(?:,?\s+{_YEAR})?", (2, 1, 0)),
        (_YEAR, (1, 0, 0)),
    )
)
_DAYS_OF_A_MONTH = tuple(
    (re.compile(pattern, re.IGNORECASE), groups)
    for pattern, groups in (
        (rf"{_DAY}{_TO.pattern}{_DAY}\s+({_MONTH})(?![\w-])(?:,?\s+{_YEAR})?", (4, 3, 1, 2)),
        (rf"({_MONTH})\s+{_DAY}{_TO.pattern}{_DAY}(?![\w:])(?:,?\s+{_YEAR})?", (4, 1, 2, 3)),
    )
)


# --- the three kinds ----------------------------------------------------------------------------


def _published(text: str, reference: date) -> Iterator[Time]:
    for cue in _PUBLISHED_CUE.finditer(text):
        bounded = _bounded(text, cue.end(), reference) if _running(text, cue) else None
        if bounded is not None:
            yield _ended(cue.end(), *bounded, reference)
    for cue in _PUBLISHED_AFTER.finditer(text):
        # "yesterday's headlines", "the May 2024 articles": a period that ends where this begins
        words = list(re.finditer(r"(?<![\w-])\w", text[: cue.start()]))[-5:]
        named = ((w.start(), _period(text, w.start(), reference)) for w in words)
        for start, period in named:
            if period is not None and period[0] == cue.start():
                yield _ended(start, *period, reference)
                break


def _ended(start: int, end: int, since: date | None, until: date | None, reference: date) -> Time:
    """Published in a period; one that goes on still has no end yet."""
    open_ended = until is not None and until >= reference
    return Time(start, end, "published", since, None if open_ended and since else until)


def _relative(text: str, reference: date) -> Iterator[Time]:
    for match in _RELATIVE.finditer(text):
        before, period = text[: match.start()], _relative_period(match, reference)
        if period is None or _BOUND_TO_IT.search(before):
            continue
        if match["today"] and not re.search(r"\b(did|happen\w*)\b", before, re.IGNORECASE):
            continue  # "who runs the bank today?": nowadays
        yield Time(match.start(), match.end(), "relative", period[1], None)


def _weekday(text: str, reference: date) -> Iterator[Time]:
    for match in _A_DAY.finditer(text):
        on = re.search(r"\b(?:on|since)\s+$", text[: match.start()], re.IGNORECASE)
        # not "on Saturday Night Live", "on Friday the 13th", "on Thursday, 16 May 1968"
        more = re.match(r"\s+(?-i:[A-Z])|,?\s+(?:the\s+)?\d", text[match.end() :])
        if (on or match["which"]) and not more:
            day = _day_of(match, reference)
            start = on.start() if on else match.start()
            yield Time(start, match.end(), "weekday", day, later(day, REPORTED_FOR))


# --- what a period's words mean -----------------------------------------------------------------


def _bounded(text: str, at: int, reference: date) -> tuple[int, date | None, date | None] | None:
    """A period and the preposition before it, which says which of its ends count."""
    given = _PREPOSITION.match(text, at)
    word = " ".join(given[1].lower().split()) if given else ""
    at = given.end() if given else at
    if word in ("from", "between", "in", "on", "dated", "") and (
        ranged := _range(text, at, reference)
    ):
        return ranged
    period = None if word == "between" else _period(text, at, reference)
    if period is None:
        return None
    end, first, last = period
    if onwards := word in ("from", "on", "in", "dated", "") and _ONWARDS.match(text, end):
        return onwards.end(), first, None
    bounds = {
        "since": (first, None),
        "after": (later(last, 1), None),
        "before": (None, later(first, -1)),
        **dict.fromkeys(("until", "till", "up to"), (None, last)),
    }
    return end, *bounds.get(word, (first, last))


def _range(text: str, at: int, reference: date) -> Named | None:
    """ "3 to 10 May 2024", "May 3-10, 2024", "March to June 2024", "2021 and 2023"."""
    for pattern, (year, month, one, two) in _DAYS_OF_A_MONTH:
        if found := pattern.match(text, at):
            number, named = found[year] and int(found[year]), _month(found[month])
            last = dated(number or None, named, int(found[two]), reference)
            first = last and dated(last[1].year, named, int(found[one]), reference)
            if first and last and first[0] <= last[1]:
                return found.end(), first[0], last[1]
    opening = _period(text, at, reference)
    joined = opening and _TO.match(text, opening[0])
    closing = joined and _period(text, joined.end(), reference)
    if not closing:
        return None
    opening = _period(text, at, closing[1])  # "March to June 2024": March of 2024
    if opening is None or opening[1] > closing[2]:
        return None
    return closing[0], opening[1], closing[2]


def _period(text: str, at: int, reference: date) -> Named | None:
    """The day, month, year, weekday or relative time that is named here."""
    for pattern, groups in _DATES:
        if found := pattern.match(text, at):
            year, month, day = (found[group] if group else None for group in groups)
            if month in ("may", "march") and not (year or day):
                return None  # verbs
            number = None if not month else int(month) if month.isdigit() else _month(month)
            span = dated(int(year) if year else None, number, int(day) if day else None, reference)
            return (found.end(), *span) if span else None
    if found := _A_DAY.match(text, at):
        day_of = _day_of(found, reference)
        return found.end(), day_of, day_of
    found = _RELATIVE.match(text, at)
    return _relative_period(found, reference) if found else None


def _relative_period(match: re.Match[str], today: date) -> Named | None:
    text, end = match.string, match.end()
    if not _running(text, match) or (
        match[0][:3].lower() == "the" and _IN_A_STORY.match(text, end)
    ):
        return None
    if match["unit"]:
        return end, *calendar_period(match["which"].lower(), match["unit"].lower(), today)
    if match["today"] or match["yesterday"] or match["before"]:
        day = later(today, -2 if match["before"] else -1 if match["yesterday"] else 0)
        return end, day, day
    said = (match["n"] or match["m"] or "one").lower()
    count = int(said) if said.isdigit() else _COUNTS[said]
    if match["ago"]:
        return end, *ago(today, count, match["ago"].lower().rstrip("s"))
    unit = (match["one"] or match["units"]).lower().rstrip("s")
    return end, back(today, count, unit), today


def _day_of(match: re.Match[str], reference: date) -> date:
    """The last such day; on a Friday, "on Friday" is that day and "last Friday" isn't."""
    before = (match["which"] or "").lower() == "last"
    return latest_weekday(reference, DAYS.index(match["day"].lower()), before=before)


# --- small things -------------------------------------------------------------------------------


def _masked(question: str, outlets: Iterable[tuple[int, int]]) -> str:
    """The question at the same length: what stands in quotation marks is blank (it is a title or
    somebody's words), and an outlet's name is one word that stands for any."""
    text = re.sub(r"“[^”]*”|\"[^\"]*\"", lambda m: " " * len(m[0]), question.replace(_OUTLET, " "))
    for start, end in outlets:
        text = text[:start] + _OUTLET * (end - start) + text[end:]
    return text


def _apart(found: Iterable[Time]) -> tuple[Time, ...]:
    """In order of place, none inside another."""
    kept: list[Time] = []
    for time in sorted(found, key=lambda time: (time.start, -time.end)):
        if not kept or time.start >= kept[-1].end:
            kept.append(time)
    return tuple(kept)


def _running(text: str, match: re.Match[str]) -> bool:
    """Not capitalised, as a name or a title is ("Fox News in 2020", "who wrote Yesterday?")."""
    if _OUTLET in match[0] or not any(letter.islower() for letter in text):
        return True  # capitals tell nothing here
    before = text[: match.start()].rstrip()
    words = match[0].lstrip()
    opens = not before or before[-1] in ".!?:,"
    return words[1:] == words[1:].lower() and (opens or words[0] == words[0].lower())


def _month(name: str) -> int:
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(name[:3].lower()))
