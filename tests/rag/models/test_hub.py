"""Pulling from a model hub: a real HTTP server on the loopback address that misbehaves."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rag.errors import ModelUnknown, ModelUnreachable
from rag.models import files as models
from tests.rag.conftest import Shelf
from tests.rag.hub_server import Hub

DATA = random.Random(1).randbytes(3_000_000)
SOURCE = "hub some/repository@abc123 {file}"


def test_a_whole_download_is_checked_and_put_in_place(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    seen: list[tuple[int, int]] = []

    place = models.pull("small", lambda what, done, total: seen.append((done, total)))

    assert place == shelf.folder / "small" / "weights.gguf"
    assert place.read_bytes() == DATA
    assert hub.requests[0].path == "/some/repository/resolve/abc123/weights.gguf"
    assert seen[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert shelf.left_over() == ["small/weights.gguf"]


def test_pulling_what_is_here_asks_for_nothing(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    models.pull("small")
    assert models.pull("small").read_bytes() == DATA
    assert len(hub.requests) == 1


def test_a_broken_download_goes_on_where_it_broke(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    hub.plan = [("break", 1_200_000), ("break", 900_000), "ok"]

    assert models.pull("small").read_bytes() == DATA

    first, second, third = hub.starts
    assert first is None
    assert second is not None
    assert third is not None
    assert 0 < second <= 1_200_000
    assert second < third <= second + 900_000


def test_a_download_that_keeps_breaking_stops_and_a_later_pull_goes_on(
    shelf: Shelf, hub: Hub
) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    hub.plan = [("break", 1_500_000), *(("break", 0),) * 10]

    with pytest.raises(ModelUnreachable, match="small could not be fetched"):
        models.pull("small")
    assert not (shelf.folder / "small").exists()

    hub.plan = []
    hub.requests.clear()
    assert models.pull("small").read_bytes() == DATA
    assert len(hub.starts) == 1
    assert hub.starts[0] is not None
    assert 0 < hub.starts[0] <= 1_500_000


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    hub.plan = [("break", 1_000_000), "ignore range"]
    assert models.pull("small").read_bytes() == DATA
    assert hub.starts[0] is None
    assert hub.starts[1] is not None


def test_busy_answers_are_tried_again(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    hub.plan = ["status 503", "status 429", "ok"]
    assert models.pull("small").read_bytes() == DATA


def test_wrong_bytes_are_refused_and_nothing_of_them_stays(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA[:-1] + bytes([DATA[-1] ^ 1])

    with pytest.raises(ModelUnreachable, match="has the SHA-256") as caught:
        models.pull("small")

    assert caught.value.exit_code == 4
    assert shelf.left_over() == []


def test_another_size_is_refused_before_it_is_downloaded(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA + b"x"
    with pytest.raises(ModelUnreachable, match=r"3000001 bytes there, models.txt says 3000000"):
        models.pull("small")
    assert shelf.left_over() == []


def test_bad_bytes_left_by_an_earlier_pull_are_thrown_away(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    hub.plan = [("break", 1_000_000), *(("break", 0),) * 10]
    with pytest.raises(ModelUnreachable):
        models.pull("small")
    (partial,) = (shelf.folder / ".partial" / "small").glob("*.hub")
    partial.write_bytes(b"\0" * partial.stat().st_size)

    hub.plan = []
    assert models.pull("small").read_bytes() == DATA


def test_files_that_differ_on_the_hub_come_from_the_next_source(
    shelf: Shelf, hub: Hub, tmp_path: Path
) -> None:
    files = {"config.json": b'{"a": 1}', "model.safetensors": DATA, "1_Pooling/config.json": b"{}"}
    other = tmp_path / "elsewhere"
    for path, data in files.items():
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_bytes(data)
    shelf.add("folder", files, SOURCE, f"path {other}", role="encoder")
    hub.files = {"config.json": b'{"a": 2}', "model.safetensors": DATA}

    home = models.pull("folder")

    assert {path: (home / path).read_bytes() for path in files} == files
    assert home == shelf.folder / "folder"


def test_no_network_is_said_in_one_sentence(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub() as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.url)
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    with pytest.raises(ModelUnreachable, match="no network") as caught:
        models.pull("small")
    assert "\n" not in str(caught.value)
    assert "--from" in str(caught.value)
    assert caught.value.exit_code == 4


def test_an_offline_setting_of_the_hub_is_kept(
    shelf: Shelf, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    with pytest.raises(ModelUnreachable, match="HF_HUB_OFFLINE"):
        models.pull("small")
    assert hub.requests == []


def test_no_room_is_found_out_before_the_download(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    huge = shelf.list.read_text().replace(f" {len(DATA)} ", f" {10**18} ")
    shelf.list.write_text(huge)
    with pytest.raises(ModelUnreachable, match="no room for the model small"):
        models.pull("small")
    assert hub.requests == []


def test_a_disk_that_fills_up_on_the_way_has_the_same_sentence(
    shelf: Shelf, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelUnreachable, match=r"no room for the model small.*the disk is full"):
        models.pull("small")
    assert not (shelf.folder / "small").exists()


def test_an_unknown_name_lists_the_known_ones(shelf: Shelf) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    with pytest.raises(ModelUnknown, match=r"'smal'.*names small") as caught:
        models.pull("smal")
    assert caught.value.exit_code == 4


PULL = """
import sys
from rag.models import files as models
print(models.pull("small", lambda what, done, total: print(what, flush=True)), flush=True)
"""


def start_pull() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True)


def test_two_processes_that_pull_at_once_download_it_once(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    go_on = threading.Event()
    hub.plan = [("hold", 1_000_000, go_on)]

    first = start_pull()
    assert hub.holding.wait(60)  # it has the lock and half the file
    second = start_pull()
    assert second.stdout
    assert second.stdout.readline().startswith("waiting: another process")
    go_on.set()

    for process in (first, second):
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert out.endswith(f"{shelf.folder / 'small' / 'weights.gguf'}\n")
    assert len(hub.requests) == 1
    assert shelf.left_over() == ["small/weights.gguf"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_pull_leaves_no_final_name_and_the_next_goes_on(shelf: Shelf, hub: Hub) -> None:
    shelf.add("small", {"weights.gguf": DATA}, SOURCE)
    hub.files["weights.gguf"] = DATA
    go_on = threading.Event()
    hub.plan = [("hold", 2_500_000, go_on)]

    process = start_pull()
    assert process.stdout
    assert hub.holding.wait(60)
    for _ in range(3):  # the source, then two blocks that have arrived
        process.stdout.readline()
    process.kill()
    process.communicate()
    go_on.set()
    assert not (shelf.folder / "small").exists()

    hub.requests.clear()
    assert models.pull("small").read_bytes() == DATA
    assert hub.starts[0]
