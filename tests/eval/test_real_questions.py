"""The strangers' questions: layout, patterns that compile, nothing in both halves, nobody quoted.

No message shows a question: the held half is not to be read while building.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.datasets import SAMPLES, own_questions

FOLDER = SAMPLES / "real"
PAGES = Path(__file__).parents[3] / "shared" / "articles"
KINDS = {"fact", "overview", "article", "day", "timeline", "list", "comparison"}
KINDS |= {"library", "yesno", "smalltalk", "other"}
FILES = ("{}.jsonl", "kinds.{}.jsonl", "trial.{}.jsonl")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def said(row: dict[str, Any]) -> str:
    """All of a line that is in words."""
    facts = [n["fact"] for n in row.get("nuggets", [])]
    turns = [text for turn in row.get("history", []) for text in turn]
    return "\n".join([row["question"], *facts, *turns, *row.get("any", []), *row.get("all", [])])


def runs(text: str, length: int = 8) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.mark.parametrize("half", ["dev", "held"])
def test_the_answers_suite_reads_the_short_questions(half: str) -> None:
    found = own_questions(FOLDER / f"{half}.jsonl")
    assert Counter(q.answerable for q in found) == {True: 22, False: 8}
    for row in rows(f"{half}.jsonl"):
        assert row["answerable"] == ("right" in row) == (row["kind"] != "unanswerable"), row["id"]
        assert all(re.compile(p) for p in row.get("right", []) + row.get("never", []))


@pytest.mark.parametrize("half", ["dev", "held"])
def test_every_kind_is_asked_for_and_no_other(half: str) -> None:
    kinds = Counter(row["kind"] for row in rows(f"kinds.{half}.jsonl"))
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 9
    for row in rows(f"kinds.{half}.jsonl"):
        assert set(row.get("accept", [])) <= KINDS - {row["kind"]}, row["id"]


@pytest.mark.parametrize("half", ["dev", "held"])
def test_the_trial_asks_three_of_each_kind_and_says_what_it_wants(half: str) -> None:
    found = rows(f"trial.{half}.jsonl")
    assert Counter(row["kind"] for row in found) == dict.fromkeys(KINDS - {"fact"}, 3)
    for row in found:
        assert row["library"] in {"seeds", "real"}, row["id"]
        assert row["nuggets"], row["id"]
        assert all(n["fact"] and re.compile(n["pattern"]) for n in row["nuggets"] + row["never"])


@pytest.mark.parametrize("name", FILES)
def test_no_question_stands_twice_or_in_both_halves(name: str) -> None:
    dev, held = rows(name.format("dev")), rows(name.format("held"))
    assert max(Counter(row["id"] for row in dev + held).values()) == 1
    asked = [
        {(row["question"].lower(), str(row.get("history"))) for row in half} for half in (dev, held)
    ]
    assert [len(half) for half in asked] == [len(dev), len(held)]
    assert not asked[0] & asked[1]


@pytest.mark.skipif(not PAGES.is_dir(), reason="../shared/articles is not beside this checkout")
def test_no_run_of_eight_words_is_shared_with_the_pages() -> None:
    theirs = set().union(*(runs(page.read_text("utf-8")) for page in PAGES.glob("*.txt")))
    assert theirs
    every = [row for name in FILES for half in ("dev", "held") for row in rows(name.format(half))]
    assert [row["id"] for row in every if runs(said(row)) & theirs] == []
