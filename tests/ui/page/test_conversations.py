"""Conversations are kept, found, renamed, deleted; an answer comes back as it was."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import DatelineError, UsageError
from tests.ui.page.rendering.test_render import answered, turn
from ui.page.conversations import VERSION, Conversations, State
from ui.page.places import place
from ui.page.rendering import footnotes, render

A, B = "a" * 16, "b" * 16


@pytest.fixture
def kept() -> Conversations:
    return Conversations(":memory:")


def test_a_turn_comes_back_with_its_whole_answer(tmp_path: Path) -> None:
    first = Conversations(tmp_path / "c.sqlite")
    answer = answered("bridge").to_dict()
    n = first.ask(A, "What did it cost?")
    first.write_draft(n, "It cost")
    first.finish(n, "done", answer=answer)
    first.feedback(n, 1, "good", "41")
    first.close()
    [again] = Conversations(tmp_path / "c.sqlite").turns(A)
    assert again.answer == json.loads(json.dumps(answer))
    assert (again.state, again.vote, again.remark, again.expected) == ("done", 1, "good", "41")


def test_a_crash_leaves_the_question_and_the_draft(tmp_path: Path) -> None:
    first = Conversations(tmp_path / "c.sqlite")
    first.write_draft(first.ask(A, "What did it cost?"), "It cost")
    [again] = Conversations(tmp_path / "c.sqlite").turns(A)
    assert (again.question, again.state, again.draft) == ("What did it cost?", "running", "It cost")


def test_a_conversation_is_named_after_its_first_question(
    kept: Conversations,
) -> None:
    kept.ask(A, "First\n question")
    kept.ask(B, "Second")
    kept.ask(A, "Third")
    assert {(c.id, c.title) for c in kept.chats()} == {(A, "First question"), (B, "Second")}


def test_search_looks_in_titles_questions_and_answers_literally(kept: Conversations) -> None:
    n = kept.ask(A, "What of the bridge?")
    kept.finish(n, "done", answer=answered("bridge").to_dict())
    kept.ask(B, "100% of the ferry_boats")
    assert [c.id for c in kept.chats("COUNTING THE RAMPS")] == [A]
    assert [c.id for c in kept.chats("100%")] == [B]
    assert [c.id for c in kept.chats("ferry_b")] == [B]
    assert kept.chats("1_0") == kept.chats("%x%") == kept.chats("'; DROP TABLE turns") == []


def test_rename_and_delete(kept: Conversations) -> None:
    kept.ask(A, "One")
    kept.rename(A, "  A  better name ")
    assert kept.title(A) == "A better name"
    kept.rename(A, "   ")
    assert kept.title(A) == "A better name"
    kept.delete(A)
    assert kept.chats() == []
    assert kept.turns(A) == []


def test_asking_instead_hides_that_turn_and_those_after(kept: Conversations) -> None:
    one, two, three = (kept.ask(A, q) for q in ("one", "two", "three"))
    new = kept.ask(A, "two again", instead_of=two)
    assert [t.id for t in kept.turns(A)] == [one, new]
    assert kept.turn(three) is not None  # hidden, not gone


@pytest.mark.parametrize(("state", "draft"), [("failed", ""), ("stopped", " ")])
def test_a_retry_that_came_to_nothing_brings_the_old_answer_back(
    kept: Conversations, state: State, draft: str
) -> None:
    """A regression: the answer that was there was gone with it."""
    one, two, three = (kept.ask(A, q) for q in ("one", "two", "three"))
    kept.finish(two, "done", answer=answered("bridge").to_dict())
    new = kept.ask(A, "two", instead_of=two)
    kept.finish(new, state, draft=draft, note="No model.")
    assert [t.id for t in kept.turns(A)] == [one, two, three, new]
    again = kept.ask(A, "two", instead_of=two)
    kept.finish(again, "done", answer=answered("ferry").to_dict())
    assert [t.id for t in kept.turns(A)] == [one, again]


def test_a_retry_that_was_stopped_in_the_middle_of_its_words_stands(kept: Conversations) -> None:
    one = kept.ask(A, "one")
    new = kept.ask(A, "one", instead_of=one)
    kept.finish(new, "stopped", draft="It cost")
    assert [t.id for t in kept.turns(A)] == [new]


# ---- where they are kept, and by which version ----

BEFORE = """
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL,
    updated TEXT NOT NULL);
