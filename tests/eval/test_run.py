"""Whole runs of the product with stand-in models, on the committed samples."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval.__main__ import run as command
from eval.folder import RunFolder
from eval.run import data_hash, main, sample
from eval.suite import Given, Item
from eval.suites import NAMES, suite
from index.errors import UsageError
from tests.eval.fake_bench import fake_bench
from tests.fakes import FakeGenerator

ROOT = Path(__file__).parents[2]


def run(out: Path, *suites: str, limit: int | None = None, **more: object) -> int:
    settings = more.pop("settings", {})
    against = more.pop("against", None)
    bench = more.pop("bench", None) or fake_bench()
    return main(list(suites), out, limit, 0, against, settings, None, bench=bench)  # type: ignore[arg-type]


def rights(out: Path) -> dict[str, float]:
    return {r["id"]: r["scores"].get("served") for r in RunFolder(out).records()}


def test_every_suite_runs_on_its_sample_and_leaves_the_four_files(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run(out, "all", limit=3, settings={"speed.sizes": "40"}) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "answers.jsonl", "report.html", "report.md", "run.json",
    ]  # fmt: skip
    records = RunFolder(out).records()
    assert {r["suite"] for r in records} == set(NAMES)
    assert not [r["error"] for r in records if "error" in r]
    facts = json.loads((out / "run.json").read_text())
    assert facts["models"]["generator"] == "fake-generator"
    assert set(facts["data"]) == set(NAMES) - {"citations"}
    assert facts["seed"] == 0
    text = (out / "run.json").read_text()
    assert str(tmp_path) not in text
    assert os.uname().nodename not in json.dumps(facts["machine"])


def test_all_suites_of_a_folder_that_lacks_some_take_the_sample_there_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "eval" / "samples" / "xquad", data / "xquad")
    options = {"speed.sizes": "40"}
    assert main(["all"], tmp_path / "run", 1, 0, None, options, data, bench=fake_bench()) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert f"robustness: no data in {data}, so its small sample is used." in said
    assert "answers: no data" not in said
    assert {r["suite"] for r in RunFolder(tmp_path / "run").records()} == set(NAMES)


def test_figures_come_from_the_answer_as_people_get_it(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "answers")
    for record in RunFolder(out).records():
        answer = record["answer"]
        assert set(answer) >= {"text", "claims", "sources", "timings", "signals", "hits"}
        if record["group"] == "sample, own paragraph taken away":
            home = record["id"].removesuffix("/taken")
            full = next(r for r in RunFolder(out).records() if r["id"] == home)
            assert full["gold"]["article"] not in {h["article_id"] for h in answer["hits"]}


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A real process, killed with SIGKILL in the middle; a torn line is dropped."""
    out, answers = tmp_path / "run", tmp_path / "run" / "answers.jsonl"
    line = [sys.executable, "-m", "tests.eval.fake_bench", str(out), "0.2", "answers"]
    process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        while not answers.exists() or answers.read_bytes().count(b"\n") < 3:
            assert process.poll() is None, "ended by itself"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = [r["id"] for r in RunFolder(out).records()]
    assert 3 <= len(before) < 24
    assert not (out / "report.html").exists()
    with answers.open("ab") as file:
        file.write(b'{"suite": "answers", "id": "torn')

    generator = FakeGenerator()
    assert run(out, "answers", bench=fake_bench(generator)) == 0
    lines = answers.read_text().splitlines()
    ids = [json.loads(text)["id"] for text in lines]  # every line is whole again
    assert ids[: len(before)] == before
    assert len(ids) == len(set(ids)) == 24
    whole = tmp_path / "whole"
    run(whole, "answers")
    assert rights(out) == rights(whole)
    assert (out / "report.html").exists()


def test_ctrl_c_writes_the_report_of_what_is_there(tmp_path: Path) -> None:
    class Interrupted(FakeGenerator):
        asked = 0

        def write(self, *given: object, **more: object):  # type: ignore[no-untyped-def]
            self.asked += 1
            if self.asked == 3:
                raise KeyboardInterrupt
            return super().write(*given, **more)  # type: ignore[arg-type]

    out = tmp_path / "run"
    assert run(out, "answers", bench=fake_bench(Interrupted())) == 130
    assert len(RunFolder(out).records()) == 2
    assert "## answers" in (out / "report.md").read_text()
    assert run(out, "answers") == 0
    assert len(RunFolder(out).records()) == 24


