"""The passage cache: bounded, whole or absent, never wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rag.generating.states import StateCache, state_key


def cache(folder: Path | None, memory: int = 10_000, disk: int = 10_000) -> StateCache:
    return StateCache(folder, memory_bound=memory, disk_bound=disk)


def test_a_state_comes_back_from_memory_and_in_a_new_process_from_disk(tmp_path: Path) -> None:
    first = cache(tmp_path)
    first.put("a", b"state of a")
    assert first.get("a") == b"state of a"
    assert cache(tmp_path).get("a") == b"state of a"
    assert cache(None).get("a") is None


def test_keys_keep_their_parts_apart() -> None:
    assert state_key("ab", "c") != state_key("a", "bc")
    assert state_key("a", b"") != state_key("a")
    assert state_key("a", "b") == state_key(b"a", b"b")


def test_memory_drops_the_least_recently_used() -> None:
    held = cache(None, memory=30)
    for key in "abc":
        held.put(key, key.encode() * 10)
    held.get("a")
    held.put("d", b"d" * 10)
    assert [key for key in "abcd" if key in held] == ["a", "c", "d"]
    assert held.status().memory_bytes == 30


def test_replacing_a_state_counts_it_once() -> None:
    held = cache(None, memory=30)
    held.put("a", b"1" * 20)
    held.put("a", b"2" * 10)
    held.put("b", b"3" * 20)
    assert held.get("a") == b"2" * 10
    assert held.status().memory_bytes == 30


def test_a_state_larger_than_the_bound_is_not_kept() -> None:
    held = cache(None, memory=5)
    held.put("a", b"123456")
    assert held.get("a") is None
    assert held.status().memory_bytes == 0


def test_disk_stays_within_its_bound_and_drops_the_oldest(tmp_path: Path) -> None:
    held = cache(tmp_path, memory=0, disk=2_000)
    for age, key in enumerate("abcdefgh"):
        held.put(key, key.encode() * 400)
        file = tmp_path / f"{key}.state"
        if file.exists():
            os.utime(file, (1_000 + age, 1_000 + age))
    status = held.status()
    assert 0 < status.disk_bytes <= 2_000
    assert held.get("a") is None
    assert held.get("h") == b"h" * 400


def test_processes_that_share_a_folder_share_its_bound(tmp_path: Path) -> None:
    """A regression: each counted its own files only, so two kept twice as much."""
    one, two = (cache(tmp_path, memory=0, disk=2_000) for _ in range(2))
    for n in range(12):
        (one, two)[n % 2].put(f"{n}", b"x" * 400)
        assert one.status().disk_bytes <= 2_000


def test_a_folder_that_holds_too_much_is_cut_when_it_is_opened(tmp_path: Path) -> None:
    large = cache(tmp_path, disk=10_000)
    for n in range(8):
        large.put(f"{n}", b"x" * 400)
    assert cache(tmp_path, disk=2_000).status().disk_bytes <= 2_000


KILLED = """
import os, signal, sys
from pathlib import Path
from rag.generating import states
states.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
states.StateCache(Path(sys.argv[1]), memory_bound=0, disk_bound=9999).put("a", b"state")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_what_a_killed_process_left_half_written_goes_in_time(tmp_path: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert process.returncode == -signal.SIGKILL
    [part] = tmp_path.iterdir()
    cache(tmp_path)
    assert part.exists()  # somebody may be writing it
    os.utime(part, (1_000, 1_000))
    assert cache(tmp_path).get("a") is None
    assert not part.exists()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "foreign", "renamed"])
def test_a_damaged_file_is_a_miss_and_goes_away(tmp_path: Path, damage: str) -> None:
    cache(tmp_path).put("a", b"state of a" * 50)
    file = tmp_path / "a.state"
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[:-7])
    elif damage == "flip":
        file.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "foreign":
        file.write_bytes(b"GGSQ" + whole)
    else:
        file.rename(tmp_path / "b.state")
        file = tmp_path / "b.state"
    held = cache(tmp_path)
    assert held.get(file.stem) is None
    assert not file.exists()
    held.put("a", b"anew")
    assert cache(tmp_path).get("a") == b"anew"


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    held = cache(blocked / "states")
    held.put("a", b"state")
    assert held.get("a") == b"state"
    assert held.status().disk_states == 0


def test_clear_empties_both_levels(tmp_path: Path) -> None:
    held = cache(tmp_path)
    held.put("a", b"state")
    held.clear()
    assert held.get("a") is None
    assert list(tmp_path.iterdir()) == []
    status = held.status()
    assert (status.memory_bytes, status.disk_bytes, status.misses) == (0, 0, 1)
