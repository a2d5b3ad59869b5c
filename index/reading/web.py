"""Fetching: http and https only, bounded in size, time and redirects."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from index.errors import Refused

_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(20, connect=10)
_HEADERS = {
    "User-Agent": "dateline/0.1 (reads articles that its user names)",
    "Accept": "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,*/*;q=0.5",
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


@dataclass(frozen=True, slots=True)
class Page:
    """What an address gave; `kind` is one of `load`'s, "feed", "xml", or None (unsaid)."""

    url: str
    data: bytes
    content_type: str
    kind: str | None
    charset: str | None

    @property
    def path(self) -> str:
        """The last part of the address's path, as a file's name."""
        return unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]


def fetch(url: str, *, limit: int, public: bool | None = None) -> Page:
    """The page at `url`. Raises Refused with the reason.

    `public` says that no address of this machine's own network may be asked (None: that follows
    from `url`): a page on the open web must not be able to point this program at a router or a
    service on localhost, by a redirect or a feed's link.
    """
    public = is_public(url) if public is None else public
    try:
        with httpx.Client(timeout=_TIMEOUT, headers=_HEADERS) as client:
            for _ in range(_REDIRECTS + 1):
                if (
                    urlsplit(url).scheme.lower() not in ("http", "https")
                    or not urlsplit(url).hostname
                ):
                    raise Refused(f"only http and https addresses are fetched, not {url[:80]!r}")
                if public and not is_public(url):
                    raise Refused("a page on the open web points to an address of this network")
                with client.stream("GET", url) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers["location"])
                        continue
                    return _read(response, url, limit)
        raise Refused(f"it redirects more than {_REDIRECTS} times")
    except httpx.TimeoutException:
        raise Refused("the server didn't answer in time") from None
    except httpx.ConnectError:
        raise Refused("the server can't be reached") from None
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        httpx.StreamError,
        UnicodeError,
        ValueError,
    ) as error:
        raise Refused(f"it can't be fetched ({type(error).__name__})") from None


def _read(response: httpx.Response, url: str, limit: int) -> Page:
    if response.status_code != 200:
        gone = {
            404: "there is no such page",
            410: "the page is gone",
            403: "the server denies access",
        }
        reason = gone.get(response.status_code, "the server refused")
        raise Refused(f"{reason} (HTTP {response.status_code})")
    too_long = f"it has more than {limit / 1e6:.0f} MB"
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise Refused(too_long)
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > limit:
            raise Refused(too_long)
    content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    return Page(url, bytes(data), content_type, _KINDS.get(content_type), response.charset_encoding)


def is_public(url: str) -> bool:
    """Whether the address's host lies on the open internet (all of its addresses do)."""
    host = urlsplit(url).hostname or ""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return True  # unknown here; fetching it will say so, or a proxy knows it
    return all(ipaddress.ip_address(str(a).split("%")[0]).is_global for a in found)
