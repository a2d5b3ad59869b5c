"""Candidates on a server: opened when they are asked for, and compared with the rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from index.errors import UsageError
from index.storing.candidates.protocol import Candidates, Counts
from index.storing.database import Database, Lock, Rows, has_been, state_of

NOT_OURS = "were built from another history of it"


@dataclass(frozen=True, slots=True)
class Served:
    """Where passages are searched beyond this machine, how many are held there, and of which
    generation of the library (None: of none yet, or they are being built); `problem` says what
    isn't as the rows have it."""

    engine: str
    address: str
    passages: int
    generation: int | None
    problem: str = ""


def open_candidates(url: str, rows: Rows, lock: Lock) -> Candidates:
    """The Milvus at an address, or in a file that ends with .db (Milvus Lite). Its token:
    DATELINE_CANDIDATES_TOKEN. Raises UsageError (its client isn't installed), DatelineError."""
    try:
        from index.storing.candidates.milvus import Milvus
    except ImportError as error:
        raise UsageError(
            f"candidates at '{address(url)}' need Milvus's client; get it with: "
            "pip install 'dateline[milvus]'"
        ) from error
    return Milvus(url, rows, lock, os.environ.get("DATELINE_CANDIDATES_TOKEN", ""))


def address(url: str) -> str:
    """Without the password that it may hold."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def compared(db: Database, url: str, counts: Counts) -> Served:
    """What a server holds, against a snapshot that was taken later: however much was written since,
    it has to hold as many passages as there were when it was brought up to date."""
    problem, generation = "", None
    if counts.state is not None and not has_been(db, counts.state):
        problem = f"the candidates at '{address(url)}' {NOT_OURS}"
    elif counts.state is not None and counts.highest is not None:
        generation = counts.state.generation
        (kept,) = db.execute(
            "SELECT count(*) FROM passages WHERE n <= ?", [counts.highest]
        ).fetchone()
        (gone,) = db.execute(
            "SELECT count(*) FROM removed WHERE n <= ? AND generation > ?",
            [counts.highest, generation],
        ).fetchone()
        if counts.dense != kept + gone:
            problem = (
                f"the candidates at '{address(url)}' are {counts.dense} passages, not "
                f"{kept + gone} as the library had at generation {generation}"
            )
    return Served("Milvus", address(url), counts.dense, generation, problem)


def line(served: Served, db: Database) -> str:
    """What was compared, for `dateline check`."""
    if served.generation is None and not served.problem:
        return f"no candidates at '{served.address}' (the next search makes them)"
    behind = state_of(db).generation - (served.generation or 0)
    since = f", {behind} writes behind (the next search follows)" if behind > 0 else ""
    return f"how many passages the candidates at '{served.address}' hold{since}"
