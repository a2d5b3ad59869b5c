"""Whose turn it is: places, a full queue, stopping, askers who leave, forks. Real threads."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from index.errors import UsageError
from rag.generating.generator import Stop, Stopped
from rag.turns import Closed, Events, QueueFull, Turns, Waiting

LONG = 30  # seconds after which a test fails


class Gate:
    """Work that yields its number, waits until it is let on (or stopped), and yields it again."""

    def __init__(self, number: int = 1) -> None:
        self.number = number
        self.started = threading.Event()
        self.go = threading.Event()
        self.ended = threading.Event()
        self.stopped = False

    def __call__(self, stop: Stop) -> Iterator[int]:
        self.started.set()
        try:
            yield self.number
            while not self.go.wait(0.005):
                if stop.is_set():
                    self.stopped = True
                    raise Stopped
            yield self.number
        finally:
            self.ended.set()


def counting(numbers: list[int]) -> Callable[[Stop], Iterator[int]]:
    return lambda stop: iter(numbers)


@pytest.fixture
def turns() -> Iterator[Turns[int]]:
    turns: Turns[int] = Turns()
    yield turns
    turns.close()


def events(of: Events[int]) -> list[int]:
    return [event for event in of if not isinstance(event, Waiting)]


def test_first_come_first_served_and_each_is_told_its_place(turns: Turns[int]) -> None:
    one, two = Gate(1), Gate(2)
    first, second, third = turns.run(one), turns.run(two), turns.run(counting([3]))
    assert one.started.wait(LONG)
    assert next(second) == Waiting(1)
    assert next(third) == Waiting(2)
    assert not two.started.is_set()
    one.go.set()
    assert events(first) == [1, 1]
    assert two.started.wait(LONG)
    assert next(third) == Waiting(1)
    two.go.set()
    assert events(second) == [2, 2]
    assert events(third) == [3]


def test_who_leaves_the_queue_makes_room_and_is_never_begun(turns: Turns[int]) -> None:
    one, two = Gate(1), Gate(2)
    first, second, third = turns.run(one), turns.run(two), turns.run(counting([3]))
    assert one.started.wait(LONG)
    assert next(third) == Waiting(2)
    second.close()
    assert list(second) == []
    assert next(third) == Waiting(1)
    one.go.set()
    assert events(third) == [3]
    assert events(first) == [1, 1]
    assert not two.started.is_set()


def test_a_question_whose_asker_has_forgotten_it_is_dropped(turns: Turns[int]) -> None:
    one, two, three = Gate(1), Gate(2), Gate(3)
    first = turns.run(one)
    assert one.started.wait(LONG)
    turns.run(two)
    gc.collect()
    third = turns.run(three)
    del first
    gc.collect()
    assert one.ended.wait(LONG)
    assert one.stopped
    three.go.set()
    assert events(third) == [3, 3]
    assert not two.started.is_set()


def test_a_full_queue_says_how_many_wait_and_has_room_again(turns: Turns[int]) -> None:
    small: Turns[int] = Turns(waiting=2)
    gate = Gate()
    running = small.run(gate)
    waiting = [small.run(counting([n])) for n in (1, 2)]
    with pytest.raises(QueueFull, match="2 questions wait already; ask again"):
        small.run(counting([3]))
    waiting[0].stop()
    third = small.run(counting([3]))
    gate.go.set()
    assert (events(running), events(waiting[1]), events(third)) == ([1, 1], [2], [3])
    small.close()


def test_one_who_does_not_read_holds_up_nobody(turns: Turns[int]) -> None:
    """A regression: with a stream held, another call on the same thread waited for ever."""
    held = turns.run(counting(list(range(10_000))))
    next(held)
    assert events(turns.run(counting([7]))) == [7]
    assert events(held) == list(range(1, 10_000))


def test_what_is_not_read_is_joined() -> None:
    made: Turns[int] = Turns(joined=lambda one, two: one + two)
    last = threading.Event()

    def work(stop: Stop) -> Iterator[int]:
        yield from range(10_000)
        last.set()

    unread = made.run(work)
    assert last.wait(LONG)
    assert len(unread._work.unread) == 1
    assert events(unread) == [sum(range(10_000))]
    made.close()


def test_an_exception_that_is_kept_with_its_traceback_holds_up_nobody(turns: Turns[int]) -> None:
    def broken(stop: Stop) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as kept:
        events(turns.run(broken))
    gate = Gate()

    def left() -> None:
        for _ in turns.run(gate):
            raise KeyError("left in the middle")

    with pytest.raises(KeyError) as also:
        left()
    gate.go.set()
    assert events(turns.run(counting([2]))) == [2]
    assert kept.tb
    assert also.tb


def test_an_error_comes_after_what_was_there_before_it_and_once(turns: Turns[int]) -> None:
    def broken(stop: Stop) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    run = turns.run(broken)
    assert next(run) == 1
    with pytest.raises(ValueError, match="broken"):
        next(run)
    assert list(run) == []


def test_stopping_ends_the_waiting_at_once_and_the_work_by_its_stop(turns: Turns[int]) -> None:
    gate = Gate()
    run = turns.run(gate)
    assert next(run) == 1
    reader = threading.Thread(target=lambda: list(run))
    reader.start()
    run.stop()
    reader.join(LONG)
    assert not reader.is_alive()
    assert gate.ended.wait(LONG)
    assert gate.stopped
    assert events(turns.run(counting([2]))) == [2]


def test_everything_that_is_asked_can_be_stopped_and_asked_again(turns: Turns[int]) -> None:
    gate, other = Gate(1), Gate(2)
    one, two = turns.run(gate), turns.run(other)
    assert gate.started.wait(LONG)
    turns.stop()
    assert gate.ended.wait(LONG)
    assert (events(one), events(two)) == ([], [])
    assert not other.started.is_set()
    assert events(turns.run(counting([3]))) == [3]


def test_closing_while_others_ask_ends_them_waits_and_takes_no_more(turns: Turns[int]) -> None:
    gates = [Gate(n) for n in range(4)]
    runs = [turns.run(gate) for gate in gates]
    said: list[str] = []

    def asks(run: Events[int]) -> None:
        try:
            list(run)
        except Closed as error:
            said.append(str(error))

    threads = [threading.Thread(target=asks, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    assert gates[0].started.wait(LONG)
    closing = [threading.Thread(target=turns.close) for _ in range(2)]
    for thread in closing:
        thread.start()
    for thread in [*closing, *threads]:
        thread.join(LONG)
        assert not thread.is_alive()
    assert gates[0].ended.is_set()
    assert said == ["Dateline was closed before it had answered."] * 4
    assert not any(gate.started.is_set() for gate in gates[1:])
    with pytest.raises(Closed, match="open it again"):
        turns.run(counting([1]))
    assert not [t for t in threading.enumerate() if t is turns._thread]


def test_a_question_from_within_an_answer_is_an_error(turns: Turns[int]) -> None:
    def nested(stop: Stop) -> Iterator[int]:
        yield from events(turns.run(counting([1])))

    with pytest.raises(UsageError, match="within an answer"):
        list(turns.run(nested))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_says_so_instead_of_waiting_for_ever(turns: Turns[int]) -> None:
    gate = Gate()
    run = turns.run(gate)
    assert gate.started.wait(LONG)
    child = os.fork()
    if child == 0:
        seen = 0
        for act in (lambda: turns.run(counting([1])), lambda: next(run), turns.close, run.stop):
            try:
                act()
            except Closed as error:
                seen += "fork" in str(error)
            except BaseException:
                os._exit(99)
        os._exit(seen)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 4
    gate.go.set()
    assert events(run) == [1, 1]


def test_a_pulse_comes_while_nothing_else_does_and_only_then(turns: Turns[int]) -> None:
    one, two = Gate(1), Gate(2)
    first, second = turns.run(one, pulse=0.001), turns.run(two, pulse=0.001)
    assert next(event for event in first if event != Waiting(0)) == 1
    assert [next(first), next(first)] == [Waiting(0), Waiting(0)]
    assert next(second) == Waiting(1)
    one.go.set()
    two.go.set()
    assert events(first) == [1]
    assert events(second) == [2, 2]
