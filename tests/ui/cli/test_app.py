"""The command line over a real library, with stand-ins for the two models."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from index.article import Article, article_id
from index.encoding.encoder import Encoder
from index.library import Library
from rag import opening
from rag.checking import verdict
from rag.generating.form import TrainedForm
from rag.generating.form import version as version_of
from rag.generating.reader import LocalReader
from rag.models import files as models
from tests.fakes import FakeEncoder, fake_reader
from ui.cli.app import app

TRADE = Article(
    article_id("/articles/trade.txt"),
    "Trade at a record",
    "Trade between the two countries was worth 240 billion dollars in 2023. It had never been so "
    "large.",
    "The Courier",
    date(2024, 5, 17),
    path="/articles/trade.txt",
)
HARBOUR = Article(
    article_id("/articles/harbour.txt"),
    "The harbour \x1b[2Jbridge",
    "The harbour bridge opened on Saturday.",
    "Coast Herald",
    date(2025, 4, 12),
    path="/articles/harbour.txt",
)

Run = Callable[..., Result]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    place = tmp_path / "library"
    with Library.open(place, FakeEncoder(), create=True) as opened:
        for article in (TRADE, HARBOUR):
            opened.put(article)
    return place


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def stand_ins(place: Path, model: str | None) -> tuple[Library, LocalReader, Encoder]:
        encoder = FakeEncoder()
        return Library.open(place, encoder), fake_reader(), encoder

    monkeypatch.setattr(opening, "open_encoder", FakeEncoder)
    monkeypatch.setattr(opening, "open_parts", stand_ins)
    monkeypatch.setattr(opening, "open_reader", lambda model: fake_reader())
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DATELINE_LIBRARY", str(tmp_path / "none"))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


BRIDGE = """The toll for lorries on the harbour bridge rises by a tenth, the council said.

