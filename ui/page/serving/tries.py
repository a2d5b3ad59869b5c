"""Wrong passwords: how long an address has to wait before it may try another one. Pure but for
the clock, and the log.

After a few wrong ones an address waits twice as long each time. Many addresses together are slowed
down too; those that have been right lately aren't kept waiting by what others do.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

FREE = 5  # wrong ones that an address may send as fast as it likes
LONGEST_S = 60.0
AT_ONCE = 60  # wrong ones of all addresses in a minute, before each has to wait a second
FORGET_S = 3600.0
ADDRESSES = 10_000  # that are remembered; the one not heard of for the longest makes room

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Address:
    wrong: int = 0
    until: float = 0.0
    right: float = float("-inf")
    seen: float = 0.0
    said: deque[int] = field(default_factory=lambda: deque(maxlen=FREE))


class Tries:
    """For one event loop: not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._wrong: deque[float] = deque(maxlen=AT_ONCE)  # when the last ones came
        self._next = 0.0

    def wait(self, address: str) -> float:
        """Seconds until this address may try; 0 now."""
        now, known = self._clock(), self._address(address)
        waits = known.until - now
        if now - known.right > FORGET_S:
            waits = max(waits, self._next - now)
        return max(0.0, waits)

    def right(self, address: str) -> None:
        known = self._address(address)
        known.wrong, known.until, known.right = 0, 0.0, self._clock()

    def wrong(self, address: str, said: bytes) -> None:
        """The same again (an old cookie, from every part of a page) is no further try."""
        now, known = self._clock(), self._address(address)
        if hash(said) in known.said:
            return
        known.said.append(hash(said))
        known.wrong += 1
        if known.wrong >= FREE:
            known.until = now + min(LONGEST_S, 2.0 ** (known.wrong - FREE))
        self._wrong.append(now)
        if len(self._wrong) == AT_ONCE and now - self._wrong[0] < 60:
            self._next = now + 1.0
        log.warning("a wrong password or token from %s, its %d.", address, known.wrong)

    def _address(self, address: str) -> _Address:
        """What is known of it, forgotten when it hasn't been heard of for an hour."""
        now, key = self._clock(), _network(address)
        known = self._addresses.get(key)
        if known is None or now - known.seen > FORGET_S:
            known = self._addresses[key] = _Address()
        known.seen = now
        self._addresses.move_to_end(key)
        if len(self._addresses) > ADDRESSES:
            self._addresses.popitem(last=False)
        return known


def _network(address: str) -> str:
    """Who has one IPv6 address has 2^64 of them."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known.packed[:8] + bytes(8), 64)))
