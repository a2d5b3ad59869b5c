"""Dates in a text, and whether one bears out another. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is stated: any of year, month (1-12), day, weekday (0 is Monday)."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None


MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december"
]  # fmt: skip
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = (
    "(?:"
    + "|".join(
        f"{m}|{m[:3]}\\.?|sept\\.?"
        if m == "september"
        else (m if m == "may" else f"{m}|{m[:3]}\\.?")
        for m in MONTHS
    )
    + ")"
)
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"\b{_NTH}(?:\s+of)?\s+({_MONTH})(?![a-z])(?:,?\s+(\d{{4}}))?", re.IGNORECASE),
    re.compile(rf"\b({_MONTH})\s+{_NTH}(?![\d:])(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE),
    re.compile(rf"\b({_MONTH})(?![a-z])(?:,?\s+(\d{{4}}))?", re.IGNORECASE),
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_WEEKDAY = re.compile(rf"\b({'|'.join(DAYS)})s?\b", re.IGNORECASE)


def days(text: str) -> tuple[Day, ...]:
    """Every date that names a month or a weekday, in order of place. Years alone are numbers."""
    found: list[Day] = []

    def add(day: Day) -> None:
        if all(day.end <= other.start or day.start >= other.end for other in found):
            found.append(day)

    for m in _ISO.finditer(text):
        if 1 <= int(m[2]) <= 12 and 1 <= int(m[3]) <= 31:
            add(Day(m.start(), m.end(), int(m[1]), int(m[2]), int(m[3])))
    for place, pattern in enumerate(_DATES):
        for m in pattern.finditer(text):
            month, day = (m[2], m[1]) if place == 0 else (m[1], m[2] if place == 1 else None)
            year = m[3] if place < 2 else m[2]
            if place == 2 and _no_month(m[1], text, m.start(), bool(year)):
                continue
            if day is None or 1 <= int(day) <= 31:
                add(
                    Day(
                        m.start(),
                        m.end(),
                        int(year) if year else None,
                        _month(month),
                        int(day) if day else None,
                    )
                )
    for m in _WEEKDAY.finditer(text):
        add(Day(m.start(), m.end(), weekday=DAYS.index(m[1].lower())))
    return tuple(sorted(found, key=lambda day: day.start))


def _month(name: str) -> int:
    return next(i for i, month in enumerate(MONTHS, 1) if month.startswith(name[:3].lower()))


def _no_month(name: str, text: str, at: int, dated: bool) -> bool:
    """ "may", "march" and short forms are words too: alone, a month needs a sign that it is one."""
    if dated:
        return False
    if name.lower() in ("may", "march") or (
        len(name.rstrip(".")) < 5
        and name.lower()
        not in (
            "june",
            "july",
        )
    ):
        before = re.search(
            r"\b(in|since|until|last|next|this|early|late|mid|of|by)[\s-]+$", text[:at]
        )
        return not (name[0].isupper() and len(name) > 2 and before) or name.endswith(".")
    return False


def same_day(claim: Day, source: Day, published: date | None = None) -> bool:
    """Whether the source's date bears out the claim's, as far as the claim states one.

    A weekday and a calendar date are compared through the article's date of publication: the
    nearest such weekday, up to a week before it or after.
    """
    if claim.weekday is not None and source.weekday is not None:
        return claim.weekday == source.weekday
    if (claim.weekday is None) != (source.weekday is None):
        named, dated = (claim, source) if claim.weekday is not None else (source, claim)
        if published is None or named.weekday is None or dated.day is None:
            return False
        return any(
            near.weekday() == named.weekday
            and (near.month, near.day) == (dated.month, dated.day)
            and dated.year in (None, near.year)
            for near in (published + timedelta(days=n) for n in range(-7, 8))
        )
    if claim.month != source.month or (claim.day is not None and claim.day != source.day):
        return False
    year = source.year or (published.year if published else None)
    return claim.year is None or year is None or claim.year == year
