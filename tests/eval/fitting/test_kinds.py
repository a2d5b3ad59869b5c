"""What the kinds are trained on and judged by."""

import json
import random

import numpy as np
import pytest

from eval.fitting.followups import FollowUp
from eval.fitting.kinds import (
    DEV,
    SAMPLES,
    TRAIN,
    Asked,
    by_kind,
    mistyped,
    nearest,
    read,
    row,
    typo,
)
from rag.understanding.guessing import LEANINGS
from rag.understanding.kinds import KINDS


def test_a_typo_leaves_the_first_letter() -> None:
    rng = random.Random(0)
    for _ in range(50):
        wrong = typo("harbour", rng)
        assert wrong[0] == "h"
        assert 6 <= len(wrong) <= 7
    assert typo("gas", rng) == "gas"


def test_a_mistyped_copy_asks_the_same() -> None:
    asked = Asked("Who won?", "fact", history=("Tell me",), leaning="leans", before="overview")
    copy = mistyped(asked, random.Random(2))
    assert copy.copy
    assert (copy.kind, copy.history, copy.leaning) == ("fact", ("Tell me",), "leans")


def test_what_needs_passages_and_gets_none_is_lost() -> None:
    asked = [
        Asked("Who won?", "fact"),
        Asked("bees?", "library", ("overview",)),
        Asked("hi", "fact"),
    ]
    assert row("all talk", asked, ["smalltalk"] * 3) == "| all talk | 0 | 0 | 3 | 2 |"
    assert row("right", asked, ["fact", "overview", "fact"]) == "| right | 2 | 3 | 3 | 0 |"
    assert Asked("hi", "fact", ("smalltalk",)).lost("smalltalk") is False


def test_a_table_by_kind_says_what_was_taken_for_what() -> None:
    table = by_kind([Asked("a", "day"), Asked("b", "day", ("list",))], ["fact", "list"])
    assert "| day | 2 | 0 | 1 | fact 1 |" in table


def test_the_nearest_neighbours_vote_by_likeness() -> None:
    asked = [Asked("a", "day"), Asked("b", "list"), Asked("c", "list")]
    train = np.array([[1, 0], [0.6, 0.8], [0.6, 0.8]], np.float32)
    one = np.array([[1, 0]], np.float32)
    assert nearest(one, train, asked, 1) == ["day"]
    assert nearest(one, train, asked, 3) == ["list"]


def test_the_training_questions_are_whole_and_their_own() -> None:
    rows = [json.loads(line) for line in TRAIN.read_text().splitlines()]
    assert len({one["id"] for one in rows}) == len(rows) > 1000
    assert {one["kind"] for one in rows} == set(KINDS)
    assert {one["leaning"] for one in rows} <= set(LEANINGS)
    assert all(("history" in one) == ("before" in one) for one in rows)
    # what stands alone in three words or more isn't a question of the test
    tested = {one.question.casefold() for path in DEV for one in read(path)}
    whole = [one["question"] for one in rows if one["leaning"] == "alone"]
    assert not [q for q in whole if len(q.split()) > 2 and q.casefold() in tested]


@pytest.mark.parametrize("half", ["dev", "held"])
def test_follow_ups_are_whole(half: str) -> None:
    lines = (SAMPLES / f"followups.{half}.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({one["id"] for one in rows}) == len(rows) == 30
    assert all(one["kind"] in KINDS and one["history"] for one in rows)
    assert all(one["subject"] or one.get("alone") for one in rows)


def test_a_question_that_stands_alone_must_stay() -> None:
    alone = FollowUp("Who won?", (), ("fact",), (), True)
    assert alone.about("Who won?")
    assert not alone.about("Who won? (Tell me)")
    leaning = FollowUp("and then?", (), ("day",), ("Nairobi", "march|students"), False)
    assert leaning.about("and then? (What happened in nairobi when students met)")
    assert not leaning.about("and then? (What happened in Nairobi)")
