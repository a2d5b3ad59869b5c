"""One file or one address to the articles in it. What runs in the process that has limits.

It decides by content where it can (a PDF that is called .html is a PDF), cleans every text, and
fills in what is not known: the outlet from `source`, the title from the file's name.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from index.article import Article, article_id
from index.cleaning.clean import clean
from index.cleaning.metadata import Metadata, from_name, one_line, opening
from index.errors import Refused
from index.reading import documents, feeds, robots, sitemaps, web
from index.reading.formats import Document

MAX_BYTES = 50_000_000  # of one file or page; more is refused without being read
KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".docx": "docx",
}
_SAME = 40  # text that packs this many times smaller says one thing over and over
_DATA = re.compile(r"[A-Za-z0-9+/=_-]{60,}+")  # letters and digits in a row that are no word


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that didn't become an article: its path or url, and the reason in a few words.

    `unreachable` says that it was its server that didn't answer, `status` with what (HTTP) it did,
    and `wait` for how many seconds it asks to be left alone.
    """

    origin: str
    reason: str
    unreachable: bool = field(default=False, compare=False)
    status: int = field(default=0, compare=False)
    wait: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Asking:
    """How an address is asked by a program that comes again by itself: as its site's robots.txt
    wants it, and with what the server gave with its last answer."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server said beside the page: first of what an `Asking` gets, where there is an answer.

    `unchanged`: the page is as it was, and nothing follows. `delay`: the seconds that the site
    wants between requests. `inside`: it lies in this computer's own network.
    """

    etag: str = ""
    modified: str = ""
    unchanged: bool = False
    delay: float = 0.0
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """The entries of a feed or news sitemap at `url`, how many more it has, and whether it lies in
    this network. `inner` are the sitemaps that it is an index of."""

    url: str
    entries: tuple[feeds.Entry, ...]
    cut: int
    inside: bool
    inner: tuple[str, ...] = ()


Item = Article | Refusal | Feed | Fetched


def of_file(path: Path, source: str | None) -> Iterator[Article | Refusal]:
    """The articles of a file. Never raises for what the file holds."""
    origin = os.path.realpath(path)
    try:
        data = read_bytes(path)
        kind = documents.sniff(data) or KINDS.get(path.suffix.lower())
        if kind is None and path.suffix:
            raise Refused(
                f"files of the kind {path.suffix!r} can't be read ({', '.join(sorted(KINDS))})"
            )
        yield from of_bytes(data, kind or "text", origin, source, path.name)
    except MemoryError:
        raise
    except Exception as error:
        yield Refusal(origin, reason(error))


def of_bytes(
    data: bytes, kind: str, origin: str, source: str | None, name: str
) -> Iterator[Article | Refusal]:
    """The articles in a file's bytes. Raises what its reader raises, before the first."""
    for key, document in documents.read(kind, data):
        item = f"{origin}#{key}" if key else origin
        yield _item(document, item, source, name="" if key else name, path=item)


def of_address(
    url: str,
    source: str | None,
    public: bool | None,
    known: Metadata | None = None,
    asking: Asking | None = None,
) -> Iterator[Item]:
    """The articles of the page at `url`, or the feed that it is; an entry's page has `known`."""
    try:
        if asking is None:
            page = web.fetch(url, limit=MAX_BYTES, public=public)
        else:
            delay = robots.delay(url, public)
            page = web.fetch(
                url,
                limit=MAX_BYTES,
                public=public,
                etag=asking.etag,
                modified=asking.modified,
            )
            yield Fetched(page.etag, page.modified, page.unchanged, delay, page.inside)
            if page.unchanged:
                return
        listing = sitemaps.unpacked(page.data) if known is None else page.data
        if sitemaps.is_sitemap(listing):
            if known is not None:
                raise Refused("a sitemap within a feed is not followed")
            entries, inner, cut = sitemaps.read(listing, page.url)
            yield Feed(page.url, tuple(entries), cut, page.inside, tuple(inner))
            return
        if feeds.is_feed(page.data, page.kind):
            if known is not None:
                raise Refused("a feed within a feed is not followed")
            entries, cut = feeds.entries(page.data, page.url)
            yield Feed(page.url, tuple(entries), cut, page.inside)
            return
        suffix = Path(page.path).suffix.lower()
        kind = documents.sniff(page.data) or page.kind or KINDS.get(suffix)
        if kind is None or kind == "xml":
            held = page.content_type or "something unknown"
            raise Refused(f"the address holds {held}, no article")
        # Its id comes from the address that was asked for.
        for key, document in documents.read(kind, page.data, page.charset, page.url):
            item = f"{url}#{key}" if key else url
            if isinstance(document, Document) and known is not None:
                document = Document(document.text, document.metadata | known)
            yield _item(document, item, source, name=page.path, url=item)
    except MemoryError:
        raise
    except Exception as error:
        answered = error if isinstance(error, web.Answered) else None
        yield Refusal(
            url,
            reason(error),
            isinstance(error, web.Unreachable),
            answered.status if answered else 0,
            answered.wait if answered else None,
        )


def reason(error: Exception) -> str:
    """Why an item was refused, in a few words, whatever was raised."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    detail = error.strerror if isinstance(error, OSError) else None
    return f"it can't be read ({detail or type(error).__name__})"


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file's bytes. Raises Refused for what is none, is empty or too large; OSError."""
    if not path.is_file():
        if not path.exists():  # what a link points to, or what went just now
            raise Refused("there is no such file")
        raise Refused("it is not a regular file")
    try:
        os.path.realpath(path).encode()
    except UnicodeEncodeError:
        raise Refused("its name is not valid Unicode; rename it") from None
    size = path.stat().st_size
    if size > limit:
        raise Refused(f"it has {size / 1e6:.0f} MB, more than {limit / 1e6:.0f} MB")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"it has more than {limit / 1e6:.0f} MB")
    if not data.strip():
        raise Refused("it is empty")
    return data


def _item(
    document: Document | Refused,
    origin: str,
    source: str | None,
    *,
    name: str,
    path: str | None = None,
    url: str | None = None,
) -> Article | Refusal:
    try:
        if isinstance(document, Refused):
            raise document
        check_words(document.text)
        text = clean(document.text)
        if not any(c.isalnum() for c in text):
            raise Refused("no article was found in it, only a page's furniture")
        known = document.metadata
        return Article(
            id=article_id(origin),
            title=known.title or from_name(name) or opening(text),
            text=text,
            source=known.source or one_line(source) or _site(url or known.url),
            published=known.published,
            authors=known.authors,
            url=url or known.url,
            path=path,
        )
    except MemoryError:
        raise
    except Exception as error:
        return Refusal(origin, reason(error))


def check_words(text: str) -> None:
    """Raises Refused for what is no text that somebody wrote: one thing over and over, or data in
    letters and digits. (English packs to a third, a table of results to a tenth.)"""
    data = text.encode("utf-8", "replace")
    if len(data) > 10_000 and len(zlib.compress(data, 1)) * _SAME < len(data):
        raise Refused("it says the same over and over")
    if len(text) > 1_000 and 2 * sum(map(len, _DATA.findall(text))) > len(text):
        raise Refused("it holds data, not words")


def _site(url: str | None) -> str | None:
    """The host of an address that has a name, for an article that has no other outlet."""
    host = (urlsplit(url or "").hostname or "").removeprefix("www.")
    _, dot, ending = host.rpartition(".")
    return host if dot and ending.isascii() and ending.isalpha() and len(ending) > 1 else None
