"""Asking at the terminal: from standard input, a conversation that goes on, a prompt; how the
kinds of answers look."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner, Result

from index.article import Article, Head
from index.encoding.encoder import Encoder
from index.library import Library
from index.search import Filter
from rag import opening
from rag.answer import Answer, Citation, Claim, Coverage
from rag.events import Passages, Progress, Searching, Token
from rag.generating.reader import LocalReader
from tests.fakes import FakeEncoder, fake_reader
from ui.cli import answers, asking, remembered
from ui.cli.app import app

TRADE = Article(
    "trade",
    "Trade at a [bold]record[/bold]",
    "Trade between the two countries was worth 240 billion dollars in 2023.",
    "The Courier",
    date(2024, 5, 17),
)
BRIDGE = Article(
    "bridge", "The bridge \x1b[2J opens", "It opened in May.", "Coast Herald", date(2024, 5, 3)
)  # fmt: skip

Run = Callable[..., Result]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as opened:
        for article in (TRADE, BRIDGE):
            opened.put(article)
    return tmp_path / "library"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was asked, with the turns before it."""
    seen = []
    real = asking.ask

    def ask(service, question, **given):  # type: ignore[no-untyped-def]
        seen.append((question.strip(), list(given.get("history", ()))))
        return real(service, question, **given)

    monkeypatch.setattr(asking, "ask", ask)
    return seen


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, library: Path, tmp_path: Path) -> Run:
    def stand_ins(place: Path, model: str | None) -> tuple[Library, LocalReader, Encoder]:
        encoder = FakeEncoder()
        return Library.open(place, encoder), fake_reader(), encoder

    monkeypatch.setattr(opening, "open_parts", stand_ins)
    monkeypatch.setenv("DATELINE_LIBRARY", str(library))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments: object, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)

    return invoke


def shown(view: RenderableType, width: int = 100) -> str:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(view)
    return captured.get()


# --- ask ------------------------------------------------------------------------------------------


def test_a_dash_reads_the_question_from_standard_input(run: Run) -> None:
    result = run("ask", "-", typed="How large was trade\nbetween the two countries?\n")
    assert result.exit_code == 0
    assert "240 billion dollars" in result.stdout
    assert run("ask", "-", typed="  \n").exit_code == 2


def test_the_kind_may_be_said_and_an_unknown_one_is_refused(run: Run) -> None:
    said = run("ask", "--kind", "library", "how many articles do you have").stdout
    assert said.startswith("The library holds 2 articles.")
    wrong = run("ask", "--kind", "poem", "how many articles do you have")
    assert wrong.exit_code == 2
    assert "no kind of question 'poem'; choose from fact" in wrong.stderr


def test_the_passages_that_were_read_are_shown_on_request(run: Run) -> None:
    question = "How large was trade between the two countries?"
    assert "Passages read" not in run("ask", question).stdout
    with_them = run("ask", question, "--passages").stdout
    assert TRADE.text in with_them.partition("Passages read")[2]


def test_a_setting_may_be_given(run: Run) -> None:
    assert run("ask", "How large was trade?", "--set", "budget=1").exit_code == 0
    wrong = run("ask", "How large was trade?", "--set", "budget=none")
    assert wrong.exit_code == 2
    assert "'budget' can't be 'none'" in wrong.stderr


def test_an_article_that_is_not_there_is_named(run: Run) -> None:
    result = run("ask", "Summarise this", "--article", "nope")
    assert result.exit_code == 2
    assert "no article 'nope'" in result.stderr


