# ruff: noqa: E501 (patterns read better unbroken)
"""Dates as pages print them: strict, because a wrong guess is worse than none."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from index.words import MONTHS

_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_WEEKDAY = r"(?P<weekday>(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?)\.?,?\s+(?:the\s+)?"
_LABEL = r"(?P<label>(?:first\s+|originally\s+|last\s+)?(?:published|posted|updated|modified|date|publication date|on)(?:\s+on)?\s*:?\s+)"
_TIME = (
    r"(?:,?\s*(?:at|-|–|—|·|•|\||T)?\s*\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\s*(?:[ap]\.?m\.?)?\s*"
    r"(?:\(?(?:gmt|bst|utc|e[sd]t|p[sd]t|c[sd]t|cest?|ist|et|pt|z|[+-]\d\d:?\d\d)\)?)?(?:[+-]\d\d:?\d\d)?)?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_FORMS = tuple(
    re.compile(rf"\s*{_LABEL}?(?:{_WEEKDAY})?{form}{_TIME}\s*[.|]?\s*", re.IGNORECASE)
    for form in (
        rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_DAY}-{_MONTH}-{_YEAR}",
        rf"{_YEAR}[-/.](?P<m>\d\d)[-/.](?P<d>\d\d)",
    )
)
_BARE_TIME_BEFORE = re.compile(
    r"^\d{1,2}[:.]\d{2}\s*(?:[ap]\.?m\.?)?\s*(?:[a-z]{2,4})?,?\s+", re.IGNORECASE
)


def month_number(name: str) -> int | None:
    """1 to 12 for an English month's name or its first three letters or more ("Sept.")."""
    word = name.strip(" .").lower().replace("sept", "sep") if len(name) <= 5 else name.lower()
    found = [n for n, month in enumerate(MONTHS, 1) if len(word) >= 3 and month.startswith(word)]
    return found[0] if len(found) == 1 else None


def date_line(line: str) -> tuple[date, str, bool] | None:
    """The date of a line that is nothing but a date: the date, its label and if it has a weekday.

    Understood: "Friday, June 14, 2024", "17 May 2024", "May 17th, 2024 10:32 BST",
    "Published: 2024-05-17". Not understood, on purpose: 05/06/2024 (which is the month?), dates
    without a year, and dates whose weekday is wrong.
    """
    if len(line) > 90:
        return None
    line = _BARE_TIME_BEFORE.sub("", line)
    for form in _FORMS:
        found = form.fullmatch(line)
        if found is None:
            continue
        parts = found.groupdict()
        month = parts.get("m") or month_number(parts["month"])
        try:
            day = date(int(parts["year"]), int(month or 0), int(parts.get("d") or parts["day"]))
        except ValueError:
            return None
        weekday = parts["weekday"]
        if weekday and weekday.lower()[:3] != day.strftime("%a").lower():
            return None
        return day, (parts["label"] or "").lower().strip(" :"), weekday is not None
    return None


def is_date_line(line: str) -> bool:
    return date_line(line) is not None


def parse(value: object) -> date | None:
    """The date that a field of metadata holds: ISO 8601, RFC 2822, a date in words, or a datetime.

    Numbers are not dates: whether they count seconds, milliseconds or years can't be told.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not value.strip() or len(value) > 100:
        return None
    text = value.strip()
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass
    found = date_line(text)
    if found is not None:
        return found[0]
    try:
        return parsedate_to_datetime(text).date()
    except (ValueError, TypeError, IndexError):
        return None
