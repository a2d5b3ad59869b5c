"""Windows don't say goodbye: what is kept for them has a bound, and the oldest make room."""

from __future__ import annotations

import pytest

from ui.page.sessions import Sessions


def test_each_window_has_its_own_and_it_is_made_at_first() -> None:
    kept: Sessions[list[int]] = Sessions(list)
    kept["a"].append(1)
    kept["b"].append(2)
    assert (kept["a"], kept["b"], kept["c"]) == ([1], [2], [])


def test_the_one_that_was_used_longest_ago_makes_room() -> None:
    kept: Sessions[str] = Sessions(str, limit=2)
    kept["a"] = "first"
    kept["b"] = "second"
    assert kept["a"] == "first"  # used again
    kept["c"] = "third"
    assert (kept["a"], kept["c"]) == ("first", "third")
    assert kept["b"] == ""


@pytest.mark.parametrize("read", [True, False])
def test_reading_and_writing_both_keep_to_the_bound(read: bool) -> None:
    kept: Sessions[str] = Sessions(lambda: "new", limit=3)
    for i in range(10):
        if read:
            assert kept[str(i)] == "new"
        else:
            kept[str(i)] = "set"
    assert len(kept._values) == 3
