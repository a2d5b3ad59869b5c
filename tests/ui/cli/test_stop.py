"""Ctrl-C and closed pipes, in a real process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
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
    said = process.stderr.read()  # a quick machine has written all of it before the reader goes
    assert not said or said.startswith("1 to 100 of 300 articles")
    process.wait(60)


CHAT = """
import threading
from index.library import Library
from rag import opening
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Read
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, FakeGenerator
from ui.cli import libraries

class Deaf(FakeGenerator):
    def remember(self, prompt, stop=None):
        return False
    def write(self, prompt, max_tokens, stop=None):
        yield Read(10, 0)
        print("writing", flush=True)
        threading.Event().wait(600)
        yield Piece("never")

def open_parts(place, model):
    encoder = FakeEncoder()
    return Library.open(place, encoder), LocalReader(Deaf(), TrainedForm()), encoder

opening.open_parts = open_parts
opening.open_encoder = FakeEncoder
libraries.counter = FakeGenerator
from ui.cli.app import main
main()
"""


def join(url: str, event: int, data: list[Any]) -> None:
    """As the page's script starts an event."""
    httpx.post(
        f"{url}gradio_api/queue/join",
        json={"data": data, "fn_index": event, "session_hash": "window", "trigger_id": None},
        timeout=30,
    ).raise_for_status()


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_one_ctrl_c_ends_the_page_whatever_is_under_way(library: Path, tmp_path: Path) -> None:
    """A regression: a page that was being fetched, and an answer, kept the process for minutes."""
    silent = socket.create_server(("127.0.0.1", 0))  # takes a request and never answers it
    process = subprocess.Popen(
        [sys.executable, "-c", CHAT, "--library", str(library), "chat", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DATELINE_CONVERSATIONS": str(tmp_path / "own")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    assert process.stderr
    try:
        said = process.stderr.readline()
        url = said.split()[3]
        config = httpx.get(f"{url}config", timeout=30).json()
        events = config["dependencies"]
        [ask] = [e["id"] for e in events if "window.dateline.asked" in str(e.get("js"))]
        [button] = [c["id"] for c in config["components"] if c["props"].get("elem_id") == "add"]
        [add] = [e["id"] for e in events if [button, "click"] in [list(t) for t in e["targets"]]]
        port = silent.getsockname()[1]
        join(url, add, [f"http://127.0.0.1:{port}/story", ""])
        fetching, _ = silent.accept()
        chosen: list[Any] = [None, None, [], None, 5, 10, False]
        join(url, ask, ["a" * 16, "", "", "Which ship came into the harbour?", *chosen])
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        fetching.close()
    finally:
        process.kill()
        silent.close()
    assert process.returncode == 130
    assert "Traceback" not in err
