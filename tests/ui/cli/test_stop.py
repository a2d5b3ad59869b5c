"""Ctrl-C and closed pipes, in a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from tests.fakes import FakeEncoder

ENDLESS = """
import sys, threading
from index.library import Library
from rag import opening
from rag.generating.generator import Piece, Read
from tests.fakes import FakeEncoder, FakeGenerator
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader

class Endless(FakeGenerator):
    def write(self, prompt, max_tokens, stop=None):
        try:
            yield Read(10, 0)
            print("writing", flush=True)
            while True:
                threading.Event().wait(0.01)
                yield Piece(" word")
        finally:
            print("stopped", flush=True)

def parts(place, model):
    encoder = FakeEncoder()
    return Library.open(place, encoder), LocalReader(Endless(), TrainedForm()), encoder

opening.open_parts = parts
from ui.cli.app import main
main()
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as opened:
        for n in range(300):
            text = f"Ship {n} came into the harbour and left it again."
            opened.put(Article(f"{n:012}", f"Ship {n}, {'a long title ' * 20}", text))
    return tmp_path / "library"


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_ctrl_c_stops_the_writing_and_ends_with_130(library: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, "--library", str(library), "ask", "Which ship came?"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a script inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "stopped\n"
    assert "Traceback" not in err
    assert process.returncode == 130


def test_a_reader_that_goes_away_is_no_fault(library: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli.app", "--library", str(library), "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith("0000")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(60)
