"""News sitemaps: the articles that a site lists for search engines, and what it says of them.

Only entries with `news:news` are taken: other sitemaps list all that a site has. No entity is
resolved and nothing that the document names is loaded.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from lxml import etree

from index.cleaning.metadata import Metadata, one_line, web_address
from index.errors import Refused
from index.reading.feeds import Entry, stamp

_ENTRIES = 1_000  # of one sitemap; what Google takes of a news sitemap
_INNER = 50  # sitemaps of an index
_UNPACKED = 50_000_000
_SITEMAP = re.compile(rb"<(?:\w{1,20}:)?(?:urlset|sitemapindex)[\s>]")


def unpacked(data: bytes) -> bytes:
    """A sitemap that is served as a .gz file, unpacked as far as it may be."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _UNPACKED)
    except zlib.error:
        return data


def is_sitemap(data: bytes) -> bool:
    return _SITEMAP.search(data[:4096]) is not None


def read(data: bytes, url: str) -> tuple[list[Entry], list[str], int]:
    """Its articles, newest first; the sitemaps that an index names, on the same host, those changed
    last first; and how many more there are than are followed. Raises Refused."""
    host = urlsplit(url).hostname
    entries: dict[str, Entry] = {}
    inner: dict[str, str] = {}
    cut = plain = 0
    for kind, fields in _elements(data):
        address = web_address(fields.get("loc", "")[:2_000])
        if address is None:
            continue
        if kind == "sitemap":
            if urlsplit(address).hostname == host and address != url:
                inner[address] = fields.get("lastmod", "")
        elif "news" not in fields:
            plain += 1
        elif len(entries) >= _ENTRIES:
            cut += 1
        else:
            said = Metadata(
                one_line(fields.get("title")),
                one_line(fields.get("name")),
                _day(fields.get("publication_date", "")),
                (),
                address,
            )
            said_of = (fields.get("lastmod"), fields.get("title"), fields.get("publication_date"))
            entries.setdefault(address, Entry(address, said, stamp(*said_of)))
    if not entries and not inner:
        raise Refused(
            "the sitemap lists no news (news:news), only other pages" if plain else
            "the sitemap lists nothing"
        )  # fmt: skip
    newest = sorted(entries.values(), key=lambda e: e.metadata.published or date.min, reverse=True)
    last = sorted(inner, key=lambda address: inner[address], reverse=True)
    return newest, last[:_INNER], cut + max(0, len(last) - _INNER)


def _elements(data: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Each <url> and <sitemap> with the texts in it by their local names."""
    source = io.BytesIO(data)
    try:
        for _, element in etree.iterparse(
            source,
            events=("end",),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        ):
            kind = _local(element.tag)
            if kind not in ("url", "sitemap"):
                continue
            fields: dict[str, str] = {}
            for inner in element.iter():
                fields.setdefault(_local(inner.tag), (inner.text or "").strip()[:5_000])
            yield kind, fields
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise Refused(f"the sitemap is broken (line {error.lineno})") from None


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return None