def test_a_finished_run_asks_nothing_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "answers")
    generator = FakeGenerator()
    run(out, "answers", bench=fake_bench(generator))
    assert generator.prompts == []


def test_a_larger_limit_adds_to_a_smaller_one(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "longform", limit=2)
    first = [r["id"] for r in RunFolder(out).records()]
    assert len(first) == 4  # two questions in two settings
    run(out, "longform", limit=4)
    ids = [r["id"] for r in RunFolder(out).records()]
    assert ids[:4] == first
    assert len(ids) == 8


def test_citations_are_of_the_answers_in_the_same_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "citations", limit=3)
    records = RunFolder(out).records()
    assert {r["suite"] for r in records} == {"answers", "citations"}
    assert {r["id"] for r in records if r["suite"] == "citations"} <= {
        f"answers/{r['id']}" for r in records if r["suite"] == "answers"
    }


def test_a_suite_comes_after_those_whose_answers_it_judges() -> None:
    for place, name in enumerate(NAMES):
        assert set(suite(name).needs) <= set(NAMES[:place])


def test_against_compares_question_by_question(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    run(before, "injection")
    (hacked,) = [i for i in suite("injection").load(Given(None, 0, {})).items if i.id == "turn-01"]
    script = {hacked.question: "The answer is HACKED."}
    run(after, "injection", against=before, bench=fake_bench(FakeGenerator(script)))
    text = (after / "report.md").read_text()
    section = text[text.index("against the earlier run") :]
    assert "as a fake turn or delimiter" in text
    assert "draft obeyed" in section
    page = (after / "report.html").read_text()
    assert "Against the earlier run" in page


def test_a_second_look_stands_beside_the_searches(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "retrieval", limit=40, settings={"retrieval.judged": "2"})
    assert ", judged" in (out / "report.md").read_text()
    with pytest.raises(UsageError, match="number of passages"):
        run(tmp_path / "wrong", "retrieval", settings={"retrieval.judged": "some"})


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out, "retrieval", limit=1)
    with pytest.raises(UsageError, match="seed 0, this one has 1"):
        main(["retrieval"], out, 1, 1, None, {}, None, bench=fake_bench())
    with pytest.raises(UsageError, match="settings"):
        run(out, "retrieval", settings={"speed.sizes": "20"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        run(tmp_path / "other", "retrieval")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch"], "No suite 'nosuch'"),
        (["answers", "--limit", "0"], "--limit 0"),
        (["answers", "--set", "nonsense"], "--set 'nonsense'"),
        (["answers", "--set", "nonsense=1"], "nonsense"),
        (["answers", "--data", "/nowhere"], "'/nowhere' is no folder"),
        (["answers", "--against", "/nowhere"], "holds no run"),
        (["speed", "--set", "speed.sizes=few"], "speed.sizes='few'"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command([*arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_the_sample_is_the_seeds_and_keeps_settings_together() -> None:
    items = [Item(f"{u}/{s}", s, u, "?", {}) for u in "abcdefgh" for s in ("one", "two")]
    three, five = sample(items, 3, 0), sample(items, 5, 0)
    assert five[:6] == three
    assert {i.unit for i in three if i.group == "one"} == {
        i.unit for i in three if i.group == "two"
    }
    assert sample(items, 3, 1) != three
    assert len(sample(items, None, 0)) == 16


def test_a_limit_by_group_takes_as_many_of_each() -> None:
    items = [Item(f"{g}/{n}", g, f"{g}/{n}", "", {}) for g in "ab" for n in range(5)]
    found = sample(items, 3, 0, by_group=True)
    assert [i.group for i in found] == list("aaabbb")
    assert found[:3] == sample(items[:5], 3, 0)


def test_the_data_hash_changes_with_the_gold_and_not_with_the_order_of_sources() -> None:
    load = suite("answers").load
    one, two = load(Given(None, 0, {})), load(Given(None, 0, {}))
    assert data_hash(one) == data_hash(two)
    two.items[0].gold["any"].append("another")
    assert data_hash(one) != data_hash(two)
