"""Calendar arithmetic for times that are named from a reference day. Pure; days are inclusive."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, date

Period = tuple[date, date]
"""First and last day."""

_EARLIEST, _LATEST = date.min.toordinal(), date.max.toordinal()


def later(day: date, days: int) -> date:
    """So many days later (or earlier), within what a date can be."""
    return date.fromordinal(min(max(day.toordinal() + days, _EARLIEST), _LATEST))


def back(day: date, count: int, unit: str) -> date:
    """So many hours, days, weeks or months before a day; the 31st becomes a short month's last."""
    if unit != "month":
        days = {"hour": -(-count // 24), "day": count, "week": 7 * count}[unit]
        return later(day, -days)
    months = max(12 * MINYEAR, day.year * 12 + day.month - 1 - count)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def whole_month(day: date) -> Period:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def calendar_period(which: str, unit: str, today: date) -> Period:
    """ "this" or "last" week (from Monday), weekend, month or year."""
    steps = 0 if which == "this" else 1
    if unit == "month":
        return whole_month(back(today.replace(day=1), steps, "month"))
    if unit == "year":
        year = max(MINYEAR, today.year - steps)
        return date(year, 1, 1), date(year, 12, 31)
    monday = later(today, -today.weekday() - 7 * steps)
    return (monday if unit == "week" else later(monday, 5)), later(monday, 6)


def ago(today: date, count: int, unit: str) -> Period:
    """ "two weeks ago" is said of a day or two more or less, "two months ago" of half a month."""
    day, slack = back(today, count, unit), {"day": 0, "week": 3, "month": 15}[unit]
    return later(day, -slack), later(day, slack)


def latest_weekday(today: date, weekday: int, *, before: bool = False) -> date:
    """The last such day (0 is Monday): today, if it is one, unless it must be `before` today."""
    steps = (today.weekday() - weekday) % 7
    return later(today, -(7 if before and not steps else steps))


def dated(year: int | None, month: int | None, day: int | None, latest: date) -> Period | None:
    """A day, month or year as far as it is stated; without a year, the last one that had begun by
    `latest`. None if there is no such day."""
    for each in (year,) if year is not None else range(latest.year, latest.year - 5, -1):
        if not MINYEAR <= each <= MAXYEAR:
            continue
        try:
            first = date(each, month or 1, day or 1)
        except ValueError:  # 31 June; 29 February of another year
            continue
        if year is None and first > latest:
            continue
        if day is not None:
            return first, first
        return whole_month(first) if month else (first, date(each, 12, 31))
    return None
