"""When a server or a page is asked again. Pure: what decides is given, the clock and chance too.

Waits are kept as a moment and a number of seconds from it, never as a moment to come: a clock that
was set back delays by at most as much again, and never for good.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Manners:
    """`delay`: seconds between two requests to a host, or more where its robots.txt says so.
    `most`: pages of one host in one refresh, and `hosts` at most. `recheck`: seconds after which a
    page is looked at again, twice as many each time that it hadn't changed, up to `longest`."""

    delay: float = 1.0
    most: int = 100
    hosts: int = 100
    recheck: float = HOUR
    longest: float = 30 * DAY
    first_pause: float = 60.0
    longest_pause: float = 6 * HOUR
    longest_away: float = HOUR / 4


def rests(now: float, since: float, wait: float) -> bool:
    """Whether the `wait` seconds from `since` on aren't over. A moment that lies further ahead than
    the wait is long was told by a clock that was set back since: it is over."""
    return now < since + wait and since - now < wait


def pause(
    manners: Manners, failures: int, said: float | None, *, away: bool, chance: float
) -> float:
    """Seconds for which a host is left alone, after this many `failures` in a row.

    `said` is its Retry-After, kept to, up to a day; else the pause doubles (up to a quarter of an
    hour where the host can't be reached at all (`away`), which may be this computer's own
    network). `chance` in 0..1 spreads requests that failed together.
    """
    if said is not None:
        return max(1.0, min(said, DAY)) * (1 + chance / 10)
    longest = manners.longest_away if away else manners.longest_pause
    return min(longest, manners.first_pause * 2.0 ** min(failures - 1, 30)) * (0.5 + chance / 2)


def next_look(manners: Manners, last: float, *, changed: bool, chance: float) -> float:
    """Seconds after which a page is looked at again, where `last` is how many it was before."""
    wait = manners.recheck if changed else min(manners.longest, max(manners.recheck, 2 * last))
    return wait * (0.9 + chance / 5)


def in_turn(items: Iterable[tuple[Hashable, _T]]) -> list[_T]:
    """Of each host one after the other, in their order: while one rests, the next is asked."""
    queues: dict[Hashable, deque[_T]] = defaultdict(deque)
    for host, item in items:
        queues[host].append(item)
    found: list[_T] = []
    while queues:
        for host in list(queues):
            found.append(queues[host].popleft())
            if not queues[host]:
                del queues[host]
    return found
