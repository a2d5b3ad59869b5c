"""Which part of the library an answer was searched in, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from index.search import Filter
from rag.understanding.filters.asked_filter import Reading


def searched(filter: Filter, reading: Reading) -> str:
    """What the question's own words narrowed the search to; "" where they said nothing of it."""
    said: list[str] = []
    if reading.found:
        only = [days_of(filter)] if filter.since or filter.until else []
        only += [f"by {' or '.join(sorted(filter.sources))}"] if filter.sources else []
        said.append(f"Only articles {', '.join(only)} (from {_quoted(reading.found)})")
    if wanted := reading.preferred:
        said.append(f"Preferring newer articles (from {_quoted([wanted.phrase])})")
    if said:
        said.append("--no-filters-from-question searches without")
    if reading.dropped:
        said.append(f"No article fits {_quoted(reading.dropped)}: searched without")
    return "; ".join(said) + "." if said else ""


def days_of(filter: Filter) -> str:
    """ "from 2024-05-10 on", "until 2024-05-17", "from … to …", "of …" a single day."""
    since, until = filter.since, filter.until
    if since and until:
        return f"of {since}" if since == until else f"from {since} to {until}"
    return f"from {since} on" if since else f"until {until}" if until else ""


def _quoted(phrases: Iterable[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases)
