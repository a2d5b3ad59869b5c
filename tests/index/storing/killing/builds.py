"""Builds of a library's indexes, by a process of its own that is killed while it is at it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def builds(folder: Path, times: int, *, seed: int, earliest: float) -> Iterator[int]:
    """Builds so many times, and gives the number of each. The first ends by itself, and says how
    long one takes; the others are killed at a random moment of that time, from the share `earliest`
    of it on."""
    chance, took = random.Random(seed), 0.0
    for number in range(times):
        began = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "index.storing.building", folder])
        if number:
            try:
                child.wait(chance.uniform(earliest, 1.0) * took)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
        child.wait()
        if not number:
            assert child.returncode == 0
            took = time.monotonic() - began
        yield number
