"""Times that a question names, as far as they say when articles were published. Pure.

A date in a question is mostly a part of what is asked ("trade in 2023", "since May"), and then
says nothing of when an article about it was published. So a time is only read as

- published: where the wording is about articles ("articles from May 2024", "in the news on
  Tuesday", "what did the Guardian report last week"): from its first day to its last;
- relative: "yesterday", "this week", "last month", "in the past two weeks", "three days ago": from
  its first day on, without an end, because what happened last month is still reported this month
  but can't have been reported before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from index.words import DAYS, MONTH, month
from rag.understanding.filters.periods import (
    Period,
    ago,
    back,
    calendar_period,
    dated,
    later,
    latest_weekday,
)


@dataclass(frozen=True, slots=True)
class Time:
    """`question[start:end]` names it. The days are inclusive; None is no bound."""

    start: int
    end: int
    since: date | None
    until: date | None


def times(
    question: str, reference: date, outlets: Sequence[tuple[int, int]] = ()
) -> tuple[Time, ...]:
    """The times that say when articles were published, in order of place.

    Relative times count from `reference`. `outlets` are the places of outlets to which the
    question attributes something: "(the Guardian) reported on Tuesday" is about articles.
    """
    text = _masked(question, outlets)
    # "higher than last month": that month's articles are needed, and nobody knows which others
    return _apart(_published(text, reference)) or (
        () if _COMPARED.search(text) else _apart(_relative(text, reference))
    )


def named(text: str, reference: date) -> Iterator[tuple[int, int, Period]]:
    """Every period that a text names, whatever it says of it: its place, its first and last day.

    Those that are named without a year, by a weekday or from today, are the last ones by
    `reference`.
    """
    for match in _PERIOD.finditer(text):
        if period := _days(match, reference):
            yield match.start(), match.end(), period


# --- the words ----------------------------------------------------------------------------------

_OUTLET = "\ue000"  # private use: stands for each letter of an outlet's name
_YEAR = r"(?:1[5-9]\d\d|20\d\d)(?![\w-]|[.,]\d)"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_COUNTS = {
    "couple of": 3, "few": 7, "several": 7, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12
}  # fmt: skip
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)})"
_WEEKDAY = "|".join(DAYS)

# Every way in which a period is named, each with a group of its own.
_RELATIVE = (
    r"(?P<today>today|this\s+(?:morning|afternoon|evening))|(?P<yesterday>yesterday|last\s+night)"
    r"|(?P<before>the\s+day\s+before\s+yesterday)"
    r"|(?P<which>this|last)\s+(?P<unit>weekend|week|month|year)"
    rf"|(?:the\s+)?(?:past|last)\s+(?:(?P<n>{_COUNT})\s+)?(?P<units>hours|days|weeks?|months?)"
    rf"|(?P<m>{_COUNT})\s+(?P<ago>days?|weeks?|months?)\s+ago"
)
_CALENDAR = (
    r"(?P<iso>\d{4}-\d\d-\d\d)"
    rf"|(?:(?:{_WEEKDAY}),?\s+)?(?P<d1>{_NTH})(?:\s+of)?\s+(?P<m1>{MONTH})(?:,?\s+(?P<y1>{_YEAR}))?"
    rf"|(?:(?:{_WEEKDAY}),?\s+)?(?P<m2>{MONTH})\s+(?P<d2>{_NTH})(?![\w:])(?:,?\s+(?P<y2>{_YEAR}))?"
    rf"|(?P<m3>{MONTH})(?:,?\s+(?P<y3>{_YEAR}))?|(?P<y4>{_YEAR})"
    rf"|(?:(?P<that>last|this)\s+)?(?P<weekday>{_WEEKDAY})"
)
# not "the last month of the war", "last week tonight", "the last two weeks before the vote", nor
# an end of "3 to 10 June", "June 3-10", "from April to June"
_AFTER = (
    rf"(?![\w-]|\s+(?:of|tonight)\b|\s+\d|\s*(?:[–—]|\b(?:to|and|until|till|through)\b)\s*"
    rf"(?:\d|(?:{MONTH})\b))"
    r"(?!(?<=s)\s+(?:before|prior|leading|until|that|when|in\s+which)\b)"
)
_RELATIVE_PERIOD = re.compile(rf"(?<![\w-])(?:{_RELATIVE}){_AFTER}", re.IGNORECASE)
_PERIOD = re.compile(rf"(?<![\w-])(?:{_RELATIVE}|{_CALENDAR}){_AFTER}", re.IGNORECASE)
_COMPARED = re.compile(r"\b(?:than|versus|vs\.?|compared?)\b|\bfrom\s+last\b", re.IGNORECASE)
_HAPPENED = re.compile(r"\b(?:did|happen\w*)\b", re.IGNORECASE)
_NEAR = 200  # characters before a time that are looked at: a question may have any length
_ONWARDS = re.compile(r"\s+on(?:wards?)?\b", re.IGNORECASE)

_ARTICLES = (
    r"(?:articles?|(?:news|press|media|newspaper)\s+(?:articles?|reports?|stories|coverage))"
)
_NAMED = f"(?:the\\s+)?{_OUTLET}+"
_PRINTED = r"(?:\s+(?:that|which))?(?:\s+(?:were|was))?(?:\s+(?:published|printed|written|dated))?"
_ABOUT_ARTICLES = re.compile(
    rf"(?:\b{_ARTICLES}\s+(?:about|on)\s[^,.?!]{{0,60}}?\s(?:published|printed|dated)"
    rf"|\b{_ARTICLES}{_PRINTED}|\bin\s+(?:the\s+)?(?:news|headlines|newspapers|papers|press)"
    r"|\b(?:news|headlines)(?=\s+(?:from|of|since))|\baccording\s+to\s+(?:the\s+)?reports"
    r"|\bwhat\s+(?:was|were|has\s+been)\s+(?:reported|published|written)"
    rf"|(?:{_NAMED}|\b(?:newspapers|papers|media))\s+"
    r"(?:(?:report|say|write|publish|print)(?:s|ed|es)?|said|wrote|written)"
    rf"|\b(?:reported|published|printed|written)\s+(?:by|in)\s+{_NAMED})\s+"
    r"(?P<bound>since|after|before|until|till|up\s+to|from|in|on|of|during|over|within|dated)?\s*"
    r"(?:(?:the\s+)?(?:early|mid|late)[\s-]+)?$",
    re.IGNORECASE,
)
_THEIR_ARTICLES = re.compile(
    rf"(?:[’']?s\s+(?:news|papers?|newspapers|headlines|{_ARTICLES}|{_NAMED})"
    rf"|\s+(?:news|{_ARTICLES}))(?!\w|\s+conference)",
    re.IGNORECASE,
)


# --- what they mean -----------------------------------------------------------------------------


def _published(text: str, reference: date) -> Iterator[Time]:
    for match in _PERIOD.finditer(text):
        period = _days(match, reference)
        if period is None:
            continue
        first, last = period
        until = None if last >= reference else last  # one that goes on has no end yet
        if cue := _ABOUT_ARTICLES.search(text, max(0, match.start() - _NEAR), match.start()):
            word = " ".join((cue["bound"] or "").lower().split())
            bounds = {
                "since": (first, None),
                "after": (later(last, 1), None),
                "before": (None, later(first, -1)),
                **dict.fromkeys(("until", "till", "up to"), (None, last)),
            }
            start = cue.start("bound") if word else match.start()
            if onwards := _ONWARDS.match(text, match.end()):
                yield Time(start, onwards.end(), first, None)
            else:
                yield Time(start, match.end(), *bounds.get(word, (first, until)))
        elif _THEIR_ARTICLES.match(text, match.end()):
            yield Time(match.start(), match.end(), first, until)


def _relative(text: str, reference: date) -> Iterator[Time]:
    happened = _HAPPENED.search(text)
    for match in _RELATIVE_PERIOD.finditer(text):
        period = _days(match, reference)
        if period is None:
            continue
        if match["today"] and not (happened and happened.end() <= match.start()):
            continue  # "who runs the bank today?": nowadays
        yield Time(match.start(), match.end(), period[0], None)


def _days(match: re.Match[str], today: date) -> Period | None:
    """The first and last day of a period; None where its words are another thing's."""
    named = {group: text.lower() for group, text in match.groupdict().items() if text}
    if unit := named.get("unit"):
        found: Period | None = calendar_period(named["which"], unit, today)
    elif units := named.get("units"):
        found = back(today, _count(named.get("n", "one")), units.rstrip("s")), today
    elif units := named.get("ago"):
        found = ago(today, _count(named["m"]), units.rstrip("s"))
    elif weekday := named.get("weekday"):
        day = latest_weekday(today, DAYS.index(weekday), before=named.get("that") == "last")
        return day, day
    elif steps := [n for n, name in enumerate(("today", "yesterday", "before")) if name in named]:
        day = later(today, -steps[0])
        found = day, day
    else:
        return _dated(named, today)
    return found


def _dated(named: dict[str, str], today: date) -> Period | None:
    if iso := named.get("iso"):
        year, number, day = map(int, iso.split("-"))
        return dated(year, number, day, today)
    parts = {group[0]: text for group, text in named.items()}
    name, nth, written = parts.get("m"), parts.get("d"), parts.get("y")
    if name in ("may", "march") and not (written or nth):
        return None  # verbs
    return dated(
        int(written) if written else None,
        month(name) if name else None,
        int(re.sub(r"\D", "", nth)) if nth else None,
        today,
    )


def _count(said: str) -> int:
    return int(said) if said.isdigit() else _COUNTS[said]


# --- small things -------------------------------------------------------------------------------


def _masked(question: str, outlets: Iterable[tuple[int, int]]) -> str:
    """The question at the same length; an outlet's name is one word that stands for any."""
    text = question.replace(_OUTLET, " ")
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
