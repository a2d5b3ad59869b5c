"""Batches, courses, runs and plans at their edges; no model is opened."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from eval.fitting.adapter import runs
from eval.fitting.adapter.__main__ import main
from eval.fitting.adapter.building import DRAFTS, EXAMPLES, build, drafted, examples
from eval.fitting.adapter.examples.contexts import (
    Asked,
    Context,
    Draft,
    key,
    part_of,
    read_contexts,
    some_of,
)
from eval.fitting.adapter.examples.tails import Example, Sentence, Tail
from eval.fitting.adapter.runs import Run
from index.errors import DatelineError, UsageError

ITEM = {"q": "How long is it?", "a": ["812"], "un": False, "s": "It is 812 metres long."}
CONTEXTS = [
    {"set": "a", "p": ["Bridge\nIt is 812 metres long."], "items": [ITEM]},
    {"set": "b", "p": ["It rained."], "claims": [{"c": "It rained.", "y": True}]},
]


@pytest.fixture
def contexts(tmp_path: Path) -> Path:
    path = tmp_path / "contexts.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in CONTEXTS)
    return path


def test_what_is_built_is_the_same_bytes_each_time_and_reads_back(
    tmp_path: Path, contexts: Path
) -> None:
    one, two = Run(tmp_path / "one"), Run(tmp_path / "two")
    build(one, contexts, [])
    build(two, contexts, [])
    assert one.file(EXAMPLES).read_bytes() == two.file(EXAMPLES).read_bytes()
    first, claim = examples(one)[0], examples(one)[-1]
    assert first.passages == ("Bridge\nIt is 812 metres long.",) or "(" in first.passages[0]
    assert claim == Example("b", ("It rained.",), (Tail("true claim", None, "It rained.", True),))
    said = [tail.sentences for tail in first.tails if tail.kind == "answered"]
    assert said == [(Sentence("It is 812 metres long.", True, True),)]
    facts = one.facts()["build"]
    assert facts["from"]["contexts"] == runs.sha256(contexts)
    assert facts["examples"] == runs.sha256(one.file(EXAMPLES))


def test_a_folder_isnt_mixed_up_with_another_build(tmp_path: Path, contexts: Path) -> None:
    run = Run(tmp_path / "run")
    build(run, contexts, [])
    with pytest.raises(UsageError, match="seed differs"):
        build(run, contexts, [], seed=1)
    build(run, contexts, [])


def test_no_examples_no_training(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no examples"):
        examples(Run(tmp_path))


def test_drafts_of_a_killed_process_are_read_up_to_the_torn_line(
    tmp_path: Path, contexts: Path
) -> None:
    row = {"key": key("a", CONTEXTS[0]["p"]), "set": "a", "p": CONTEXTS[0]["p"]}
    row["items"] = [ITEM | {"d": "It is 640 metres long.", "right": False}]
    path = tmp_path / DRAFTS
    path.write_text(json.dumps(row) + "\n" + json.dumps(row)[:40])
    (first, _) = drafted(contexts, [path])
    assert [draft.text for draft in first.asked[0].drafts] == ["It is 640 metres long."]
    assert runs.kept_lines(path, lambda row: True) == [row]
    assert path.read_text() == json.dumps(row, ensure_ascii=False) + "\n"


def test_what_is_kept_for_its_own_drafts_is_left_out_of_the_main_part() -> None:
    many = [
        Context("x", (f"It rained {n} days.",), (Asked("How long?", True),)) for n in range(300)
    ]
    own, main_part = part_of(many, "own"), part_of(many, "main")
    assert sorted(c.key for c in own + main_part) == sorted(c.key for c in many)
    assert 10 < len(own) < 60
    assert part_of(many, "all") == many


def test_some_contexts_are_those_with_drafts_and_then_drawn_ones() -> None:
    many = [Context("x", (f"It rained {n} days.",), (Asked("How long?", True),)) for n in range(50)]
    drafted = Asked("How long?", True, drafts=(Draft("Long.", False),))
    many[7] = Context("x", ("It rained.",), (drafted,))
    few, more = some_of(many, 5, 0), some_of(many, 9, 0)
    assert many[7] in few
    assert len(few) == 5
    assert {c.key for c in few} < {c.key for c in more}
    assert [c for c in many if c in few] == few
    assert some_of(many, 5, 1) != few
    assert some_of(many, None, 0) == many


def test_a_context_that_only_the_drafts_hold_is_taken_too(tmp_path: Path, contexts: Path) -> None:
    path = tmp_path / "drafts.json.gz"
    row = {"set": "gist", "p": ["It rained all day."]}
    row["items"] = [{"q": "What happened?", "a": [], "un": False, "s": "It rained."}]
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    last = drafted(contexts, [path])[-1]
    assert (last.origin, last.asked[0].sentences) == ("gist", ("It rained.",))


@pytest.mark.parametrize("line", ['{"set": "a"}', '{"set": "a", "p": ["x"], "items": [{}]}', "[1]"])
def test_a_line_that_is_no_context_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "contexts.jsonl"
    path.write_text(json.dumps(CONTEXTS[0]) + "\n" + line + "\n")
    with pytest.raises(DatelineError, match="line 2"):
        read_contexts(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        main(["build", str(tmp_path / "run"), "--contexts", str(tmp_path / "none")])
    with pytest.raises(UsageError, match="holds no weights"):
        main(["export", str(tmp_path / "run"), str(tmp_path / "out.gguf")])


def test_a_folder_of_git_has_a_commit_and_versions_are_noted(
    tmp_path: Path, contexts: Path
) -> None:
    run = Run(tmp_path / "run")
    build(run, contexts, [])
    noted = run.facts()["build"]
    assert noted["commit"] is None or len(noted["commit"].rstrip("+")) == 40
    assert "python" in noted["versions"]
