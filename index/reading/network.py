"""Where a connection may go: httpx over a network that looks before it connects.

What a page on the open web points to (a redirect, a feed's entry), and all that is asked for by
somebody else than this computer's user, may not lie in this computer's own network. That is
checked on the address that is connected to, after the name was resolved, and once: a name that
resolves differently a moment later changes nothing. Fetches nothing itself.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from index.errors import Refused

_INSIDE = "a page on the open web points to an address of this network"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215: a network's own
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, no longer used


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


class Network(httpcore.NetworkBackend):
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

    def __init__(self, inner: httpcore.NetworkStream, network: Network) -> None:
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


class Transport(httpx.BaseTransport):
    """httpx over `Network`, through the proxy that the environment names, if any.

    A proxy resolves names by itself. What it is asked for on behalf of others must resolve here
    too, to open addresses; the host that the person named (`own`) need not.
    """

    def __init__(self, network: Network, own: str) -> None:
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
