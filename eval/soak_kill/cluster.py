"""A PostgreSQL server of one's own: the real one, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any


def binaries() -> Path | None:
    """Where the server's programs are; Debian keeps them off the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    needed = ("initdb", "pg_ctl", "createdb", "dropdb")
    return next((p for p in places if all((p / name).exists() for name in needed)), None)


class Cluster:
    """A server, started by `start`; `database` gives the address of an empty database. Whatever
    fails raises RuntimeError with the program's own words."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="dateline-pg-"))
        self._names = count(1)
        # the server refuses to run as root
        self._as: dict[str, Any] = {}
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

    def address(self, database: str, user: str = "dateline") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def database(self) -> str:
        name = f"library{next(self._names)}"
        self._run("createdb", "-h", str(self.folder), "-U", "dateline", name)
        return self.address(name)

    def drop(self, url: str) -> None:
        name = f"library{url.rpartition('/library')[2].partition('?')[0]}"
        self._run("dropdb", "--force", "-h", str(self.folder), "-U", "dateline", name)

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
            check=False,
            **self._as,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
