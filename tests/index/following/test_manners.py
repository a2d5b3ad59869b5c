"""When a server is asked again, by values worked by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from index.following.manners import DAY, HOUR, Manners, in_turn, next_look, pause, rests

MANNERS = Manners()
TIMES = some.integers(0, 10**10)


def test_a_pause_is_what_the_server_says_else_twice_the_last() -> None:
    assert pause(MANNERS, 1, 1800, away=False, chance=0.0) == 1800
    assert pause(MANNERS, 9, 0, away=False, chance=0.0) == 1
    assert pause(MANNERS, 1, 90 * DAY, away=False, chance=0.0) == DAY
    grown = [pause(MANNERS, n, None, away=False, chance=1.0) for n in (1, 2, 3, 9, 10, 10_000)]
    assert grown == [60, 120, 240, 15360, 6 * HOUR, 6 * HOUR]
    assert pause(MANNERS, 10_000, None, away=True, chance=0.0) == HOUR / 8


def test_a_page_is_looked_at_less_the_longer_it_stays_as_it_is() -> None:
    waits = [0.0]
    for _ in range(12):
        waits.append(next_look(MANNERS, waits[-1], changed=False, chance=0.5))
    assert waits[1:4] == [HOUR, 2 * HOUR, 4 * HOUR]
    assert waits[-1] == 30 * DAY
    assert next_look(MANNERS, waits[-1], changed=True, chance=0.5) == HOUR


def test_hosts_take_turns() -> None:
    asked = [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)]
    assert in_turn(asked) == [1, 4, 5, 2, 6, 3]
    assert in_turn([]) == []


@given(TIMES, some.integers(0, int(30 * DAY)), TIMES)
def test_whatever_the_clock_does_a_wait_ends(since: int, wait: int, now: int) -> None:
    """At most twice as long as it was, by a clock that goes on from `now`."""
    assert not rests(since + wait, since, wait)
    assert not rests(now + 2 * wait, since, wait) or now < since - wait
    if rests(now, since, wait):
        assert abs(now - since) <= wait
