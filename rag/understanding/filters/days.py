"""Days that a question asks about, and days that a sentence of an article speaks of. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from index.words import MONTH
from rag.checking.facts.quantities import numbers
from rag.understanding.filters.periods import Period
from rag.understanding.filters.times import named

# "the 16th and the 18th of May": the first of two days says its month with the second
_TWO_DAYS = re.compile(
    r"\b(?P<first>\d{1,2})(?:st|nd|rd|th)?\s*(?:[-–—]|to|and|until|till|through)\s*(?:the\s+)?"
    rf"(?P<second>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{MONTH})",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_FROM_TODAY = ("today", "yesterday", "the day before yesterday")
_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:.]([0-5]\d)(?![\d.]|\s?%)")


@dataclass(frozen=True, slots=True)
class Named:
    """`words` is how the text names it; first and last day."""

    words: str
    first: date
    last: date

    @property
    def relative(self) -> bool:
        """Whether it is a day that is named from the day of writing: "yesterday"."""
        named = any(c.isdigit() for c in self.words) or self.words.lower().endswith("day")
        return self.first == self.last and (not named or self.words.lower() in _FROM_TODAY)


def asked_days(question: str, reference: date) -> Period | None:
    """From the first to the last day that a question names; None where it names none."""
    text = _DOTTED.sub(lambda m: f"{m[3]}-{int(m[2]):02}-{int(m[1]):02}", question)
    text = _TWO_DAYS.sub(r"\g<first> \g<month> - \g<second> \g<month>", text)
    # (one by one: a period that another follows isn't read as the end of something else)
    found = [
        p for part in re.split(r"\s-\s|\band\b|\bto\b", text) for _, _, p in named(part, reference)
    ]
    if not found:
        return None
    return min(first for first, _ in found), max(last for _, last in found)


def spoken_of(text: str, reference: date) -> tuple[Named, ...]:
    """The days, months, years and decades that a text names, in order of place."""
    years = {n.start: n for n in numbers(text) if n.unit in ("year", "decade")}
    found: dict[int, Named] = {}
    for start, end, (first, last) in named(text, reference):
        words = text[start:end]
        if words.isdigit() and start not in years:
            continue  # 2000 of something
        found[start] = Named(words, first, last)
    for start, number in years.items():
        if number.unit == "decade" and 1000 <= number.value <= 2199:
            year = int(number.value)
            span = 100 if year % 100 == 0 else 10
            words = text[start : number.end]
            found[start] = Named(words, date(year, 1, 1), date(year + span - 1, 12, 31))
    return tuple(found[start] for start in sorted(found))


def clock(text: str) -> str:
    """The time of day that opens a text ("09:40 Flowers at the memorial"); empty if none does."""
    match = _CLOCK.match(text.lstrip())
    return f"{int(match[1]):02}:{match[2]}" if match else ""
