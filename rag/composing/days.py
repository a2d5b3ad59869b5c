"""A day or a span, and a timeline: what happened when, an event a bullet, its day before it.

A sentence's day is the one that it names, counted from its article's date ("on Thursday"), and the
label has its own words, but for those that only its own readers understood ("yesterday"). Of one
that names none it is its article's, and the label says that this is when it was reported.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.search import Filter
from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.overview import FLOOR, find, overview, preferred
from rag.composing.parts import Parts
from rag.composing.taking.extract import Item, extract
from rag.composing.taking.telling import Sentence, Telling, sentences
from rag.events import Event
from rag.understanding.filters.days import Named, asked_days, clock, spoken_of
from rag.understanding.filters.periods import Period, later

MOST = 10  # bullets
REPORTED = 0.6  # what a sentence counts for whose day is only its article's
OPENS = 1.5  # and the first sentence of a live blog's entry
LATE = 3  # days after an event in which articles still tell of it


@dataclass(frozen=True, slots=True)
class Dated:
    """A sentence with its day: `said` where it or its heading names one, `time` where its entry of
    a live blog has one; `opens`: it is the first of its passage."""

    sentence: Sentence
    first: date
    said: Named | None
    time: str
    opens: bool = False

    @property
    def label(self) -> str:
        day = in_words(self.first)
        if self.said:
            known = self.sentence.hit.article.published
            return day if known and self.said.relative else self.said.words
        return f"{day}, {self.time}" if self.time else f"reported {day}"


def day(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    reference = _reference(parts)
    period = asked_days(asked.question, reference) or asked_days(query, reference)
    if period is None:
        return (yield from overview(parts, asked, query))
    found = yield from find(parts, asked, query)
    first, last = period
    narrow = Filter(first, later(last, LATE), found.filter.sources)
    hits = parts.library.search(query, asked.settings.considered, filter=narrow)
    new = [hit for hit in hits if hit.passage.id not in asked.skip]
    hits = list({hit.passage.id: hit for hit in [*new, *found.hits]}.values())
    found = replace(found, hits=tuple(hits))
    events = [
        event
        for event in map(lambda s: dated(s, reference, period), sentences(preferred(hits)))
        if event is not None and period[0] <= event.first <= period[1]
    ]
    items = _items(events)
    return (yield from extract(parts, asked, found, items, MOST, asks=query))


def timeline(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    reference = _reference(parts)
    found = yield from find(parts, asked, query)
    events = [dated(s, reference) for s in sentences(preferred(found.hits))]
    known = [event for event in events if event and (event.said or event.time)]
    if len(known) < 2:
        known = [event for event in events if event]
    items = _items(known)
    return (yield from extract(parts, asked, found, items, MOST, asks=query))


def dated(sentence: Sentence, reference: date, wanted: Period | None = None) -> Dated | None:
    """With its day: the finest that it names (one of those that are wanted first); None for a
    sentence without any day."""
    published = sentence.hit.article.published
    heading = sentence.hit.passage.heading
    named = spoken_of(sentence.text, published or reference)
    days = [n for n in named if n.first == n.last]
    headed = [n for n in spoken_of(heading, published or reference) if n.first == n.last]
    time = clock(heading)
    # what opens an entry tells of its time, whatever year it names in passing
    if time and published:  # its time says more than "today"
        named = tuple(n for n in named if (n.first, n.last) != (published, published))
    opens = sentence.start - sentence.hit.passage.start <= len(heading) + 2
    if ((time and published) or headed) and opens:
        named = tuple(n for n in named if n in days)
    if named:
        inside = [n for n in named if wanted and wanted[0] <= n.first and n.last <= wanted[1]]
        finest = min(inside or named, key=lambda n: (n.last - n.first).days)
        return Dated(sentence, finest.first, finest, "", opens=opens)
    if headed:
        return Dated(sentence, headed[0].first, headed[0], time, opens=opens)
    return Dated(sentence, published, None, time, opens=opens) if published else None


def _items(events: Sequence[Dated]) -> list[Item]:
    """The most telling, one an entry of a live blog, in the order of their days and times; what
    says the same but for its amounts or its day side by side."""
    weights = [
        (FLOOR + e.sentence.hit.score)
        * (1.0 if e.said or e.time else REPORTED)
        * (OPENS if e.time and e.opens else 1.0)
        for e in events
    ]
    telling = Telling([e.sentence for e in events], weights)
    picked: list[int] = []
    entries: set[str] = set()
    while len(picked) < MOST:
        left = {i for i, e in enumerate(events) if _entry(e) not in entries}
        i = telling.next(left)
        if i is None:
            break
        telling.take(i)
        picked.append(i)
        entries |= {_entry(events[i])} - {""}
    picked.sort(key=lambda i: _place(events[i]))
    ordered: list[int] = []
    for i in picked:
        beside = next((n for n, j in enumerate(ordered) if telling.near(i, j)), None)
        ordered.insert(len(ordered) if beside is None else beside + 1, i)
    return [Item(events[i].sentence, events[i].label) for i in ordered]


def _place(event: Dated) -> tuple[date, bool, str, str, int]:
    sentence = event.sentence
    return event.first, event.time == "", event.time, sentence.hit.article.id, sentence.start


def _entry(event: Dated) -> str:
    """The entry that an event is told in, where it has a time; else none."""
    return event.sentence.hit.passage.id if event.time else ""


def in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _reference(parts: Parts) -> date:
    """Today, or the newest article's day in a library that is older."""
    today = date.today()
    newest = parts.library.newest(later(today, 1))
    return min(today, newest) if newest else today
