"""A file is whole or not there, whatever happens while it is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from index import files

SLOW = """
import os, sys
from pathlib import Path
from index import files
with files.writing(Path(sys.argv[1])) as file:
    file.write(b"new" * 100_000)
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    files.write(tmp_path / "a" / "b.json", "héllo")
    assert (tmp_path / "a" / "b.json").read_bytes() == "héllo".encode()
    files.write(tmp_path / "a" / "b.json", b"again")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"again"
    assert os.listdir(tmp_path / "a") == ["b.json"]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write(path, "old")
    with pytest.raises(TypeError), files.writing(path) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX systems")
def test_a_writer_that_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write(path, "old")
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert path.read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2
    files.remove_left(tmp_path)
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="permissions as POSIX has them")
def test_others_may_read_it_as_they_may_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    files.write(tmp_path / "a", "text")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode
