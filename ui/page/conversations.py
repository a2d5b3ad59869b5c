"""Conversations, kept in a SQLite file of their own, outside the library: a library that is given
away takes no conversation along.

A turn is stored when it is asked, its draft while it is written and its whole Answer (the JSON
form) when it is done, so that closing the page or the program loses nothing. Turns that were
asked again are hidden, not deleted, and come back where the new one came to nothing.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from index.errors import DatelineError, UsageError

State = Literal["running", "done", "stopped", "failed"]
CHAT_ID = re.compile(r"[0-9a-f]{16}")

VERSION = 1

# `hidden` is the turn that came in its place, or 0.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
    question TEXT NOT NULL, state TEXT NOT NULL, draft TEXT NOT NULL DEFAULT '',
    answer TEXT, note TEXT NOT NULL DEFAULT '', asked TEXT NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0, vote INTEGER NOT NULL DEFAULT 0,
    remark TEXT NOT NULL DEFAULT '', expected TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS turns_by_chat ON turns(chat, id);
"""
_KEPT = "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)"


@dataclass(frozen=True, slots=True)
class Chat:
    id: str
    title: str
    updated: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it. `answer` is `Answer.to_dict()`, None until done; of a
    stopped one what stood by then, if anything did.

    `note` says why it failed. `vote` is 1, -1 or 0; `expected` what the answer should have said.
    """

    id: int
    chat: str
    question: str
    state: State
    draft: str
    answer: dict[str, Any] | None
    note: str
    asked: str
    vote: int
    remark: str
    expected: str


class Conversations:
    """Thread-safe. `path` is the SQLite file, or ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(str(path), check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        with self._lock:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._migrate(path)
            self._db.execute(_KEPT)

    def _migrate(self, path: Path | str) -> None:
        [found] = self._db.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            self._db.close()
            raise DatelineError(
                f"The conversations in '{path}' were kept by a newer Dateline; update this one, or "
                "move that file away."
            )
        if found == VERSION:
            return
        with self._db as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            old = "SELECT id, answer FROM turns WHERE answer IS NOT NULL"
            for id, answer in db.execute(old).fetchall():
                made = json.dumps(_with_verdicts(json.loads(answer)))
                db.execute("UPDATE turns SET answer = ? WHERE id = ?", (made, id))
            db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._db:
            yield self._db

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # chats

    def chats(self, find: str = "") -> list[Chat]:
        """Newest first; `find` looks in titles, questions and answers."""
        like = "%" + re.sub(r"([\\%_])", r"\\\1", find.strip()) + "%"
        rows = self._rows(
            "SELECT id, title, updated FROM chats WHERE title LIKE ?1 ESCAPE '\\' OR EXISTS"
            " (SELECT 1 FROM turns WHERE chat = chats.id AND hidden = 0 AND"
            " (question LIKE ?1 ESCAPE '\\'"
            "  OR json_extract(answer, '$.text') LIKE ?1 ESCAPE '\\'))"
            " ORDER BY updated DESC, rowid DESC",
            like,
        )
        return [Chat(row["id"], row["title"], row["updated"]) for row in rows]

    def title(self, chat: str) -> str:
        rows = self._rows("SELECT title FROM chats WHERE id = ?", chat)
        return str(rows[0]["title"]) if rows else ""

    def rename(self, chat: str, title: str) -> None:
        title = " ".join(title.split())[:120]
        if title:
            with self._write() as db:
                db.execute("UPDATE chats SET title = ? WHERE id = ?", (title, chat))

    def delete(self, chat: str) -> None:
        with self._write() as db:
            db.execute("DELETE FROM chats WHERE id = ?", (chat,))

    # turns

    def turns(self, chat: str) -> list[Turn]:
        rows = self._rows("SELECT * FROM turns WHERE chat = ? AND hidden = 0 ORDER BY id", chat)
        return [_turn(row) for row in rows]

    def turn(self, turn: int) -> Turn | None:
        rows = self._rows("SELECT * FROM turns WHERE id = ?", turn)
        return _turn(rows[0]) if rows else None

    def answered(self, count: int) -> list[dict[str, Any]]:
        """The last answers that were finished, newest first."""
        rows = self._rows(
            "SELECT answer FROM turns WHERE answer IS NOT NULL AND state = 'done'"
            " ORDER BY id DESC LIMIT ?",
            count,
        )
        return [json.loads(row["answer"]) for row in rows]

    def ask(self, chat: str, question: str, *, instead_of: int | None = None) -> int:
        """Stores a question and returns its turn's id; the chat is made by its first one.

        `instead_of` hides that turn of the same chat and those after it, until `finish` says that
        nothing came of the new one.
        """
        if not CHAT_ID.fullmatch(chat):
            raise UsageError(f"There is no conversation {chat!r}; open a new one.")
        now = _now()
        with self._write() as db:
            db.execute(
                "INSERT INTO chats VALUES (?, ?, ?, ?)"
                " ON CONFLICT(id) DO UPDATE SET updated = excluded.updated",
                (chat, " ".join(question.split())[:80], now, now),
            )
            cursor = db.execute(
                "INSERT INTO turns (chat, question, state, asked) VALUES (?, ?, 'running', ?)",
                (chat, question, now),
            )
            turn = cursor.lastrowid
            assert turn is not None
            if instead_of is not None:
                db.execute(
                    "UPDATE turns SET hidden = ?1"
                    " WHERE chat = ?2 AND id >= ?3 AND id != ?1 AND hidden = 0",
                    (turn, chat, instead_of),
                )
        return turn

    def write_draft(self, turn: int, draft: str) -> None:
        with self._write() as db:
            db.execute("UPDATE turns SET draft = ? WHERE id = ?", (draft, turn))

    def finish(
        self,
        turn: int,
        state: State,
        *,
        draft: str = "",
        answer: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> None:
        with self._write() as db:
            db.execute(
                "UPDATE turns SET state = ?, draft = ?, answer = ?, note = ? WHERE id = ?",
                (state, draft, json.dumps(answer) if answer is not None else None, note, turn),
            )
            if answer is None and not draft.strip():
                db.execute("UPDATE turns SET hidden = 0 WHERE hidden = ?", (turn,))

    def feedback(self, turn: int, vote: int, remark: str = "", expected: str = "") -> None:
        with self._write() as db:
            db.execute(
                "UPDATE turns SET vote = ?, remark = ?, expected = ? WHERE id = ?",
                (max(-1, min(1, vote)), remark[:4000], expected[:4000], turn),
            )

    # what is kept beside them

    def keep(self, name: str, value: Any) -> None:
        """Something of the page's own, as JSON; another of that name goes."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, json.dumps(value)))

    def kept(self, name: str) -> Any:
        rows = self._rows("SELECT value FROM kept WHERE name = ?", name)
        return json.loads(rows[0]["value"]) if rows else None

    def voted(self) -> list[Turn]:
        """Every turn with a thumb and an answer, hidden ones too, oldest first."""
        rows = self._rows("SELECT * FROM turns WHERE vote != 0 AND answer IS NOT NULL ORDER BY id")
        return [_turn(row) for row in rows]


def _with_verdicts(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of version 0, whose verdicts were other ones: they weren't measured well enough to
    stand as stated."""
    for claim in answer.get("claims", ()):
        claim["verdict"] = "withheld" if claim["verdict"] == "unsupported" else "check this"
        claim["lacking"] = []
    return answer


def _turn(row: sqlite3.Row) -> Turn:
    return Turn(
        id=row["id"],
        chat=row["chat"],
        question=row["question"],
        state=row["state"],
        draft=row["draft"],
        answer=json.loads(row["answer"]) if row["answer"] else None,
        note=row["note"],
        asked=row["asked"],
        vote=row["vote"],
        remark=row["remark"],
        expected=row["expected"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
