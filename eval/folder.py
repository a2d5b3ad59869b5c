"""A run on disk: run.json (what was measured) and answers.jsonl (every question, one a line).

A line is flushed as soon as its question is answered; an interrupted run goes on after the last
whole line. A torn last line, which a killed process leaves, is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.suite import Record
from index.errors import DatelineError, UsageError

IDENTITY = ("seed", "settings", "models")  # not the limit: a larger one adds questions


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers = path / "answers.jsonl"

    def open(self, run: dict[str, Any]) -> dict[str, Any]:
        """Begin, or go on with what is there. Returns run.json as it stands then.

        Raises UsageError when the folder holds a run of something else.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        old = self.read()
        if old is not None:
            for key in IDENTITY:
                if old.get(key) != run.get(key):
                    raise UsageError(
                        f"{str(self.path)!r} holds a run with {key} {old.get(key)!r}, this one "
                        f"has {run.get(key)!r}: name another folder with --out."
                    )
            for suite, digest in run["data"].items():
                before = old["data"].get(suite, digest)
                if before != digest:
                    raise UsageError(
                        f"{str(self.path)!r} holds {suite!r} measured on other data: "
                        f"name another folder with --out."
                    )
            run = {
                **old,
                **run,
                "data": {**old["data"], **run["data"]},
                "suites": list(dict.fromkeys([*old["suites"], *run["suites"]])),
                "started": old["started"],
            }
        elif any(self.path.iterdir()):
            raise UsageError(f"{str(self.path)!r} holds other files: name a new folder with --out.")
        self.write("run.json", json.dumps(run, indent=1, ensure_ascii=False) + "\n")
        self._drop_torn_line()
        return run

    def read(self) -> dict[str, Any] | None:
        """run.json, or None where there is none."""
        try:
            found: dict[str, Any] = json.loads((self.path / "run.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DatelineError(
                f"{str(self.path / 'run.json')!r} isn't JSON ({error}): name another folder."
            ) from error
        return found

    def records(self) -> list[Record]:
        """Every whole line; the later of two with the same suite and id."""
        if not self.answers.exists():
            return []
        found: dict[tuple[str, str], Record] = {}
        for line in self.answers.read_bytes().split(b"\n"):
            record = _parsed(line)
            if record is not None:
                found[record["suite"], record["id"]] = record
        return list(found.values())

    def append(self, record: Record) -> None:
        with self.answers.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            file.flush()

    def write(self, name: str, text: str) -> Path:
        """Whole or not at all."""
        target = self.path / name
        part = target.with_name(name + ".part")
        part.write_text(text, "utf-8")
        os.replace(part, target)
        return target

    def _drop_torn_line(self) -> None:
        if not self.answers.exists():
            return
        held = self.answers.read_bytes()
        whole = held[: held.rfind(b"\n") + 1]
        if whole != held:
            with self.answers.open("rb+") as file:
                file.truncate(len(whole))


def read_run(path: Path) -> tuple[dict[str, Any], list[Record]]:
    """An earlier run to compare with. Raises UsageError where there is none."""
    folder = RunFolder(path)
    run = folder.read()
    if run is None:
        raise UsageError(f"{str(path)!r} holds no run (no run.json): name a folder made by --out.")
    return run, folder.records()


def of_suite(records: Iterable[Record], suite: str) -> list[Record]:
    return [r for r in records if r["suite"] == suite]


def _parsed(line: bytes) -> Record | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "id" in found and "suite" in found else None
