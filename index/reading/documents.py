"""The bytes of one file or page to its documents, by their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.errors import Refused
from index.reading import formats
from index.reading.charset import decode
from index.reading.formats import Document

_HEAD = 4096  # bytes in which a page says what it is, and its charset
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{2,40})", re.I)
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def sniff(data: bytes) -> str | None:
    """The kind that the first bytes give away, whatever the name says."""
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04") and b"word/" in data[:4_000_000]:
        return "docx"
    return "html" if _is_page(data[:_HEAD]) else None


def _is_page(head: bytes) -> bool:
    """Whether a page begins here, after white space, an XML declaration and comments."""
    rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for _ in range(_HEAD):
        if rest.startswith(b"<!--"):
            rest = rest[4:].partition(b"-->")[2].lstrip()
        elif rest.startswith(b"<?xml"):
            rest = rest.partition(b">")[2].lstrip()
        else:
            break
    rest = b" ".join(rest[:40].split())
    return any(
        rest.startswith(mark) and not rest[len(mark) : len(mark) + 1].isalnum() for mark in _PAGE
    )


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

    declared = _CHARSET.search(data[:_HEAD])
    html = decode(data, charset or (declared[1].decode("ascii", "ignore") if declared else None))
    try:
        return formats_html.read(html, url)
    except (Refused, MemoryError, RecursionError):
        raise
    except Exception as error:  # lxml and trafilatura on markup made to break them
        raise Refused(f"the page can't be read ({type(error).__name__})") from None
