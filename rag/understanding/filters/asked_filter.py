"""The filter that a question holds in its own words: times, outlets, a wish for the newest. Pure.

`found` reads it, `narrowings` says what to try with it in turn, and `prefer` does the rest. A
filter that was found must never make an answer worse: it is shown, it can be taken off, what a
person chose themselves goes before it, and where it leaves nothing it is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from index.search import Filter
from rag.understanding.filters.outlets import attributed
from rag.understanding.filters.times import times

_LIVE = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`text[start:end] == phrase` in the text that it was read from."""

    phrase: str
    start: int
    end: int
    filter: Filter


@dataclass(frozen=True, slots=True)
class FoundFilter:
    """`times` and `outlets` narrow; `preferred` only lets the newest article win among equals."""

    times: tuple[Phrase, ...] = ()
    outlets: tuple[Phrase, ...] = ()
    preferred: Phrase | None = None

    def __or__(self, other: FoundFilter) -> FoundFilter:
        """Field by field, the other's where this one has none."""
        return FoundFilter(
            self.times or other.times,
            self.outlets or other.outlets,
            self.preferred or other.preferred,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of the question's own words: phrases that narrow the search, phrases that were
    dropped because they left nothing, and what articles are preferred by."""

    found: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    preferred: Phrase | None = None


def reference_day(newest: date | None, today: date) -> date | None:
    """The day that "last month" counts back from: today, if the newest article is at most a month
    older; else that article's date. None without dated articles: then no time is read.

    Over a library that is kept up, people mean today. Over one that isn't (an archive, a
    collection about one week in May), nothing lies in the month before today, and people speak
    from where its articles end.
    """
    if newest is None:
        return None
    return today if newest >= today - _LIVE else newest


def found(text: str, sources: Collection[str], reference: date | None) -> FoundFilter:
    """What a question says of the articles that it wants. Conservative: see `times` and
    `outlets` for what is left alone."""
    outlets = attributed(text, sources)
    places = [(outlet.start, outlet.end) for outlet in outlets]
    dated = times(text, reference, places) if reference is not None else ()
    newest = _NEWEST.search(text)
    return FoundFilter(
        tuple(_phrase(text, t.start, t.end, Filter(t.since, t.until)) for t in dated),
        tuple(_phrase(text, o.start, o.end, Filter(sources=o.sources)) for o in outlets),
        newest and _phrase(text, *newest.span("current" if newest["current"] else 0), Filter()),
    )


def narrowings(found: FoundFilter, given: Filter) -> Iterator[tuple[Filter, Reading]]:
    """What to search with, in turn, until something is found: all that the question says, then
    only its outlets, then only what was given. What was given stays, field by field."""
    times = found.times if _narrowed(given, found.times) != given else ()
    outlets = () if given.sources else found.outlets
    for used in dict.fromkeys((times + outlets, outlets, ())):
        yield (
            _narrowed(given, used),
            Reading(
                tuple(p.phrase for p in used),
                tuple(p.phrase for p in times + outlets if p not in used),
                found.preferred,
            ),
        )


def _narrowed(given: Filter, parts: Collection[Phrase]) -> Filter:
    """What was given, and in the fields that weren't, the days and outlets that hold all the
    parts. The days stay as they were given where the two contradict each other."""
    sources = given.sources or frozenset().union(*(part.filter.sources for part in parts))
    dated = [part.filter for part in parts if part.filter.since or part.filter.until]
    if not dated:
        return replace(given, sources=sources)
    earliest = (
        None if any(f.since is None for f in dated) else min(f.since for f in dated if f.since)
    )
    latest = None if any(f.until is None for f in dated) else max(f.until for f in dated if f.until)
    since, until = given.since or earliest, given.until or latest
    if since and until and since > until:
        return replace(given, sources=sources)
    return Filter(since, until, sources)


def _phrase(text: str, start: int, end: int, filter: Filter) -> Phrase:
    return Phrase(text[start:end], start, end, filter)


_NEWEST = re.compile(
    r"(?<!\bat the )\blatest\b|\bnewest\b|\bmost\s+recent(?:ly)?\b|\brecently\b|\bcurrently\b"
    r"|\bup[\s-]to[\s-]date\b|(?:\bthe|\btheir|\bits|\bhis|\bher|\bour|[’']s|\bis|\bare)\s+"
    r"(?P<current>current)\b(?!\s+(?:of|account|affairs))",
    re.IGNORECASE,
)
