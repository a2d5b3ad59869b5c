"""A training's folder: what it was made from (run.json), and files that are whole or not there.

run.json has an entry for each stage. What a stage depends on is its identity: the same command goes
on where it stopped, another one is refused, so that no weights are of two minds.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.machine import versions
from index.errors import UsageError


class Run:
    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        return self.path / name

    def facts(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.file("run.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def begin(self, stage: str, identity: Mapping[str, Any]) -> None:
        """Note what a stage is made from. Raises UsageError where the folder holds another."""
        self.path.mkdir(parents=True, exist_ok=True)
        facts = self.facts()
        before = facts.get(stage, {}).get("from")
        given = json.loads(json.dumps(identity))
        if before is not None and before != given:
            differs = [name for name in {*before, *given} if before.get(name) != given.get(name)]
            raise UsageError(
                f"'{self.path}' holds a {stage} of something else ({', '.join(sorted(differs))} "
                "differs): name another folder, or remove this one."
            )
        if before is None:
            facts[stage] = {
                "from": given,
                "begun": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": commit(),
                "versions": versions(),
            }
            self._write_facts(facts)

    def note(self, stage: str, **found: Any) -> None:
        """Add what came of a stage."""
        facts = self.facts()
        facts.setdefault(stage, {}).update(found)
        self._write_facts(facts)

    def _write_facts(self, facts: Mapping[str, Any]) -> None:
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
        self.whole("run.json", lambda path: path.write_text(text, "utf-8"))

    def whole(self, name: str, write: Callable[[Path], object]) -> Path:
        """Written beside its place, then put there."""
        target = self.file(name)
        part = target.with_name(f"{name}.part")
        write(part)
        os.replace(part, target)
        return target


def append(path: Path, row: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def kept_lines(path: Path, keep: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The lines worth keeping; the file is cut down to them. A torn last line, which a killed
    process leaves, is dropped."""
    found = []
    if path.exists():
        for line in path.read_text("utf-8", "replace").split("\n"):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if keep(row):
                found.append(row)
        part = path.with_name(f"{path.name}.part")
        part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found))
        os.replace(part, path)
    return found


def write_gzip_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """JSON Lines, gzipped without a time, so that the same rows are the same bytes."""
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for row in rows:
            file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            count += 1
    return count


def gzip_lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()


def commit() -> str | None:
    """The checkout's commit, '+' after it where files have changed; None outside one."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
