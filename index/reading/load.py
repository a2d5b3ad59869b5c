"""Articles in: what a person named (a file, a folder, an address, a feed) to articles.

`load` never ends early because of one bad item: it gives a Refusal with the reason and goes on.
It decides by content where it can (a PDF that is called .html is a PDF), cleans every text, and
fills in what is not known: the outlet from `source`, the title from the file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from index.article import Article, article_id
from index.cleaning.clean import clean
from index.cleaning.metadata import Metadata, from_name, one_line, opening
from index.errors import Refused
from index.reading import feeds, formats, web
from index.reading.charset import decode
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
_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that didn't become an article: its path or url, and the reason in a few words."""

    origin: str
    reason: str


def load(target: str, *, source: str | None = None) -> Iterator[Article | Refusal]:
    """The articles of a file, a folder (recursive, in order of names), a url or a feed's url.

    `source` is the outlet of articles that don't name theirs. Hidden files and, in a folder,
    files of other kinds are passed over. Only http and https are fetched: the url that was
    named and, if that is a feed, the links of its entries.
    """
    target = target.strip() if "://" in target else target
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", target):
        yield from _load_url(target, source)
        return
    path = Path(target).expanduser()
    try:
        if path.is_dir():
            yield from _load_folder(path, source)
        elif path.exists():
            yield from _load_file(path, source)
        else:
            yield Refusal(target, "there is no such file or folder; check its name")
    except (OSError, ValueError) as error:  # a name too long, a NUL in it, a loop of links
        yield Refusal(target, _os_reason(error))


def _load_folder(folder: Path, source: str | None) -> Iterator[Article | Refusal]:
    any_found = False
    failed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in KINDS:
                continue
            any_found = True
            yield from _load_file(path, source)
    for error in failed:
        yield Refusal(str(error.filename), _os_reason(error))
    if not any_found and not failed:
        kinds = ", ".join(sorted(KINDS))
        yield Refusal(str(folder), f"the folder holds no articles; name one with files of {kinds}")


def _load_file(path: Path, source: str | None) -> Iterator[Article | Refusal]:
    origin = os.path.realpath(path)
    try:
        data = _read(path)
        kind = sniff(data) or KINDS.get(path.suffix.lower())
        if kind is None and path.suffix:
            raise Refused(
                f"files of the kind {path.suffix!r} can't be read ({', '.join(sorted(KINDS))})"
            )
        for key, document in read(kind or "text", data):
            item = f"{origin}#{key}" if key else origin
            if isinstance(document, Refused):
                yield Refusal(item, str(document))
                continue
            try:
                name = "" if key else path.name
                yield _article(document, item, source, name=name, path=item)
            except Refused as refused:
                yield Refusal(item, str(refused))
    except Refused as refused:
        yield Refusal(origin, str(refused))
    except OSError as error:
        yield Refusal(origin, _os_reason(error))


def _load_url(url: str, source: str | None) -> Iterator[Article | Refusal]:
    try:
        page = web.fetch(url, limit=MAX_BYTES)
        if feeds.is_feed(page.data, page.kind):
            entries = feeds.entries(page.data, page.url)
        else:
            yield from _load_page(page, url, source)
            return
    except Refused as refused:
        yield Refusal(url, str(refused))
        return
    for entry in entries:
        try:
            page = web.fetch(entry.url, limit=MAX_BYTES, public=web.is_public(url))
            if feeds.is_feed(page.data, page.kind):
                raise Refused("a feed within a feed is not followed")
            yield from _load_page(page, entry.url, source, entry.metadata)
        except Refused as refused:
            yield Refusal(entry.url, str(refused))


def _load_page(
    page: web.Page, url: str, source: str | None, known: Metadata | None = None
) -> Iterator[Article | Refusal]:
    """The articles of a fetched page. Its id comes from the address that was asked for."""
    kind = sniff(page.data) or page.kind or KINDS.get(Path(page.path).suffix.lower())
    if kind is None:
        raise Refused(f"the address holds {page.content_type or 'something unknown'}, no article")
    for key, document in read(kind, page.data, page.charset, page.url):
        item = f"{url}#{key}" if key else url
        if isinstance(document, Refused):
            yield Refusal(item, str(document))
            continue
        try:
            metadata = document.metadata | (known or Metadata())
            yield _article(
                Document(document.text, metadata), item, source, name=page.path, url=item
            )
        except Refused as refused:
            yield Refusal(item, str(refused))


def sniff(data: bytes) -> str | None:
    """The kind that the first bytes give away, whatever the name says."""
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04") and b"word/" in data[:4_000_000]:
        return "docx"
    return "html" if _HTML.match(data[:4096]) else None


def read(
    kind: str, data: bytes, charset: str | None = None, url: str | None = None
) -> Iterator[tuple[str, Document | Refused]]:
    """The documents in a file's bytes, each with its key within it ("" where there is but one)."""
    if kind == "json":
        yield from formats.records(data, charset)
    elif kind == "html":
        yield "", _html(data, charset, url)
    elif kind == "pdf":
        yield "", formats.pdf(data)
    elif kind == "docx":
        yield "", formats.docx(data)
    elif kind == "markdown":
        yield "", formats.markdown(data, charset)
    else:
        yield "", formats.text(data, charset)


def _html(data: bytes, charset: str | None, url: str | None) -> Document:
    from index.reading import html as formats_html  # trafilatura: only when there is a page to read

    declared = _CHARSET.search(data[:4096])
    html = decode(data, charset or (declared[1].decode("ascii", "ignore") if declared else None))
    try:
        document = formats_html.read(html, url)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # lxml and trafilatura on markup made to break them
        raise Refused(f"the page can't be read ({type(error).__name__})") from None
    return document


def _article(
    document: Document,
    origin: str,
    source: str | None,
    *,
    name: str,
    path: str | None = None,
    url: str | None = None,
) -> Article:
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


def _site(url: str | None) -> str | None:
    """The host of an address that has a name, for an article that has no other outlet."""
    host = (urlsplit(url or "").hostname or "").removeprefix("www.")
    return host if re.fullmatch(r"[\w.-]+\.[a-z]{2,}", host) else None


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise Refused("it is not a regular file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Refused(f"it has {size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f} MB")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"it has more than {MAX_BYTES / 1e6:.0f} MB")
    if not data.strip():
        raise Refused("it is empty")
    return data


def _os_reason(error: OSError | ValueError) -> str:
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    detail = error.strerror if isinstance(error, OSError) else str(error)
    return f"it can't be read ({detail or type(error).__name__})"
