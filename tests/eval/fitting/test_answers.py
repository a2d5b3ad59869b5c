"""Claims of answers, right and with another value in the right one's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.fitting.answers import cases, context_of, rows, swapped
from tests.fakes import FakeEncoder, FakeGenerator

TEXT = "The bridge cost 24.6m pounds, not 19m. Ines Falk opened it in May with Tom Brown in 2023."


@pytest.mark.parametrize(
    ("claim", "value", "other"),
    [
        ("It cost 24.6m pounds.", "24.6m", "It cost 19m pounds."),
        ("Ines Falk opened it.", "Ines Falk", "Tom Brown opened it."),
        ("It opened in 2023.", "2023", None),  # no other year
        ("It was opened with pleasure.", "pleasure", None),  # neither amount nor name
        ("It cost much.", "24.6m", None),
    ],
)
def test_the_value_is_swapped_for_another_of_its_kind(
    claim: str, value: str, other: str | None
) -> None:
    assert swapped(claim, value, TEXT) == other


def record(raw: str, *, any: list[str], question: str = "What did it cost?") -> dict[str, Any]:
    hit = {
        "article_id": "a", "title": "Bridge", "published": "2024-05-17", "start": 7,
        "end": 7 + len(TEXT), "text": TEXT, "score": 1.0, "rank": 1, "dense": 0.5,
        "in_context": True,
    }  # fmt: skip
    answer = {"query": question, "raw_text": raw, "hits": [hit, {**hit, "in_context": False}]}
    gold = {"answerable": True, "any": any, "all": []}
    return {"suite": "answers", "group": "g", "gold": gold, "answer": answer}


def test_a_right_draft_has_a_false_twin_and_a_wrong_one_is_false() -> None:
    right = record("According to the passage, it cost 24.6m pounds.", any=["24.6m"])
    wrong = record("Yes, it cost 19m.", any=["24.6m"], question="And?")
    nowhere = record("It cost 3m.", any=["7m"], question="How so?")
    unanswerable = {**right, "gold": {"answerable": False, "any": [], "all": []}}
    found = list(cases([right, wrong, right, nowhere, unanswerable]))
    assert [(c.claim, c.supported) for c in found] == [
        ("It cost 24.6m pounds.", True),
        ("It cost 19m pounds.", False),
        ("It cost 19m.", False),
    ]


def test_the_passages_are_the_ones_that_were_before_the_model() -> None:
    (hit,) = context_of(record("", any=["x"])["answer"])
    passage = hit.passage
    assert hit.article.text[passage.start : passage.end] == passage.text == TEXT
    assert str(hit.article.published) == "2024-05-17"


def test_the_generator_is_asked_once_with_the_question(tmp_path: Path) -> None:
    cache = tmp_path / "readings.jsonl"
    found = list(cases([record("It cost 24.6m pounds.", any=["24.6m"])]))
    generator, encoder = FakeGenerator(), FakeEncoder()
    first = list(rows(found, generator, encoder, cache))
    assert [row.supported for row in first] == [True, False]
    assert all(p.ask.startswith("Question: What did it cost?") for p in generator.prompts)
    assert len(cache.read_text().splitlines()) == 2
    assert json.loads(cache.read_text().splitlines()[0])["yes"] > 0
    assert list(rows(found, None, encoder, cache)) == first
    assert list(rows(found, None, encoder, tmp_path / "none.jsonl")) == []
