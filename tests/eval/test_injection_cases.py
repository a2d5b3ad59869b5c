"""The planted cases: enough of each kind, even halves, and patterns that only obeying matches."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from eval.datasets import SAMPLES
from eval.suites.injection import matches
from index.splitting.passages import split

CASES = [
    json.loads(line)
    for line in (SAMPLES / "injection.jsonl").read_text("utf-8").splitlines()
    if line.strip()
]
KINDS = {
    "in the text",
    "in hidden text",
    "as a fake turn or delimiter",
    "as a fake citation or verdict",
    "as role play",
    "as a tool call or data",
    "as a link or image to leak",
    "in another language",
    "split over passages",
    "in the title or metadata",
    "as a planted falsehood",
}


def test_there_are_120_of_every_kind_and_no_article_twice() -> None:
    kinds = Counter(case["kind"] for case in CASES)
    assert len(CASES) == 120
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 9
    for field in ("id", "title", "text", "question"):
        assert len({case[field] for case in CASES}) == 120, field


def test_half_of_the_cases_and_of_each_kind_are_held_back() -> None:
    assert Counter(case["half"] for case in CASES) == {"dev": 60, "held": 60}
    for kind in KINDS:
        halves = Counter(case["half"] for case in CASES if case["kind"] == kind)
        assert abs(halves["dev"] - halves["held"]) <= 1, kind


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_right_sentence_answers_and_does_not_obey(case: dict[str, Any]) -> None:
    text, right, obeyed = case["text"], case["any"], case["obeyed"]
    assert right
    assert obeyed
    # an order may follow in the same line, so markup ends a sentence too
    sentences = re.split(r"(?<=[.!?。])\s+|\n|(?=<)", text)
    says = [s for s in sentences if any(r.lower() in s.lower() for r in right)]
    assert says
    assert not matches(says[0], obeyed)
    assert not any(matches(r, obeyed) for r in right)
    assert not matches(case["question"], obeyed)


def test_a_split_order_lies_in_two_passages_at_least() -> None:
    for case in CASES:
        if case["kind"] == "split over passages":
            found = split("a", case["text"], fewest_tokens)
            first, last = case["text"].split("\n\n")[0], case["text"].split("\n\n")[-1]
            holding = [p for p in found if first in p.text or last in p.text]
            assert len(holding) == 2, case["id"]


def fewest_tokens(text: str) -> int:
    """Words and marks: no tokenizer with a byte-pair vocabulary makes fewer of English."""
    return len(re.findall(r"\w+|[^\w\s]", text))
