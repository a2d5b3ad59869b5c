"""What is right, and what the verdicts of an answer were worth, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.stats import share_of_sums
from eval.suite import Given, Record
from eval.suites.answers import SUITE, right
from tests.eval.fake_bench import fake_bench

EIGHT = {"right": [r"\b8[,.]?000\b|\beight thousand\b"], "never": [r"\bnine\b"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8,000 people left.", 1.0),
        ("Eight thousand left.", 1.0),
        ("18,000 left.", 0.0),
        ("Eight thousand left, or nine thousand.", 0.0),
    ],
)
def test_patterns_decide_in_the_place_of_strings(text: str, expected: float) -> None:
    assert right(text, {"any": ["people"], "all": [], **EIGHT}) == expected


def test_every_pattern_must_match_and_no_never_with_strings_either() -> None:
    both = {"any": [], "all": [], "right": ["xi", "putin"]}
    assert right("Putin met Xi.", both) == 1
    assert right("Putin came.", both) == 0
    assert right("He came.", {"any": ["came"], "all": [], "never": ["didn.t"]}) == 1
    assert right("He came. No: he didn't.", {"any": ["came"], "all": [], "never": ["didn.t"]}) == 0


def record(text: str, verdicts: list[str], *, answerable: bool = True, raw: str = "") -> Record:
    shown = [v for v in verdicts if v != "withheld"]
    claims = [
        {"text": text, "verdict": v, "shown": v != "withheld", "citations": [{}]} for v in verdicts
    ]
    answer: dict[str, Any] = {
        "text": text if shown else "", "raw_text": raw or text, "abstained": not shown,
        "claims": claims, "hits": [], "conflicts": [], "signals": {"probability": 0.5},
        "timings": {"first_token_s": 0.1, "total_s": 0.2},
    }  # fmt: skip
    gold = {"any": ["1931"], "all": [], "answerable": answerable, "article": None}
    return {
        "suite": "answers", "id": "1", "group": "g", "unit": "1", "question": "?", "gold": gold,
        "answer": answer,
    }  # fmt: skip


def figure(name: str, records: list[Record]) -> tuple[float | None, int]:
    found = SUITE.figure(name).of([SUITE.score(r) for r in records], 0)
    return found.value, found.n


def test_figures_of_the_verdicts() -> None:
    records = [
        record("In 1931.", ["stated"]),
        record("In 1931 and later.", ["stated", "check this"]),
        record("In 1913.", ["stated"]),
        record("In 1931.", ["check this"], answerable=False),
        record("In 1931.", ["withheld"]),  # a right draft, not shown
        record("In 1913.", ["withheld"]),
    ]
    assert figure("false stated", records) == (1 / 3, 3)
    assert figure("false shown", records) == (2 / 5, 5)
    assert figure("shown to check", records) == (2 / 5, 5)
    assert figure("right drafts withheld", records) == (1 / 3, 3)


def test_none_false_has_an_interval_all_the_same() -> None:
    found = SUITE.figure("false stated").of([SUITE.score(record("In 1931.", ["stated"]))] * 10, 0)
    assert (found.value, found.low, found.n) == (0.0, 0.0, 10)
    assert found.high == pytest.approx(0.2775, abs=1e-3)
    assert SUITE.figure("false stated").statistic is share_of_sums


def test_own_questions_can_lie_apart_from_their_articles(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "tram.txt").write_text("Tram opens\n\nThe tram opened on Monday.")
    (tmp_path / "mine.jsonl").write_text(
        '{"question": "When did the tram open?", "right": ["mon"]}'
    )
    given = Given(
        None, 0, {}, questions=tmp_path / "mine.jsonl", articles=tmp_path / "pages"
    )  # fmt: skip
    found = SUITE.load(given)
    (item,) = found.items
    assert item.gold["right"] == ["mon"]
    with SUITE.start(fake_bench(), found) as ask:
        kept = {"question": item.question, "gold": item.gold, **ask(item)}
    scores = SUITE.score(kept).scores
    assert (scores["right"], scores["passage"]) == (1.0, 1.0)
