"""The suite of kinds: what its scores say of answers that are written out here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.folder import RunFolder
from eval.run import main
from eval.suite import Given
from eval.suites.kinds import load, ratio, score
from index.errors import UsageError
from tests.eval.fake_bench import fake_bench


def record(text: str, *claims: str, kind: str = "day", **more: Any) -> dict[str, Any]:
    shown = [{"text": c, "label": "", "shown": True, "citations": []} for c in claims]
    answer = {"text": text, "abstained": False, "kind": "day", "articles": [], "claims": shown}
    gold = {
        "kind": kind,
        "nuggets": [r"\bflowers\b", r"\bexpo\b", "institute"],
        "never": ["Xi went"],
        "ordered": True,
    }
    times = {"cached_ms": {"first": 20, "whole": 50}, "new_ms": {"whole": 90}}
    fact = {"fact_ms": {"first": 10, "whole": 10}}
    return {"gold": gold | more, "answer": answer, **times, **fact}


def test_the_facts_that_are_there_are_counted_and_the_sentences_that_tell_one() -> None:
    said = ("Flowers were put down.", "It was cold.", "The expo opened.", "It was dark.")
    scores = score(record(" ".join(said), *said)).scores
    assert scores["recall"] == pytest.approx(2 / 3)
    assert scores["precision"] == 0.5
    assert scores["sentences"] == 4
    assert (scores["in_order"], scores["spoiled"]) == (1.0, 0.0)


def test_an_answer_in_the_wrong_order_and_one_with_a_false_fact_are_told() -> None:
    assert score(record("The expo, then flowers.")).scores["in_order"] == 0.0
    assert score(record("The expo.")).scores["in_order"] is None
    assert score(record("The expo, then flowers.", ordered=False)).scores["in_order"] is None
    spoiled = score(record("Flowers. Xi went to the expo."))
    assert (spoiled.scores["spoiled"], spoiled.wrong) == (1.0, "spoiled by a false fact")


def test_an_abstention_holds_nothing_but_serves_where_nothing_else_is_wanted() -> None:
    row = record("Not held. The nearest is “Flowers at the expo”, where Xi went.")
    row["answer"]["abstained"] = True
    found = score(row)
    assert (found.scores["recall"], found.scores["spoiled"], found.wrong) == (0.0, 0.0, "abstained")
    assert found.scores["sentences"] is None
    row["gold"] |= {"kind": "other", "nuggets": [r"\bnot\b"], "never": []}
    assert score(row).scores["recall"] == 1.0


def test_listed_articles_are_a_part_of_what_is_shown() -> None:
    row = record("One article.")
    row["answer"]["articles"] = [{"title": "Flowers", "source": None, "published": "2024-05-17"}]
    assert score(row).scores["recall"] == pytest.approx(1 / 3)


def test_the_ratio_is_the_mean_of_each_ones_own() -> None:
    assert ratio(np.array([[20.0, 10.0], [40.0, 10.0]])) == 3.0
    assert np.isnan(ratio(np.zeros((0, 2))))


def test_only_the_kinds_that_are_asked_for_are_loaded_and_others_are_named() -> None:
    material = load(Given(None, 0, {"kinds.only": "day,list"}))
    assert {item.group for item in material.items} == {"day", "list"}
    assert {item.gold["library"] for item in material.items} == {"seeds"}
    for options in ({"kinds.only": "weather"}, {"kinds.half": "both"}, {"kinds.kind": "guessed"}):
        with pytest.raises(UsageError, match=next(iter(options))):
            load(Given(None, 0, options))


def test_every_request_is_asked_over_its_own_library_and_timed(tmp_path: Path) -> None:
    options = {"kinds.only": "library,day"}
    out = tmp_path / "run"
    assert main(["kinds"], out, 2, 0, None, options, None, bench=fake_bench()) == 0
    records = RunFolder(out).records()
    assert len(records) == 2
    for found in records:
        assert found["answer"]["kind"] == found["gold"]["kind"]
        assert found["cached_ms"]["first"] <= found["cached_ms"]["whole"]
        assert found["fact_ms"]["whole"] > 0
