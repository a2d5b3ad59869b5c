"""Filters as people give them, on the command line and in the page. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from index.errors import UsageError
from index.search import Filter


def make_filter(
    since: str | None, until: str | None, sources: Sequence[str] | None
) -> Filter | None:
    """None when nothing is chosen. Days are given as `first_day` takes them. Raises UsageError."""
    if not (since or until or sources):
        return None
    begin = first_day(since) if since else None
    end = last_day(until) if until else None
    if begin and end and begin > end:
        raise UsageError(f"No day is from {begin} on and until {end}; swap them.")
    return Filter(begin, end, frozenset(sources or ()))


def first_day(text: str) -> date:
    """The day, or the first of the month or year. Raises UsageError."""
    year, month, day = _parts(text)
    return _date(text, year, 1 if month is None else month, 1 if day is None else day)


def last_day(text: str) -> date:
    """The day, or the last of the month or year. Raises UsageError."""
    year, month, day = _parts(text)
    month = 12 if month is None else month
    if day is None:
        day = monthrange(year, month)[1] if 1 <= month <= 12 else 1
    return _date(text, year, month, day)


def _parts(text: str) -> tuple[int, int | None, int | None]:
    match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?", text.strip())
    if not match or match[1] == "0000":
        raise _wrong(text)
    return int(match[1]), int(match[2]) if match[2] else None, int(match[3]) if match[3] else None


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _wrong(text) from None


def _wrong(text: str) -> UsageError:
    return UsageError(f"{text!r} is no date; write it like 2024-05-17, 2024-05 or 2024.")
