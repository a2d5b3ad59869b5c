"""Nothing to ask, nothing answered, options that make no sense: a sentence, before any model."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.peers import run as peers
from eval.peers.__main__ import run as command
from eval.peers.judging import cited, declines, plain, score
from eval.peers.process import given
from eval.report.tables import ScoredRecord
from eval.suite import Scored

EMPTY = {
    "text": "", "first_token_s": None, "total_s": 2.0, "sources": [], "prompt_tokens": 5,
    "written_tokens": 0,
}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text("Trade grows\n\nTrade grew by a half.\n")
    (tmp_path / "questions.jsonl").write_text('{"question": "Did trade grow?", "any": ["half"]}\n')
    return tmp_path


def test_an_answer_without_text_took_until_its_end_to_begin() -> None:
    assert given(EMPTY).first_token_s == 2.0


@pytest.mark.parametrize("answerable", [True, False])
def test_an_answer_without_text_is_a_declined_one(answerable: bool) -> None:
    gold = {"any": ["x"] if answerable else [], "all": [], "answerable": answerable}
    found = score({"gold": gold, "given": given(EMPTY).to_dict()}).scores
    assert found["served"] == (0 if answerable else 1)
    assert found["cited"] is None


def test_no_text() -> None:
    assert (declines(""), cited("", 3), plain("")) == (False, set(), "")
    assert cited("As [1] says.", 0) == set()


def test_nothing_to_compare_says_nothing() -> None:
    lone = ScoredRecord({"group": peers.WARM, "unit": "1"}, Scored({"first_ms": 1.0}))
    assert peers.beside([lone], peers.PEER, 0) == []
    assert peers.beside([], peers.PEER, 0) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--limit", "0"], "--limit 0: it takes a number of questions"),
        (["--chunk-size", "3"], "--chunk-size 3: it takes tokens, 64 or more"),
    ],
)
def test_options_that_make_no_sense(
    data: Path, capsys: pytest.CaptureFixture[str], changed: list[str], message: str
) -> None:
    assert command(["--articles", str(data / "articles"), *changed]) == 2
    assert message in capsys.readouterr().err


def test_questions_or_articles_that_hold_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "articles" / "a.txt").unlink()
    assert command(["--questions", str(data / "questions.jsonl")]) == 2
    assert "articles' holds nothing to ask with" in capsys.readouterr().err
    (data / "questions.jsonl").write_text("")
    assert command(["--questions", str(data / "questions.jsonl")]) == 2
    assert "questions.jsonl' holds nothing to ask with" in capsys.readouterr().err