def test_continue_goes_on_where_this_terminal_left_off(
    run: Run, asked: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    first = run("ask", "--continue", "How large was trade?")
    assert "no conversation of this terminal" in first.stderr
    assert run("ask", "--continue", "And between whom?").stderr == ""
    run("ask", "How large was trade?")  # begins anew
    run("ask", "--continue", "And when?")
    assert [[question for question, _ in turns] for _, turns in asked] == [
        [],
        ["How large was trade?"],
        [],
        ["How large was trade?"],
    ]


def test_continue_says_once_what_has_changed_under_an_answer(run: Run, library: Path) -> None:
    run("ask", "How large was trade?")
    with Library.open(library, FakeEncoder()) as opened:
        cited = next(a for a in opened.articles() if "240 billion" in a.text)
        opened.put(replace(cited, text=cited.text.replace("240 billion", "250 billion")))
    told = run("ask", "--continue", "And between whom?").stderr
    assert "In the answer to “How large was trade?”: [1] “" in told
    assert f"(`dateline show {cited.id} --diff`)" in told
    assert "Ask it again" in told
    assert run("ask", "--continue", "And when?").stderr == ""
    assert "[-240-]{+250+}" in run("show", cited.id, "--diff").stdout


# --- what is remembered ---------------------------------------------------------------------------


def test_what_is_remembered_is_bounded_private_and_by_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [(f"question {n}", f"answer {n}") for n in range(20)]
    remembered.remember(tmp_path / "one", turns)
    assert remembered.recall(tmp_path / "one") == turns[-remembered.TURNS :]
    assert remembered.recall(tmp_path / "other") == []
    file = remembered.folder() / "terminals.json"
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for n in range(remembered.TERMINALS + 5):
        monkeypatch.setattr(remembered, "terminal", lambda n=n: f"terminal {n}")
        remembered.remember(tmp_path / "one", turns[:1])
    assert len(json.loads(file.read_text())) == remembered.TERMINALS
    assert remembered.recall(tmp_path / "one") == turns[:1]


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"x": 1}', '{"%s": {"library": 1}}'])
def test_a_file_that_is_no_conversation_is_none(tmp_path: Path, text: str) -> None:
    file = remembered.folder() / "terminals.json"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("%s", remembered.terminal()))
    assert remembered.recall(tmp_path) == []
    remembered.remember(tmp_path, [("q", "a")])
    assert remembered.recall(tmp_path) == [("q", "a")]


def test_a_turn_of_another_shape_is_left_out(tmp_path: Path) -> None:
    remembered.remember(tmp_path, [("q", "a")])
    file = remembered.folder() / "terminals.json"
    kept = json.loads(file.read_text())
    kept[remembered.terminal()]["turns"] = [["q", "a"], ["q"], "x", ["q", 1]]
    file.write_text(json.dumps(kept))
    assert remembered.recall(tmp_path) == [("q", "a")]


def test_what_an_answer_rested_on_is_kept_if_it_has_its_shape(tmp_path: Path) -> None:
    cite = {"n": 1, "article_id": "a", "start": 0, "end": 2, "quote": "It"}
    good = {"question": "q", "claims": [{"citations": [cite]}], "sources": [{"article_id": "a"}]}
    remembered.remember(tmp_path, [("q", "a")], [good])
    assert remembered.bases(tmp_path) == [good]
    assert remembered.bases(tmp_path / "other") == []
    file = remembered.folder() / "terminals.json"
    kept = json.loads(file.read_text())
    bad = [{}, "x", {**good, "question": 1}, {**good, "claims": [{"citations": [{"n": "1"}]}]}]
    kept[remembered.terminal()]["bases"] = [*bad, good]
    file.write_text(json.dumps(kept))
    assert remembered.bases(tmp_path) == [good]
    kept[remembered.terminal()]["bases"] = 3
    file.write_text(json.dumps(kept))
    assert remembered.bases(tmp_path) == []


# --- chat --terminal ------------------------------------------------------------------------------


