"""A PostgreSQL server of one's own: the real one, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
import pytest

_WAIT_S = 60


def binaries() -> Path | None:
    """Where the server's programs are; Debian keeps them off the path."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class Cluster:
    """A server, started by `start`; `database` gives the address of an empty database."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="dateline-pg-"))
        self._names = count(1)
        # the server refuses to run as root
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        self._run(
            "initdb", "-D", self._data, "-U", "dateline", "--auth-local=trust",
            "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "-N",
        )  # fmt: skip

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        self._run(
            "pg_ctl", "-D", self._data, "-w", "-l", str(self.folder / "log"),
            "-o", f"-k {self.folder} -c listen_addresses= -c max_connections=100", "start",
        )  # fmt: skip

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._data, "-m", how, "-w", "stop")

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

    def address(self, database: str, user: str = "dateline") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def database(self) -> str:
        name = f"library{next(self._names)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def keep(self, url: str) -> Callable[[], None]:
        """Copies a database that nobody has open, and gives what puts the copy in its place."""
        name = url.rpartition("/library")[2].partition("?")[0]

        def copied(to: str, of: str) -> None:
            with psycopg.connect(self.address("postgres"), autocommit=True) as db:
                db.execute(f"DROP DATABASE IF EXISTS {to} WITH (FORCE)")
                db.execute(f"CREATE DATABASE {to} TEMPLATE {of}")

        copied(f"kept{name}", f"library{name}")
        return lambda: copied(f"library{name}", f"kept{name}")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            **self._as,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr


def made() -> Cluster:
    """A server that runs; the test is skipped where there is none."""
    programs = binaries()
    if programs is None:
        pytest.skip("needs PostgreSQL's server (on Debian: apt-get install postgresql)")
    cluster = Cluster(programs)
    cluster.start()
    return cluster
