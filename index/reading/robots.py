"""What a site asks of programs that come by themselves: its robots.txt (RFC 9309).

The only user of protego. Runs in the process that has limits, and remembers a site for an hour.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from index.errors import Refused
from index.reading import web

_LIMIT = 600_000  # bytes; RFC 9309 wants 500 KiB read
_KEPT, _SECONDS = 200, 3600.0
_LONGEST = 60.0  # seconds between requests that a site is given, whatever it asks for


@dataclass(frozen=True, slots=True)
class _Rules:
    parsed: Protego | None  # None: all is allowed
    read: float


_known: OrderedDict[str, _Rules] = OrderedDict()


def delay(url: str, public: bool | None) -> float:
    """The seconds that the site wants between requests. Raises Refused where it doesn't want the
    address read by programs, and what `web.fetch` raises where it can't be asked."""
    parts = urlsplit(url)
    rules = _rules(f"{parts.scheme}://{parts.netloc}", public)
    if rules is None:
        return 0.0
    if not rules.can_fetch(url, web.AGENT):
        raise Refused("the site's robots.txt asks programs not to read it")
    wanted = rules.crawl_delay(web.AGENT) or 0.0
    return min(max(float(wanted), 0.0), _LONGEST)


def _rules(site: str, public: bool | None) -> Protego | None:
    known = _known.get(site)
    if known is not None and time.monotonic() - known.read < _SECONDS:
        return known.parsed
    rules: Protego | None = None
    try:
        page = web.fetch(f"{site}/robots.txt", limit=_LIMIT, public=public)
        rules = Protego.parse(page.data.decode("utf-8", "replace"))
    except web.Answered as answered:
        if answered.status == 429 or answered.status >= 500:
            raise
    _known[site] = _Rules(rules, time.monotonic())
    while len(_known) > _KEPT:
        _known.popitem(last=False)
    return rules