def test_a_chat_answers_each_line_with_what_was_said_before(
    run: Run, asked: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    typed = "How large was trade between the two countries?\n\nAnd when did the bridge open?\n"
    result = run("chat", "--terminal", typed=typed)
    assert result.exit_code == 0
    assert "240 billion dollars" in result.stdout
    assert [len(turns) for _, turns in asked] == [0, 1]
    run("chat", "--terminal", "--continue", typed="Who opened it?\n")
    assert len(asked[-1][1]) == 2


def test_a_question_that_fails_ends_nothing(run: Run) -> None:
    typed = f"{'long ' * 900}\nHow large was trade between the two countries?\n"
    result = run("chat", "--terminal", typed=typed)
    assert result.exit_code == 0
    assert "characters but at most 2000 are taken" in result.stderr
    assert "240 billion dollars" in result.stdout


def test_the_page_has_a_conversation_of_its_own(run: Run) -> None:
    result = run("chat", "--continue")
    assert result.exit_code == 2
    assert "--terminal" in result.stderr


def test_how_often_the_page_looks_is_told_in_minutes_and_is_the_pages(run: Run) -> None:
    wrong = run("chat", "--refresh", "30s")
    assert wrong.exit_code == 2
    assert "--refresh takes a time of at least a minute" in wrong.stderr
    wrong = run("chat", "--terminal", "--refresh", "15m")
    assert wrong.exit_code == 2
    assert "--refresh goes with the page" in wrong.stderr


TALK = """
import sys, threading
from pathlib import Path
from ui.cli.talk import talk

def answer(question, turns):
    print("asked", question, len(turns), flush=True)
    if question == "slow":
        threading.Event().wait(600)
    return "an answer"

talk(answer, Path(sys.argv[1]), [])
print("ended", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_ctrl_c_stops_the_answer_and_not_the_program(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TALK, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write("slow\n")
    process.stdin.flush()
    assert process.stdout.readline() == "asked slow 0\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate("quick\n", timeout=60)
    assert out == "asked quick 0\nended\n"
    assert process.returncode == 0


# --- how answers look -----------------------------------------------------------------------------


def claim(text: str, label: str = "", verdict: str = "stated") -> Claim:
    cited = Citation(1, TRADE, "trade:0-5", 0, 5, "Trade")
    return Claim(text, verdict, 0.9, (cited,), label=label)  # type: ignore[arg-type]


def answer(**fields: object) -> Answer:
    made = Answer("q", "q", "", "", False)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_list_has_a_line_an_item_with_its_label() -> None:
    items = (claim("Trade grew.", "17 May"), claim("It fell.", "18 May", "check this"))
    lines = shown(answers.answer_view(answer(kind="timeline", claims=items))).splitlines()
    assert lines[0] == "- 17 May: Trade grew. [1]"
    assert lines[1] == "- 18 May: It fell. [1]"
    assert lines[2].strip() == "Check this against its quote"


def test_what_is_said_stands_above_the_articles_and_the_note_below() -> None:
    heads = tuple(Head(a.id, a.title, a.source, a.published) for a in (TRADE, BRIDGE))
    out = shown(
        answers.answer_view(
            answer(kind="library", said="Two of them.", articles=heads, note="These are 2 of 9.")
        )
    )
    said, heading, one, two, note = (line.split() for line in out.splitlines())
    assert (said, note) == (["Two", "of", "them."], ["These", "are", "2", "of", "9."])
    assert heading == ["Title", "Source", "Published", "Id"]
    assert one[0] == "1."
    assert one[-1] == "trade"
    assert "[bold]record[/bold]" in one
    assert two[-2:] == ["2024-05-03", "bridge"]
    assert "\x1b" not in out


def test_how_much_was_read_is_said_where_it_was_not_all() -> None:
    text = shown(answers.answer_view(answer(claims=(claim("So."),), coverage=Coverage(6, 14))))
    assert "Read 6 of 14 passages." in text
    text = shown(answers.answer_view(answer(claims=(claim("So."),), coverage=Coverage(14, 14))))
    assert "Read" not in text


def test_what_is_said_is_only_text() -> None:
    hostile = "Hello \x1b]0;title\x07[red]you[/red]\u202e"
    out = shown(answers.answer_view(answer(kind="smalltalk", said=hostile, note=hostile)))
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert out.count("[red]you[/red]") == 2


def test_what_is_being_done_is_shown_with_what_was_written() -> None:
    seen = asking._Seen()
    assert shown(seen.after(Searching("q", "q", Filter()))).strip() == "Searching …"
    assert shown(seen.after(Progress(6, 14))).strip() == "Reading 6 of 14 passages …"
    assert shown(seen.after(Passages((), ()))).strip().startswith("Reading")
    assert shown(seen.after(Token("One\x1b[2J sentence."))).strip() == "One[2J sentence."
    again = shown(seen.after(Progress(8, 14)))
    assert "One[2J sentence." in again
    assert "Reading 8 of 14 passages …" in again