CREATE TABLE turns (id INTEGER PRIMARY KEY AUTOINCREMENT, chat TEXT NOT NULL REFERENCES chats(id),
    question TEXT NOT NULL, state TEXT NOT NULL, draft TEXT NOT NULL DEFAULT '', answer TEXT,
    note TEXT NOT NULL DEFAULT '', asked TEXT NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,
    vote INTEGER NOT NULL DEFAULT 0, remark TEXT NOT NULL DEFAULT '',
    expected TEXT NOT NULL DEFAULT '');
"""


def write_before(file: Path) -> None:
    """As the first version kept it, with its verdicts."""
    answer = answered("bridge").to_dict()
    old = ["supported", "partly supported", "unsupported", "unsupported"]
    for claim, verdict in zip(answer["claims"], old, strict=True):
        claim |= {"verdict": verdict, "raw": None}
        del claim["lacking"]
    with closing(sqlite3.connect(file)) as db, db:
        db.executescript(BEFORE)
        db.execute("INSERT INTO chats VALUES (?, 'Old', '', '')", (A,))
        db.execute(
            "INSERT INTO turns (chat, question, state, answer, asked)"
            " VALUES (?, 'q', 'done', ?, '')",
            (A, json.dumps(answer)),
        )


def test_what_an_earlier_version_kept_is_read_and_shown(tmp_path: Path) -> None:
    write_before(tmp_path / "c.sqlite")
    for _ in range(2):  # the second time nothing is left to do
        kept = Conversations(tmp_path / "c.sqlite")
        [turn] = kept.turns(A)
        assert turn.answer is not None
        found = [claim["verdict"] for claim in turn.answer["claims"]]
        assert found == ["check this", "check this", "withheld", "withheld"]
        assert "Check this against its quote" in render.turn(turn)
        assert footnotes.markdown("x", [turn])
        kept.close()


def test_what_a_newer_version_kept_is_left_alone(tmp_path: Path) -> None:
    Conversations(tmp_path / "c.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(DatelineError, match="newer Dateline"):
        Conversations(tmp_path / "c.sqlite")


def test_a_library_that_is_copied_takes_no_conversation_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_CONVERSATIONS", str(tmp_path / "own"))
    library = tmp_path / "library"
    library.mkdir()
    write_before(library / "conversations.sqlite")
    kept = Conversations(place(library))
    assert [chat.title for chat in kept.chats()] == ["Old"]
    kept.close()
    assert list(library.iterdir()) == []
    copy = tmp_path / "copy"
    shutil.copytree(library, copy)
    assert place(copy) != place(library)
    assert Conversations(place(copy)).chats() == []
    assert [chat.title for chat in Conversations(place(library)).chats()] == ["Old"]


def test_a_library_that_moves_keeps_its_conversations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_CONVERSATIONS", str(tmp_path / "own"))
    old, new = tmp_path / "library", tmp_path / "elsewhere" / "news"
    old.mkdir()
    (old / "library.sqlite").touch()
    before = place(old)  # as an earlier Dateline had it, which knew no ids
    assert place(old, "one") == before
    copy = tmp_path / "copy"
    shutil.copytree(old, copy)
    assert place(copy, "one") != before
    shutil.rmtree(copy)
    new.parent.mkdir()
    old.rename(new)
    assert place(new, "one") == before
    old.mkdir()  # another library in its old place
    assert place(old, "two") != before
    assert place(new, "one") == before
    assert place(new, "reindexed") == before
    (tmp_path / "own" / "places.json").write_text('{"../x": 1')
    assert place(tmp_path / "third", "three").parent == tmp_path / "own"


def test_what_is_kept_beside_them_is_the_last(kept: Conversations) -> None:
    assert kept.kept("x") is None
    kept.keep("x", [1])
    kept.keep("x", {"a": 2})
    assert kept.kept("x") == {"a": 2}


def test_a_turn_of_another_conversation_is_not_hidden(kept: Conversations) -> None:
    one = kept.ask(A, "one")
    kept.ask(B, "two", instead_of=one)
    assert [t.id for t in kept.turns(A)] == [one]


@pytest.mark.parametrize("chat", ["", "x", "../x", "A" * 16, "a" * 17, "a" * 15 + "'"])
def test_only_ids_that_the_page_makes_are_taken(kept: Conversations, chat: str) -> None:
    with pytest.raises(UsageError, match="no conversation"):
        kept.ask(chat, "one")


# ---- taken along ----


def test_the_copy_has_numbers_and_footnotes_with_the_words() -> None:
    copy = footnotes.footnoted(answered("bridge").to_dict()).split("\n\n")
    assert copy[0] == "Sources disagree: 41 million crowns [1] or 44 million crowns [2]."
    assert copy[1] == (
        "The bridge cost 41 million crowns. [1] Counting the ramps, it cost 44 million crowns. [2] "
        "It opened eleven months late, for _want_ of steel and _money_. [1] [2]"
    )
    assert copy[2] == "Check this: “want” and “money” aren’t in the quote"
    assert copy[3].split("\n")[:3] == [
        "[1] Varnholm opens its new harbour bridge. Varnholm Courier, 12 April 2025. "
        "https://varnholm-courier.example/bridge-opens",
        "    “The bridge cost 41 million crowns”",
        "    “eleven months later than planned”",
    ]


def test_what_was_withheld_is_not_taken_along_but_seen_in_the_conversation() -> None:
    answer = answered("bridge", show_withheld=True)
    assert "longest" not in footnotes.footnoted(answer.to_dict())
    assert "longest" not in footnotes.said(answer.to_dict())
    said = footnotes.markdown("x", [turn(answer)])
    assert "~~It is the longest bridge in the country.~~ *(Withheld)*" in said


def test_markdown_holds_the_conversation_and_no_markup_of_others() -> None:
    turns = [
        turn(answered("bridge"), question="# <b>What</b> *did* it cost?"),
        turn(answered("tallest")),
        turn(None, state="stopped"),
    ]
    said = footnotes.markdown("A [title](javascript:x)", turns)
    assert said.startswith("# A \\[title\\](javascript:x)\n")
    assert "## \\# \\<b\\>What\\</b\\> \\*did\\* it cost?" in said
    assert "for <u>want</u> of steel and <u>money</u>. \\[1\\]\\[2\\] *(Check this: " in said
    assert "*Not in the library.*" in said
    assert "*Stopped." in said


def test_markdown_says_which_part_of_a_question_has_no_answer() -> None:
    answer = replace(answered("bridge"), unanswered=("Who *built* it?",))
    said = footnotes.markdown("x", [turn(answer)])
    assert "*The library doesn't hold the answer to “Who \\*built\\* it?”*" in said


def test_what_only_disagrees_is_quoted_too() -> None:
    answer = answered("bridge").to_dict()
    answer["claims"] = answer["claims"][:1]  # cites the first article only
    quoted = "“The harbour bridge cost 44 million crowns”"
    assert quoted in footnotes.footnoted(answer)
    said = footnotes.markdown("x", [replace(turn(None), answer=answer)])
    disagree = "**Sources disagree: 41 million crowns \\[1\\] or 44 million crowns \\[2\\].**"
    assert disagree in said
    assert f"> {quoted}" in said


def test_markdown_says_what_was_stopped_and_what_made_an_answer() -> None:
    said = footnotes.markdown(
        "x", [turn(None, state="stopped", draft="It *cost*"), turn(answered("ferry"))]
    )
    assert "has not been checked.*\n\n> It \\*cost\\*\n" in said
    assert said.endswith("\n\n*1 January 2025 · fake-1b*\n")


def test_votes_become_a_question_file() -> None:
    voted = [
        turn(answered("bridge"), vote=1),
        turn(answered("tallest"), vote=1),
        turn(answered("bridge"), vote=-1, expected=" 45 million "),
        turn(answered("ferry"), vote=-1),
    ]
    lines, left = footnotes.questions(voted)
    assert [json.loads(line) for line in lines.splitlines()] == [
        {"question": "bridge", "all": ["41", "44"], "answerable": True},
        {"question": "tallest", "answerable": False},
        {"question": "bridge", "any": ["45 million"], "answerable": True},
    ]
    assert left == 1
