"""The last conversation of each terminal, so that `--continue` goes on with it.

A small JSON file beside the page's conversations, for its owner alone. What can't be kept is not
worth an error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.files import write
from index.storing.places import Place, called

Turn = tuple[str, str]
TERMINALS = 20  # the most recently used are kept
TURNS = 6  # of each


def folder() -> Path:
    """DATELINE_CONVERSATIONS, else where the page keeps its own."""
    named = os.environ.get("DATELINE_CONVERSATIONS")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("dateline", appauthor=False) / "conversations"


def terminal() -> str:
    """This terminal window: its device and the session that began in it."""
    device = ""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if stream.isatty():
                device = os.ttyname(stream.fileno())
                break
    session = os.getsid(0) if hasattr(os, "getsid") else os.getppid()
    return f"{device}:{session}"


def recall(library: Place) -> list[Turn]:
    """The turns of this terminal's last conversation over a library; none if there was none."""
    kept = _read().get(terminal())
    if not isinstance(kept, dict) or kept.get("library") != called(library):
        return []
    turns = kept.get("turns")
    return [
        (turn[0], turn[1])
        for turn in (turns if isinstance(turns, list) else [])
        if isinstance(turn, list) and len(turn) == 2 and all(isinstance(t, str) for t in turn)
    ]


def bases(library: Place) -> list[Mapping[str, Any]]:
    """What its answers rest on; see `rag.stale.basis`."""
    kept = _read().get(terminal())
    if not isinstance(kept, dict) or kept.get("library") != called(library):
        return []
    found = kept.get("bases")
    return [each for each in (found if isinstance(found, list) else []) if _sound(each)]


def _sound(basis: Any) -> bool:
    try:
        cites = [c for claim in basis["claims"] for c in claim["citations"]]
        places = all(type(c[key]) is int for c in cites for key in ("n", "start", "end"))
        words = all(isinstance(c[key], str) for c in cites for key in ("article_id", "quote"))
        named = all(isinstance(s["article_id"], str) for s in basis["sources"])
        return places and words and named and isinstance(basis["question"], str)
    except (KeyError, TypeError):
        return False


def remember(
    library: Place, turns: Sequence[Turn], bases: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Keeps the end of a conversation as this terminal's last one, and what it rests on."""
    kept = _read()
    kept[terminal()] = {
        "library": called(library),
        "turns": [list(turn) for turn in turns[-TURNS:]],
        "bases": [dict(each) for each in bases[-TURNS:]],
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    newest = sorted(kept, key=lambda key: str(kept[key].get("at", "")))[-TERMINALS:]
    with suppress(OSError):
        write(_file(), json.dumps({key: kept[key] for key in newest}), private=True)


def _file() -> Path:
    return folder() / "terminals.json"


def _read() -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        found = json.loads(_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {key: value for key, value in found.items() if isinstance(value, dict)}
    return {}
