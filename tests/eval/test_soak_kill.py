"""What decides in the soak of kills, by hand: what a library has to hold, what a move may leave,
when a kill comes."""

from __future__ import annotations

import random

from eval.soak_kill import moves
from eval.soak_kill.account import Account, hash_of
from eval.soak_kill.points import Long, moment


def account() -> Account:
    return Account(sure={"a": "old", "b": "other"})


def test_a_writer_that_was_killed_leaves_either_text() -> None:
    for text, history in (("old", []), ("new", ["old"])):
        made = account()
        made.may_become("a", "new")
        assert made.settle({"a": text, "b": "other"}, {"a": history}) == []
        assert made.sure == {"a": text, "b": "other"}


def test_what_was_reported_has_to_be_there() -> None:
    made = account()
    made.may_become("a", "new")
    made.reported("a", hash_of("new"))
    assert made.settle({"a": "old", "b": "other"}, {}) == ["a is not what was written"]
    made = account()
    made.may_become("c", "first")
    made.reported("c", hash_of("first"))
    assert made.settle({"a": "old", "b": "other"}, {}) == ["c is lost"]


def test_what_nobody_touched_stays_and_nothing_else_comes() -> None:
    assert account().settle({"b": "other"}, {}) == ["a is lost"]
    wrong = account().settle({"a": "old", "b": "other", "x": "?"}, {})
    assert wrong == ["x is not what was written"]
    wrong = account().settle({"a": "old", "b": "other"}, {"b": ["never"]})
    assert wrong == ["the history of b isn't what was written"]


def test_a_removal_that_was_reported_leaves_nothing() -> None:
    made = account()
    made.may_become("a", None)
    assert made.settle({"b": "other"}, {}) == []
    made = account()
    made.may_become("a", None)
    made.removed()
    assert made.settle({"a": "old", "b": "other"}, {}) == ["a is not what was written"]


def test_a_move_leaves_the_source_as_it_was_but_for_what_came_late() -> None:
    source = {"a": ("1",), "b": ("2",), "late": ("3",)}
    assert moves.unlike(source, source, set()) == []
    assert moves.unlike(source, {"a": ("1",), "b": ("2",)}, {"late"}) == []
    assert moves.unlike(source, {"b": ("2",), "late": ("3",)}, {"late"}) == ["a is lost"]
    assert moves.unlike(source, {**source, "x": ()}, set()) == [
        "x is there, and isn't in the source"
    ]
    assert moves.unlike(source, {**source, "b": ("?",)}, {"b"}) == [
        "b isn't what it is in the source"
    ]


def test_kills_come_at_any_time_and_point_of_a_work() -> None:
    chance, long = random.Random(1), Long(seconds=2.0, points=300, files=5)
    drawn = [moment(chance, long) for _ in range(2000)]
    assert all(sum(x is not None for x in (m.after, m.point, m.file)) == 1 for m in drawn)
    assert all(m.after is None or 0 <= m.after <= 2 for m in drawn)
    assert {m.file for m in drawn} == {None, 0, 1, 2, 3, 4}
    points = [m.point for m in drawn if m.point is not None]
    assert min(points) >= 1
    assert max(points) == 300
    assert sum(point >= 290 for point in points) > len(points) / 10, "where it is put into use"
    assert moment(chance, Long()).point in (None, 1)
