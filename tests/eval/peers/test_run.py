"""The comparison with stand-in models and a stand-in peer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval.folder import RunFolder
from eval.peers import run as peers
from eval.peers.process import Job, PeerStopped
from eval.report.plain import markdown
from eval.report.tables import ScoredRecord, tables, with_scores
from eval.run import ask_all, sample
from eval.suite import Material
from index.errors import UsageError
from index.reading.load import Refusal, load
from rag.generating.form import SYSTEM
from rag.generating.states import StateCache
from tests.eval.fake_bench import fake_bench
from tests.fakes import FakeGenerator

ROOT = Path(__file__).parents[3]

# Answers with the first lines of the first article; ends at a question with "last".
SCRIPT = """
import json, sys
job = json.loads(open(sys.argv[1]).read())
print(json.dumps({"ready": True, "chunks": 1}), flush=True)
for line in sys.stdin:
    if "last" in line:
        sys.exit(1)
    text = open(job["articles"][0]["path"]).read() + "[1]"
    print(json.dumps({"text": text, "first_token_s": 2.0, "total_s": 3.0, "sources": ["A"],
                      "prompt_tokens": 90, "written_tokens": 7}), flush=True)
"""
JOB = Job((), "model.gguf", "encoder", 2, 4096, 200)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "articles").mkdir(parents=True)
    (folder / "articles" / "a.txt").write_text(
        "Trade grows\n\nTrade between the two countries was worth 240 billion dollars in 2023.\n"
    )
    rows: list[dict[str, Any]] = [
        {"question": "What was trade between the two countries worth in 2023?", "any": ["240"]},
        {"question": "And before?", "any": ["1"], "history": [["a", "b"]]},
        {"question": "Who painted it?", "answerable": False},
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return folder


def suite_and_material(data: Path, tmp_path: Path, *sizes: int | None) -> tuple[Any, Material]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    articles = [a for a in load(str(data / "articles")) if not isinstance(a, Refusal)]
    material = Material(peers.items(data / "questions.jsonl", sizes), articles)
    states = StateCache(None, memory_bound=0, disk_bound=0)
    python = Path(sys.executable)
    suite = peers.peers_suite(material, data / "articles", states, python, JOB, sizes, script)
    return suite, material


def asked(data: Path, tmp_path: Path, *sizes: int | None) -> list[ScoredRecord]:
    suite, material = suite_and_material(data, tmp_path, *sizes)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    ask_all(suite, material, fake_bench(), folder, None, 0, Console(stderr=True, quiet=True))
    return with_scores(suite, folder.records())


def test_every_side_gets_every_question_but_follow_ups(data: Path) -> None:
    found = peers.items(data / "questions.jsonl", (None, 256))
    assert [(i.unit, i.group) for i in found if i.unit == "line 1"] == [
        ("line 1", peers.COLD),
        ("line 1", peers.WARM),
        ("line 1", "LlamaIndex CitationQueryEngine"),
        ("line 1", "LlamaIndex CitationQueryEngine, chunks of 256 tokens"),
    ]
    assert {i.unit for i in found} == {"line 1", "line 3"}
    assert len({i.id for i in found}) == len(found) == 8


def test_a_limit_takes_all_sides_of_a_question_in_their_order(data: Path) -> None:
    found = sample(peers.items(data / "questions.jsonl", (None,)), 1, 0)
    assert [i.group for i in found] == [peers.COLD, peers.WARM, peers.PEER]
    assert len({i.unit for i in found}) == 1


def test_the_sample_questions_are_those_of_the_seeds() -> None:
    questions, articles = peers.questions_and_articles(None, None)
    assert (questions, articles) == (ROOT / "seeds/questions.jsonl", ROOT / "seeds/articles")
    asked = [row for row in map(json.loads, questions.open()) if "history" not in row]
    assert len({i.unit for i in peers.items(questions, ())}) == len(asked) > 40


def test_questions_and_articles_are_looked_for_beside_each_other(data: Path) -> None:
    both = (data / "questions.jsonl", data / "articles")
    assert peers.questions_and_articles(both[0], None) == both
    assert peers.questions_and_articles(None, both[1]) == both
    with pytest.raises(UsageError, match="is missing"):
        peers.questions_and_articles(data / "other.jsonl", None)
    with pytest.raises(UsageError, match="is no folder"):
        peers.questions_and_articles(both[0], data / "other")


def test_both_sides_are_asked_and_judged(data: Path, tmp_path: Path) -> None:
    records = asked(data, tmp_path, None)
    scores = {(r.record["unit"], r.record["group"]): r.scored.scores for r in records if r.scored}
    assert len(scores) == 6
    assert scores["line 1", peers.COLD]["right"] == 1
    assert scores["line 1", peers.WARM]["cited"] == 1
    assert scores["line 1", peers.PEER]["right"] == 1
    assert scores["line 1", peers.PEER]["first_ms"] == 2000
    assert scores["line 3", peers.PEER]["declined_rightly"] == 0
    text = json.dumps([r.record for r in records])
    assert str(tmp_path) not in text


def test_the_table_and_the_sentences_under_it(data: Path, tmp_path: Path) -> None:
    records = asked(data, tmp_path, None)
    suite, _ = suite_and_material(data, tmp_path, None)
    made = markdown({}, tables(suite, records, 0), ())
    assert "| first token, ms |" in made
    assert f"| {peers.COLD} (2) | {peers.WARM} (2) | {peers.PEER} (2) |" in made
    row = next(line for line in made.splitlines() if line.startswith("| whole answer, ms"))
    assert row.endswith("| 3,000 [3,000, 3,000] n=2 |")
    lines = peers.beside(records, peers.PEER, 0)
    assert len(lines) == 6
    assert "times as long to the first token (n=2)." in lines[0]
    assert lines[2].startswith(f"{peers.COLD}: served rightly ")


def scored(group: str, unit: str, total: float, served: float) -> ScoredRecord:
    from eval.suite import Scored

    scores = {"first_ms": total / 2, "total_ms": total, "served": served}
    return ScoredRecord({"group": group, "unit": unit}, Scored(dict(scores)))


def test_only_questions_that_both_answered_are_compared() -> None:
    records = [
        scored(peers.WARM, "1", 1000, 1), scored(peers.PEER, "1", 4000, 0),
        scored(peers.WARM, "2", 2000, 1), scored(peers.PEER, "2", 8000, 1),
        scored(peers.WARM, "3", 9000, 0),
        ScoredRecord({"group": peers.PEER, "unit": "3", "error": "too long"}, None),
    ]  # fmt: skip
    first, whole, served = peers.beside(records, peers.PEER, 0)
    assert "takes 4.00 [4.00, 4.00] times as long to the first token (n=2)" in first
    assert "to the whole answer (n=2)" in whole
    assert "served rightly +50.0 points" in served
    assert "1 won, 0 lost, 1 the same" in served


def test_passages_are_forgotten_before_a_cold_question_only(data: Path) -> None:
    class Counting(StateCache):
        cleared = 0

        def clear(self) -> None:
            self.cleared += 1
            super().clear()

    states = Counting(None, memory_bound=1 << 20, disk_bound=0)
    generator = FakeGenerator()
    bench = fake_bench(generator)
    question = "What was trade between the two countries worth in 2023?"
    with bench.library([]) as library:
        for _ in peers.add(library, [str(data / "articles")], counter=bench.counter()):
            pass
        side = peers.OwnSide(bench, library, states)
        written = lambda: sum(p.reply == "Yes\n" for p in generator.prompts)  # noqa: E731
        side.ask(question, read_before=False)
        assert (states.cleared, written()) == (1, 1)
        side.ask(question, read_before=True)
        assert (states.cleared, written()) == (1, 2)
        side.ask("Another question about trade?", read_before=True)  # taken up in the middle
        assert (states.cleared, written()) == (2, 4)
    between = [n for n, p in enumerate(generator.prompts) if not p.parts]
    assert len(between) == 3
    assert all(generator.prompts[n].system == SYSTEM for n in between)


def test_a_run_whose_peer_ended_keeps_what_was_answered_and_goes_on(
    data: Path, tmp_path: Path
) -> None:
    with (data / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"question": "The last trade?", "any": ["240"]}) + "\n")
    suite, material = suite_and_material(data, tmp_path, None)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    console = Console(stderr=True, quiet=True)
    with pytest.raises(PeerStopped):
        ask_all(suite, material, fake_bench(), folder, None, 0, console)
    assert not [r for r in folder.records() if "error" in r]
    assert "line 4/" + peers.PEER not in {r["id"] for r in folder.records()}
    held = {r["id"]: r["given"]["total_s"] for r in folder.records()}
    (tmp_path / "script.py").write_text(SCRIPT.replace("sys.exit(1)", "pass"))
    ask_all(suite, material, fake_bench(), folder, None, 0, console)
    records = folder.records()
    assert {r["id"] for r in records} == {item.id for item in material.items}
    now = {r["id"]: r["given"]["total_s"] for r in records}
    assert {id: now[id] for id in held} == held
