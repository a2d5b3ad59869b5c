"""Fetching: http and https only, bounded in size, in time as a whole, and in redirects.

What a page on the open web points to (a redirect, a feed's entry), and all that is asked for by
somebody else than this computer's user, may not lie in this computer's own network. That is
checked on the address that is connected to, after the name was resolved, and once: a name that
resolves differently a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from index.errors import Refused

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
_INSIDE = "a page on the open web points to an address of this network"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215: a network's own
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, no longer used


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
    network = _Network(deadline)
    try:
        own = urlsplit(url).hostname or ""
        with httpx.Client(
            transport=_Transport(network, own), timeout=_TIMEOUT, headers=headers
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


def _read(response: httpx.Response, url: str, limit: int, network: _Network) -> Page:
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


# --- the network --------------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """Whether an IP address lies on the open internet, and any IPv4 address within it as well."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if not ip.is_global or ip.is_multicast:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return True
    if ip in _LOCAL_NAT64:
        return False
    inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64 or ip in _COMPATIBLE:
        inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(is_public(str(v4)) for v4 in inner if v4 is not None)


def addresses(host: str, port: int) -> list[str]:
    """What the name resolves to, each once, in the system's order; empty where it doesn't."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class _Network(httpcore.NetworkBackend):
    """Resolves a name once, checks all of its addresses, connects to one of those; never waits
    beyond the deadline. `inside` says where the last connection went."""

    def __init__(self, deadline: float) -> None:
        self.public = False
        self.inside = False
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def left(self, timeout: float | None = None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this page is over")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = addresses(host, port)
        if not found:
            raise httpcore.ConnectError(f"{host} can't be resolved")
        if self.public and not all(map(is_public, found)):
            raise Refused(_INSIDE)
        failure: Exception | None = None
        for address in found:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self.inside = not is_public(address)
            return _Stream(stream, self)
        raise failure or httpcore.ConnectError(host)


class _Stream(httpcore.NetworkStream):
    """A connection of which no step waits beyond the network's deadline."""

    def __init__(self, inner: httpcore.NetworkStream, network: _Network) -> None:
        self._inner = inner
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._network.left(timeout))
        return _Stream(inner, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Transport(httpx.BaseTransport):
    """httpx over `_Network`, through the proxy that the environment names, if any.

    A proxy resolves names by itself. What it is asked for on behalf of others must resolve here
    too, to open addresses; the host that the person named (`own`) need not.
    """

    def __init__(self, network: _Network, own: str) -> None:
        self._network = network
        self._own = own
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        proxy = _proxy(request.url.scheme, host)
        if proxy and self._network.public:
            found = addresses(host, request.url.port or 443)
            if not all(map(is_public, found)) or not (found or host == self._own):
                raise Refused(_INSIDE)
        if proxy not in self._pools:
            self._pools[proxy] = self._pool(proxy)
        public = self._network.public
        if proxy:
            self._network.public = False  # the proxy itself may lie inside
        try:
            response = self._pools[proxy].handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    extensions=request.extensions,
                )
            )
        finally:
            self._network.public = public
        if proxy:
            self._network.inside = bool(found := addresses(host, 0)) and not any(
                map(is_public, found)
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def _pool(self, proxy: str) -> httpcore.ConnectionPool:
        context = httpx.create_ssl_context()
        if not proxy:
            # Each hop connects anew: a kept connection was checked for another hop's sake.
            return httpcore.ConnectionPool(
                context, max_keepalive_connections=0, network_backend=self._network
            )
        url = httpx.URL(proxy)
        login = (url.username, url.password) if url.username else None
        bare = f"{url.scheme}://{url.netloc.decode('ascii')}/"
        return httpcore.HTTPProxy(bare, login, ssl_context=context, network_backend=self._network)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _proxy(scheme: str, host: str) -> str:
    """The address of the proxy for a host, or nothing."""
    named = getproxies()
    proxy = named.get(scheme) or named.get("all") or ""
    if not proxy or ("://" in proxy and not proxy.startswith(("http://", "https://"))):
        return ""
    if proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"
