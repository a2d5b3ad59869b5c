"""RSS and Atom: the entries of a feed, as addresses to fetch and what the feed says of them."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urljoin

import feedparser

from index.cleaning.metadata import Metadata, one_line, people, web_address
from index.errors import Refused

_ENTRIES = 500  # entries of one feed that are followed
_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """An address that a feed or sitemap lists, and what it says of it: `stamp` changes with it."""

    url: str
    metadata: Metadata
    stamp: str = ""


def is_feed(data: bytes, kind: str | None) -> bool:
    """Whether a page is a feed; feeds are also served as plain XML and as HTML."""
    if kind == "feed":
        return True
    return kind in ("xml", "html", "text", None) and _FEED.search(data[:2048]) is not None


def entries(data: bytes, url: str) -> tuple[list[Entry], int]:
    """The entries that have an http(s) link, in the feed's order, each address once; and how many
    entries more the feed has than are followed."""
    parsed = feedparser.parse(io.BytesIO(data), response_headers={"content-location": url})
    outlet = one_line(parsed.feed.get("title"))
    found: dict[str, Entry] = {}
    for item in parsed.entries[:_ENTRIES]:
        try:
            named = str(item.get("link") or "").strip()[:2_000]
            link = web_address(urljoin(url, named)) if named else None  # (it joins "" to the feed)
        except ValueError:  # "http://[::1"
            continue
        if link is not None:
            found.setdefault(link, Entry(link, _metadata(item, outlet, link), _stamp(item)))
    if not found:
        raise Refused("the feed has no entries with a link")
    return list(found.values()), max(0, len(parsed.entries) - _ENTRIES)


def stamp(*said: object) -> str:
    return hashlib.sha256("\n".join(str(one or "") for one in said).encode()).hexdigest()[:16]


def _stamp(item: Any) -> str:
    said = [item.get(name) for name in ("title", "updated", "published", "summary")]
    return stamp(*said, *(part.get("value") for part in item.get("content") or ()))


def _metadata(item: Any, outlet: str | None, link: str) -> Metadata:
    stamp = item.get("published_parsed")
    try:
        published = date(*stamp[:3]) if stamp else None
    except ValueError:
        published = None
    title = one_line(re.sub(r"<[^<>]*>", "", str(item.get("title") or "")[:2_000]))
    return Metadata(title, outlet, published, people(item.get("author")), link)
