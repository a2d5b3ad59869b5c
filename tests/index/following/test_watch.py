"""Changes in a folder: noted by one thread, waited for by another that Ctrl-C may end at any
moment."""

from __future__ import annotations

import random
import signal
import threading
import time
from pathlib import Path

import pytest

from index.following import folders
from index.following.folders import Changes, watched


def test_nothing_changes() -> None:
    assert not Changes().wait(0.01)


def test_changes_are_waited_for_until_there_are_no_more(tmp_path: Path) -> None:
    with watched([str(tmp_path), str(tmp_path / "none")]) as wait:
        (tmp_path / "a.txt").write_text("one")
        (tmp_path / "b.txt").write_text("two")
        assert wait(60)
        assert not wait(0.01)


def test_a_folder_that_never_rests_is_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folders, "_RESTLESS", 0.05)
    changes, over = Changes(), threading.Event()

    def always() -> None:
        while not over.wait(0.001):
            changes.note()

    noting = threading.Thread(target=always, daemon=True)
    noting.start()
    assert changes.wait(60)  # (it would never return)
    over.set()
    noting.join()


class Interrupted(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals as POSIX has them")
def test_an_interrupt_at_any_moment_leaves_nothing_locked() -> None:
    """With an Event, some of these left its lock taken for good (tried: four times of four)."""
    changes, over = Changes(), threading.Event()

    def always() -> None:
        while not over.is_set():
            changes.note()
            time.sleep(0)

    def interrupt(*_: object) -> None:
        raise Interrupted

    noting = threading.Thread(target=always, daemon=True)
    before = signal.signal(signal.SIGALRM, interrupt)
    chance = random.Random(1)
    noting.start()
    try:
        for _ in range(500):
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0005, 0.003))
            with pytest.raises(Interrupted):
                changes.wait(60)  # (something always changes)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        over.set()
    noting.join(60)
    assert not noting.is_alive()
