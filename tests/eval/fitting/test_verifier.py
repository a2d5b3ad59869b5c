"""The script that refits the verifier: what it asks, keeps, and makes of labelled claims."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

from eval.fitting import verifier as fitting
from eval.fitting.verifier import Row
from rag.checking import verify
from tests.fakes import FakeEncoder, FakeGenerator

TEXT = "The council met on Monday. It approved a bridge over the Orla for 24m pounds. " * 3


def write_claims(folder: Path) -> None:
    """Two data sets: three articles with two claims each, and one with one."""
    votes = {True: ["yes", "yes", "no"], False: ["no", "no", "yes"]}
    for name, articles in (("near", 3), ("far", 1)):
        lines = []
        for n in range(articles):
            claims = [("The council approved a bridge.", True), ("Penguins met on Monday.", False)]
            lines.append(
                {
                    "article": f"{TEXT} Item {n}.",
                    "summary_sentences": [
                        {"sentence": text, "responses": [{"response": v} for v in votes[yes]]}
                        for text, yes in claims[: 2 if name == "near" else 1]
                    ],
                }
            )
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))


def test_claims_are_asked_once_and_in_the_same_order(tmp_path: Path) -> None:
    write_claims(tmp_path)
    claims = fitting.labelled(tmp_path)
    assert claims == fitting.labelled(tmp_path)
    assert len(claims) == 7
    cache = tmp_path / "cache"
    generator, encoder = FakeGenerator(), FakeEncoder()
    assert not fitting.gather(claims, generator, encoder, cache, deadline=0.0)
    assert generator.prompts == []
    later = time.monotonic() + 600
    assert fitting.gather(claims[:3], generator, encoder, cache, later)
    asked = len(generator.prompts)
    assert fitting.gather(claims[:3], generator, encoder, cache, later)
    assert len(generator.prompts) == asked == 3
    found = list(fitting.rows(claims, encoder, cache))
    assert [row.key for row in found] == [f"{name}/{claim.id}" for name, claim in claims[:3]]


def test_signals_are_those_of_the_product(tmp_path: Path) -> None:
    write_claims(tmp_path)
    claims = fitting.labelled(tmp_path)
    generator, encoder, cache = FakeGenerator(), FakeEncoder(), tmp_path / "cache"
    fitting.gather(claims, generator, encoder, cache, time.monotonic() + 600)
    verifier = verify.Verifier(generator, encoder, fitting.NOTHING)
    for row, (_, claim) in zip(fitting.rows(claims, encoder, cache), claims, strict=True):
        assert row.signals == pytest.approx(verifier.check_text(claim.claim, claim.text).signals)


def rows_of(*groups: tuple[str, int, float, bool]) -> list[Row]:
    """Rows with one signal `s`: (data set, how many, the signal's value, supported)."""
    return [
        Row(name, f"{name} {value} {n}", f"{name}/{value}/{n}", yes, {"s": value})
        for name, count, value, yes in groups
        for n in range(count)
    ]


def test_weights_are_of_standardised_signals() -> None:
    rows = rows_of(("a", 30, 1.0, True), ("b", 10, 0.0, False))
    weights = fitting.fit(rows, ["s"])
    assert weights.means == (pytest.approx(0.75),)
    assert weights.scales == (pytest.approx(math.sqrt(0.75 * 0.25)),)
    assert weights.probability({"s": 1.0}) > 0.75 > weights.probability({"s": 0.0})


def test_the_threshold_parts_what_can_be_parted() -> None:
    rows = rows_of(("a", 10, 1.0, True), ("a", 10, 0.0, False))
    assert 0.4 < fitting.threshold(rows, np.array([0.6] * 10 + [0.4] * 10)) <= 0.6
    weights = fitting.fit(rows, ["s"])
    assert weights.partly_from < weights.supported_from
    score, said = fitting.cross_validated(rows, ["s"])
    found = fitting.figures(rows, score, said)["a"]
    assert (found["auc"], found["balanced_accuracy"]) == (1.0, 1.0)
    assert found["supported_not_called_so"] == found["supported_called_unsupported"] == 0.0
    assert found["unsupported_called_supported"] == 0.0


def test_a_signal_that_says_nothing_is_worth_nothing() -> None:
    generator = np.random.default_rng(0)
    rows = [
        Row("a", str(n // 2), str(n), bool(n % 2), {"s": float(generator.normal())})
        for n in range(400)
    ]
    score, said = fitting.cross_validated(rows, ["s"])
    found = fitting.figures(rows, score, said)["a"]
    assert 0.4 < found["auc"] < 0.6
    assert 0.4 < found["balanced_accuracy"] < 0.6