It pays for the new bearings, which came from a works in the north and took a year to make.
"""


def test_add_says_what_became_of_each_item(run: Run, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "bridge.txt").write_text(BRIDGE)
    (inbox / "empty.txt").write_text("")
    library = tmp_path / "new"

    first = run("--library", library, "add", inbox, "--source", "The Courier")
    assert first.exit_code == 1  # one was refused
    lines = {line.split()[0]: line for line in first.stdout.splitlines()}
    assert set(lines) == {"added", "refused"}
    assert "The Courier" in lines["added"]
    assert "empty.txt" in lines["refused"]
    assert first.stderr.startswith("1 added, 1 refused; ")

    again = run("--library", library, "add", inbox / "bridge.txt", "--source", "The Courier")
    assert again.exit_code == 0
    assert again.stdout.startswith("unchanged")

    (inbox / "bridge.txt").write_text(BRIDGE.replace("tenth", "fifth"))
    changed = run("--library", library, "add", inbox / "bridge.txt", "--source", "The Courier")
    assert changed.exit_code == 0
    assert changed.stdout.startswith("updated")
    assert "rises by a fifth" in run("--library", library, "search", "toll for lorries").stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "news.example"])
def test_the_page_for_other_machines_asks_who_may_come_in_before_anything_loads(
    run: Run, host: str
) -> None:
    result = run("chat", "--host", host)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.strip() == (
        f"The host '{host}' can be reached from other machines, so say who may come in: "
        "add --auth user:password or --token TOKEN."
    )


def test_add_names_what_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("--library", tmp_path / "new", "add", tmp_path / "nowhere.txt")
    assert result.exit_code == 1
    assert result.stdout.startswith("refused")
    assert "nowhere.txt" in result.stdout


def test_a_second_writer_is_told(run: Run, library: Path, tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    with Library.open(library, FakeEncoder()) as opened, opened.writing():
        result = run("--library", library, "add", tmp_path / "bridge.txt")
    assert result.exit_code == 1
    assert "is writing to the library" in result.stderr
    assert result.stderr.count("\n") == 1


def test_list_shows_the_newest_first_and_a_line_each(run: Run, library: Path) -> None:
    result = run("--library", library, "list")
    assert result.exit_code == 0
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        [HARBOUR.id, "2025-04-12", "Coast Herald", "The harbour [2Jbridge", ""],
        [TRADE.id, "2024-05-17", "The Courier", "Trade at a record", ""],
    ]


def test_the_library_may_be_named_after_the_command_too(run: Run, library: Path) -> None:
    before, after = run("--library", library, "list"), run("list", "--library", library)
    assert before.stdout == after.stdout != ""


def test_the_nearer_name_of_a_library_counts(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_LIBRARY", str(library))
    assert run("list").exit_code == 0
    assert run("--library", library / "none", "list").exit_code == 3
    assert run("--library", library / "none", "list", "--library", library).exit_code == 0


def test_list_as_json(run: Run, library: Path) -> None:
    listed = json.loads(run("--library", library, "list", "--json").stdout)
    assert [article["title"] for article in listed] == [HARBOUR.title, TRADE.title]
    assert listed[1]["published"] == "2024-05-17"


def test_show_prints_the_text_as_it_is_stored(run: Run, library: Path) -> None:
    result = run("--library", library, "show", TRADE.id)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Trade at a record"
    assert TRADE.text in result.stdout


def test_nothing_of_an_article_reaches_the_terminal_as_a_command(run: Run, library: Path) -> None:
    for command in (
        ["list"],
        ["show", HARBOUR.id],
        ["search", "bridge"],
        ["ask", "harbour bridge"],
    ):
        result = run("--library", library, *command)
        assert "harbour" in result.stdout
        assert "\x1b" not in result.stdout


def test_an_unknown_id_is_quoted(run: Run, library: Path) -> None:
    result = run("--library", library, "show", "nope")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == ("The library has no article 'nope'; `dateline list` shows the ids.\n")


def test_remove_takes_what_is_there_and_names_what_is_not(run: Run, library: Path) -> None:
    result = run("--library", library, "remove", TRADE.id, "nope")
    assert result.exit_code == 1
    assert result.stdout == f"removed {TRADE.id}\n"
    assert "'nope'" in result.stderr
    assert TRADE.id not in run("--library", library, "list").stdout


def test_search_prints_passages_and_as_json_their_offsets(run: Run, library: Path) -> None:
    result = run("--library", library, "search", "record trade", "-k", 1)
    assert result.stdout.startswith("1. Trade at a record · The Courier · 2024-05-17")
    (found,) = json.loads(
        run("--library", library, "search", "record trade", "-k", 1, "--json").stdout
    )
    assert TRADE.text[found["start"] : found["end"]] == found["text"]
    assert found["article_id"] == TRADE.id


def test_a_judged_search_says_what_states_an_answer(run: Run, library: Path) -> None:
    asked = "--library", library, "search", "When did the harbour bridge open?", "--judged"
    first, second = json.loads(run(*asked, "--json").stdout)
    assert (first["rank"], first["article_id"]) == (1, HARBOUR.id)
    assert first["stated"] > 0.5 > second["stated"]
    assert f"states an answer: {first['stated']:.0%}" in run(*asked, "-k", 1).stdout
    assert "stated" not in json.loads(run(*asked[:-1], "--json").stdout)[0]
    long = run("--library", library, "search", "bridge " * 400, "--judged")
    assert long.exit_code == 2
    assert "at most 2000 are taken; shorten it" in long.stderr


def test_search_keeps_to_dates_and_outlets(run: Run, library: Path) -> None:
    def titles(*options: str) -> list[str]:
        out = run("--library", library, "search", "bridge trade", "--json", *options).stdout
        return [hit["title"] for hit in json.loads(out)]

    assert set(titles()) == {TRADE.title, HARBOUR.title}
    assert titles("--since", "2025") == [HARBOUR.title]
    assert titles("--until", "2024-05") == [TRADE.title]
    assert titles("--source", "The Courier") == [TRADE.title]
    assert titles("--source", "The Courier", "--since", "2025") == []


def test_ask_prints_the_answer_with_what_it_rests_on(run: Run, library: Path) -> None:
    result = run("--library", library, "ask", "How large was trade between the two countries?")
    assert result.exit_code == 0
    assert "240 billion dollars" in result.stdout
    assert "[1] Trade at a record · The Courier · 2024-05-17" in result.stdout
    assert result.stderr == ""


def test_ask_as_json_is_the_answer_and_nothing_else(run: Run, library: Path) -> None:
    out = run("--library", library, "ask", "--json", "How large was trade between them?").stdout
    answer = json.loads(out)
    assert answer["question"] == "How large was trade between them?"
    for claim in answer["claims"]:
        for citation in claim["citations"]:
            text = {TRADE.id: TRADE.text, HARBOUR.id: HARBOUR.text}[citation["article_id"]]
            assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_ask_keeps_to_dates(run: Run, library: Path) -> None:
    out = run(
        "--library", library, "ask", "--json", "How large was trade?", "--since", "2025"
    ).stdout
    answer = json.loads(out)
    assert answer["filter"]["since"] == "2025-01-01"
    assert {hit["title"] for hit in answer["hits"]} == {HARBOUR.title}


def test_ask_keeps_to_what_the_question_says_unless_it_is_told_not_to(
    run: Run, library: Path
) -> None:
    question = "What was the harbour or trade worth, according to the Courier?"
    said = run("--library", library, "ask", question).stdout
    assert said.startswith(
        "Only articles by The Courier (from “Courier”); --no-filters-from-question searches"
    )

    def hits(*options: str) -> set[str]:
        out = run("--library", library, "ask", "--json", question, *options).stdout
        return {hit["title"] for hit in json.loads(out)["hits"]}

    assert hits() == {TRADE.title}
    assert hits("--no-filters-from-question") == {TRADE.title, HARBOUR.title}
    assert hits("--source", "Coast Herald") == {HARBOUR.title}


def test_reindex_takes_another_encoder(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "open_encoder", lambda: FakeEncoder("another", 32))
    refused = run("--library", library, "search", "trade")
    assert refused.exit_code == 1
    assert "reindex" in refused.stderr
    assert run("--library", library, "reindex").exit_code == 0
    assert "Trade at a record" in run("--library", library, "search", "trade").stdout
    named: list[str] = []

    def by_name(name: str | None = None) -> FakeEncoder:
        named.append(name or "")
        return FakeEncoder(name or "another", 32)

    monkeypatch.setattr(opening, "open_encoder", by_name)
    assert run("--library", library, "reindex", "--encoder", "a-third").exit_code == 0
    assert named == ["a-third"]
    assert run("--library", library, "search", "trade").exit_code == 1


def test_status_counts_and_names_the_first_problem(run: Run, library: Path) -> None:
    result = run("--library", library, "status")
    assert "Articles:   2 from 2 sources, 0 copies" in result.stdout
    assert "all-MiniLM-L6-v2\tencoder\t92 MB\tApache-2.0\tnot here" in result.stdout
    assert result.exit_code == 4
    assert "dateline models pull all-MiniLM-L6-v2" in result.stderr


def test_status_says_whether_verdicts_mean_what_was_measured(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models.default("generator")
    assert model.adapter
    judge = {
        "generator": model.files[0].sha256,
        "adapter": model.adapter.sha256,
        "form": version_of(TrainedForm()),
    }
    monkeypatch.setattr(verdict, "shipped", lambda: {"judge": judge})
    said = run("--library", library, "status").stdout
    assert "Verdicts:   the bar for “stated in the source” was measured with this model" in said
    monkeypatch.setattr(verdict, "shipped", lambda: {"judge": {**judge, "adapter": ""}})
    assert "check every sentence" in run("--library", library, "status").stdout


def test_the_version_is_the_installed_one(run: Run) -> None:
    try:
        installed = version("dateline")
    except PackageNotFoundError:
        pytest.skip("needs Dateline to be installed (pip install -e .)")
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"dateline {installed}\n"


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help").stdout
    listed = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]
    assert " ".join(listed) == (
        "add list show open edit remove search reindex status check export import migrate follow "
        "unfollow refresh mcp ask chat serve eval models cache tokens config"
    )


# --- exit codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["show", "x"],
        ["remove", "x"],
        ["search", "x"],
        ["ask", "x"],
        ["reindex"],
        ["status"],
        ["check"],
        ["edit", "x", "--source", "y"],
    ],
)
def test_a_missing_library_is_3_everywhere(run: Run, tmp_path: Path, command: list[str]) -> None:
    result = run("--library", tmp_path / "nowhere", *command)
    assert result.exit_code == 3
    assert "nowhere" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", [["search", "x"], ["ask", "Who built it?"]])
def test_an_empty_library_is_3(run: Run, tmp_path: Path, command: list[str]) -> None:
    Library.open(tmp_path / "empty", FakeEncoder(), create=True).close()
    result = run("--library", tmp_path / "empty", *command)
    assert result.exit_code == 3
    assert "dateline add" in result.stderr


def test_a_damaged_library_is_5(run: Run, library: Path) -> None:
    (library / "library.sqlite").write_bytes(b"this was a database" * 300)
    result = run("--library", library, "list")
    assert result.exit_code == 5
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense"),
        (["search"], "query"),
        (["search", "x", "-k", "0"], "greater than or equal to 1"),
        (["ask", "x", "--since", "yesterday"], "'yesterday' is no date"),
        (["ask", "x", "--since", "2025", "--until", "2024"], "swap them"),
        (["ask", " "], "empty"),
        (["eval", "x", "--set", "novalue"], "NAME=VALUE"),
    ],
)
def test_calls_that_make_no_sense_are_2(
    run: Run, library: Path, arguments: list[str], said: str
) -> None:
    result = run("--library", library, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_fault_of_our_own_is_one_sentence_and_a_traceback_only_on_request(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Encoder:
        raise RuntimeError("the encoder's library is broken")

    monkeypatch.setattr(opening, "open_encoder", broken)
    result = run("--library", library, "search", "x")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "RuntimeError: the encoder's library is broken" in result.stderr
    assert "--debug" in result.stderr
    for arguments in (["--debug", "search", "x"], ["search", "x", "--debug"]):
        raised = run("--library", library, *arguments)
        assert isinstance(raised.exception, RuntimeError)


def test_kept_passages_are_shown_and_cleared(run: Run, library: Path) -> None:
    kept = opening.open_states()
    kept.put("one", b"x" * 2000)
    kept.put("two", b"x" * 3000)
    said = " ".join(run("cache").stdout.split())
    assert "2 passages read, 5 kB of at most 4.3 GB" in said
    assert "2 passages read" in " ".join(run("--library", str(library), "status").stdout.split())
    assert run("cache", "clear").stdout == "5 kB freed.\n"
    assert "0 passages read, 0 bytes" in " ".join(run("cache").stdout.split())
    assert opening.open_states().get("one") is None


# --- many articles, edits, health -----------------------------------------------------------------


def test_list_shows_a_page_and_says_where_the_next_is(run: Run, library: Path) -> None:
    every = run("--library", library, "list", "-n", "0")
    assert every.stderr == ""
    lines = every.stdout.splitlines()
    page = run("--library", library, "list", "-n", 1, "--skip", 1)
    assert page.stdout.splitlines() == lines[1:2]
    assert f"2 to 2 of {len(lines)} articles; more with --skip 2" in page.stderr or len(lines) == 2


def test_an_outlet_that_is_not_there_names_those_that_are(run: Run, library: Path) -> None:
    for command in ("search", "ask"):
        result = run("--library", library, command, "trade", "--source", "Nowhere Gazette")
        assert result.exit_code == 2
        assert "no outlet 'Nowhere Gazette'; it has '" in result.stderr


def test_edit_gives_an_article_its_date_and_limits_say_whom_they_leave_out(
    run: Run, library: Path
) -> None:
    cleared = run("--library", library, "edit", TRADE.id, "--published", "", "--source", "Sample X")
    assert cleared.exit_code == 0
    assert f"{TRADE.id}\t\tSample X" in cleared.stdout
    left = run("--library", library, "search", "trade", "--since", "2020", "--json")
    assert "Left out: 1 article without a date" in left.stderr
    assert TRADE.id not in left.stdout
    dated = run("--library", library, "edit", TRADE.id, "--published", "2024-05-20")
    assert f"{TRADE.id}\t2024-05-20" in dated.stdout
    found = run(
        "--library", library, "search", "trade", "--since", "2020", "--source", "x", "--json"
    )
    assert TRADE.id in found.stdout
    assert found.stderr == ""
    named = run("--library", library, "edit", TRADE.id, "--title", "Quinquennial accounts")
    assert "Quinquennial accounts" in named.stdout
    assert TRADE.id in run("--library", library, "search", "quinquennial", "--json").stdout
    for wrong in (["--published", "May"], ["--title", " "], []):
        assert run("--library", library, "edit", TRADE.id, *wrong).exit_code == 2
    for command in (["edit", "none", "--title", "x"], ["show", "none"], ["remove", "none"]):
        unknown = run("--library", library, *command)
        assert unknown.exit_code == 1
        assert "'none'" in unknown.stderr


def test_a_repair_begins_where_the_files_end_is_missing_and_says_where_it_cannot(
    run: Run, library: Path
) -> None:
    file = library / "library.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:-4096])
    found = run("--library", library, "check")
    assert found.exit_code == 5
    assert "check --repair" in found.stderr
    assert run("--library", library, "check", "--repair").exit_code in (0, 5)
    assert (library / "library.damaged.sqlite").exists()
    assert run("--library", library, "check").exit_code == 0
    file.write_bytes(b"no database")
    beyond = run("--library", library, "check", "--repair")
    assert beyond.exit_code == 5
    assert "backup" in beyond.stderr
    assert "check --repair" not in beyond.stderr  # which was just tried
    assert file.read_bytes() == b"no database"


def test_check_says_what_it_compared_and_repairs(run: Run, library: Path) -> None:
    whole = run("--library", library, "check")
    assert whole.exit_code == 0
    assert "SHA-256" in whole.stdout
    db = sqlite3.connect(library / "library.sqlite")
    with db:
        db.execute("INSERT INTO words (words) VALUES ('delete-all')")
    db.close()
    found = run("--library", library, "check")
    assert found.exit_code == 5
    assert "index of words" in found.stderr
    assert "1 thing in the library isn't as it was written" in found.stderr
    assert "check --repair" in found.stderr
    mended = run("--library", library, "check", "--repair")
    assert mended.exit_code == 0
    assert "made anew: the index of words" in mended.stdout
    with closing(sqlite3.connect(library / "library.sqlite")) as db, db:
        db.execute("UPDATE texts SET text = 'x' || text")
    for command in (["check"], ["check", "--repair"], ["status"]):
        assert run("--library", library, *command).exit_code == 5
    assert run("--library", library, "list").exit_code == 0


def test_a_library_goes_to_a_file_and_back(run: Run, library: Path, tmp_path: Path) -> None:
    file, other, here = (str(path) for path in (tmp_path / "all", tmp_path / "other", library))
    assert run("--library", here, "export", file).stdout.startswith("exported 2 articles")
    again = run("--library", here, "export", file)
    assert again.exit_code == 2
    assert "--replace" in again.output
    assert run("--library", here, "export", file, "--replace").exit_code == 0
    assert run("--library", other, "import", file).stdout.startswith("imported 2 articles")
    assert run("--library", other, "import", file).exit_code == 2


@pytest.mark.parametrize("place", ["", " ", "mysql://host/news", "http://localhost/news"])
def test_what_is_no_place_of_a_library_is_refused_and_nothing_is_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (
        ["list", "--library", place], ["--library", place, "list"], ["migrate", place, "to"],
        ["migrate", "from", place], ["import", "file", "--library", place],
    ):  # fmt: skip
        done = run(*command)
        assert done.exit_code == 2, command
        assert "postgresql://" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_export_and_import_print_json(run: Run, library: Path, tmp_path: Path) -> None:
    file, other = str(tmp_path / "all"), str(tmp_path / "other")
    made = json.loads(run("--library", library, "export", file, "--json").stdout)
    assert made == {"file": file, "articles": 2, "passages": made["passages"]}
    assert made["passages"] >= 2
    again = json.loads(run("--library", other, "import", file, "--json").stdout)
    assert again == {"library": other, "articles": 2, "passages": made["passages"]}
