"""The real PostgreSQL server, on a socket in a temporary folder, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from eval.soak_kill import cluster

_WAIT_S = 60


class Cluster(cluster.Cluster):
    """One that can be killed, and whose databases can be put back as they were."""

    def kill(self) -> None:
        """kill -9 of the server, with all that it runs."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)  # it starts no other meanwhile
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
        os.kill(pid, signal.SIGKILL)
        for child in children.stdout.split():
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue
        until = time.monotonic() + _WAIT_S
        while any(Path(f"/proc/{p}").exists() for p in (pid, *children.stdout.split())):
            assert time.monotonic() < until
            time.sleep(0.02)

    def keep(self, url: str) -> Callable[[], None]:
        """Copies a database that nobody has open, and gives what puts the copy in its place."""
        name = url.rpartition("/library")[2].partition("?")[0]

        def copied(to: str, of: str) -> None:
            with psycopg.connect(self.address("postgres"), autocommit=True) as db:
                db.execute(f"DROP DATABASE IF EXISTS {to} WITH (FORCE)")
                db.execute(f"CREATE DATABASE {to} TEMPLATE {of}")

        copied(f"kept{name}", f"library{name}")
        return lambda: copied(f"library{name}", f"kept{name}")


def made() -> Cluster:
    """A server that runs; the test is skipped where there is none."""
    programs = cluster.binaries()
    if programs is None:
        pytest.skip("needs PostgreSQL's server (on Debian: apt-get install postgresql)")
    server = Cluster(programs)
    server.start()
    return server
