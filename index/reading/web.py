"""Fetching: http and https only, bounded in size, in time as a whole, and in redirects.

Which addresses may be asked is decided where the connection is made (`index.reading.network`).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urljoin, urlsplit

import httpcore
import httpx

from index.errors import Refused
from index.reading.network import Network, Transport

SECONDS = 60  # for one page, its redirects and all of its body, whatever drips
_REDIRECTS = 5
_VALIDATOR = 500  # characters of an ETag or a date that are kept
_TIMEOUT = httpx.Timeout(20, connect=10)
_CHUNK = 1 << 16
AGENT = "dateline"  # what robots.txt calls this program
_HEADERS = {
    "User-Agent": f"{AGENT}/0.1 (reads articles that its user names)",
    "Accept": "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,*/*;q=0.5",
    "Accept-Encoding": "gzip, deflate",  # what can be unpacked piece by piece, with a limit
}
_KINDS = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "text/plain": "text",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "application/json": "json",
    "application/x-ndjson": "json",
    "application/jsonl": "json",
    "application/jsonlines": "json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/rdf+xml": "feed",
    "application/xml": "xml",
    "text/xml": "xml",
}


class Unreachable(Refused):
    """The server didn't answer, or not in time."""


class Answered(Refused):
    """The server answered with something else than a page: its `status`, and for how many seconds
    it asks not to be asked again (None: it doesn't say)."""

    def __init__(self, reason: str, status: int, wait: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Page:
    """What an address gave; `kind` is one of `load`'s, "feed", "xml", or None (unsaid).

    `inside` says that it came from this computer's own network. `unchanged`: it is as it was when
    the server gave the `etag` or date (`modified`) that it was asked with, and `data` is empty.
    """

    url: str
    data: bytes
    content_type: str
    kind: str | None
    charset: str | None
    inside: bool
    etag: str = ""
    modified: str = ""
    unchanged: bool = False

    @property
    def path(self) -> str:
        """The last part of the address's path, as a file's name."""
        return unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]


def fetch(
    url: str,
    *,
    limit: int,
    public: bool | None = None,
    seconds: float = SECONDS,
    etag: str = "",
    modified: str = "",
) -> Page:
    """The page at `url`. Raises Refused with the reason, Unreachable where that is the server.

    `public` says that no address of this computer's own network may be asked; None: `url` itself
    may lie there, but nothing that it redirects to if it doesn't. With the `etag` or date that it
    came with before, a page that hasn't changed since isn't sent again.
    """
    known = {"If-None-Match": etag, "If-Modified-Since": modified}
    headers = _HEADERS | {name: value for name, value in known.items() if value}
    deadline = time.monotonic() + seconds
    network = Network(deadline)
    try:
        own = urlsplit(url).hostname or ""
        with httpx.Client(
            transport=Transport(network, own), timeout=_TIMEOUT, headers=headers
        ) as client:
            for hop in range(_REDIRECTS + 1):
                parts = urlsplit(url)
                if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
                    raise Refused(f"only http and https addresses are fetched, not {url[:80]!r}")
                network.public = bool(public)
                with client.stream("GET", url) as response:
                    if hop == 0 and public is None:
                        public = not network.inside
                    location = response.headers.get("location")
                    if not response.is_redirect or not location:
                        return _read(response, url, limit, network)
                    url = urljoin(url, location)
        raise Refused(f"it redirects more than {_REDIRECTS} times")
    except (httpx.TimeoutException, httpcore.TimeoutException):
        raise Unreachable("the server didn't answer in time") from None
    except (httpx.ConnectError, httpcore.ConnectError):
        raise Unreachable("the server can't be reached") from None
    except (httpx.TransportError, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreachable(f"it can't be fetched ({type(error).__name__})") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise Refused(f"it can't be fetched ({type(error).__name__})") from None
    except (ValueError, zlib.error) as error:  # UnicodeError is one: a host's name that can't be
        raise Refused(f"it can't be fetched ({type(error).__name__})") from None


def _read(response: httpx.Response, url: str, limit: int, network: Network) -> Page:
    held = {"etag": response.headers.get("etag", "")[:_VALIDATOR],
            "modified": response.headers.get("last-modified", "")[:_VALIDATOR]}  # fmt: skip
    if response.status_code == 304:
        return Page(url, b"", "", None, None, network.inside, **held, unchanged=True)
    if response.status_code != 200:
        gone = {
            404: "there is no such page",
            410: "the page is gone",
            403: "the server denies access",
        }
        reason = gone.get(response.status_code, "the server refused")
        raise Answered(
            f"{reason} (HTTP {response.status_code})",
            response.status_code,
            _wait(response.headers.get("retry-after", ""), response.headers.get("date", "")),
        )
    too_long = f"it has more than {limit / 1e6:.0f} MB"
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise Refused(too_long)
    data = bytearray()
    for part in _unpacked(response.iter_raw(), response.headers.get("content-encoding", "")):
        data += part
        if len(data) > limit:
            raise Refused(too_long)
        network.left()
    content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    kind = _KINDS.get(content_type)
    return Page(
        url, bytes(data), content_type, kind, response.charset_encoding, network.inside, **held
    )


def _wait(said: str, now: str) -> float | None:
    """The seconds of a Retry-After header: a number, or a date, counted from the server's own."""
    if said.strip().isascii() and said.strip().isdigit():
        return float(said.strip()[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _unpacked(parts: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The body in pieces of bounded size, however well it was packed."""
    names = [name for part in encoding.lower().split(",") if (name := part.strip())]
    names = [name for name in names if name != "identity"]
    if not names:
        yield from parts
        return
    if names not in (["gzip"], ["x-gzip"], ["deflate"]):
        raise Refused(f"the server packed it as {encoding[:40]!r}, which wasn't asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
    first = True
    for part in parts:
        while part:
            try:
                yield unpacker.decompress(part, _CHUNK)
            except zlib.error:
                if not first or names != ["deflate"]:
                    raise
                unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # some send it without its header
                continue
            finally:
                first = False
            part = unpacker.unconsumed_tail
    while piece := unpacker.decompress(unpacker.unconsumed_tail, _CHUNK):
        yield piece
    if not unpacker.eof:
        raise Refused("it ends in the middle")
