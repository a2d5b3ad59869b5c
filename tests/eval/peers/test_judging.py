"""What an answer of either side is worth, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from eval.peers.judging import FIGURES, Given, cited, declines, plain, score
from eval.suite import Record


def said(text: str, **changes: Any) -> Given:
    """A peer's answer: its text must be read for declining and for citations."""
    values: dict[str, Any] = {
        "text": text, "declined": None, "cited": None, "sources": ("A", "B"),
        "first_token_s": 0.5, "total_s": 2.0, "prompt_tokens": 900, "written_tokens": 12,
    }  # fmt: skip
    return Given(**{**values, **changes})


def record(given: Given, **gold: Any) -> Record:
    wanted = {"any": ["240"], "all": [], "answerable": True, **gold}
    return {"gold": wanted, "given": given.to_dict()}


UNANSWERABLE: dict[str, Any] = {"any": [], "answerable": False}


def outcome(given: Given, **gold: Any) -> dict[str, float | None]:
    return score(record(given, **gold)).scores


def test_a_right_answer_with_a_citation() -> None:
    found = score(record(said("Trade was worth 240 billion dollars [1].")))
    assert found.wrong == ""
    assert found.scores == {
        "first_ms": 500.0, "total_ms": 2000.0, "prompt": 900, "written": 12,
        "right": 1.0, "wrong": 0.0, "declined_wrongly": 0.0, "served": 1.0, "cited": 1.0,
    }  # fmt: skip


def test_a_wrong_answer_is_wrong_and_keeps_its_citation() -> None:
    found = score(record(said("Trade was worth 250 billion dollars [2].")))
    assert found.wrong == "wrong answer"
    assert (found.scores["right"], found.scores["wrong"], found.scores["cited"]) == (0, 1, 1)


def test_a_peer_that_declines_what_is_answerable_is_neither_right_nor_wrong() -> None:
    found = outcome(said("The provided sources do not mention the size of trade."))
    assert (found["right"], found["wrong"], found["declined_wrongly"]) == (0, 0, 1)
    assert found["cited"] is None


def test_a_peer_may_decline_and_answer_in_one_breath() -> None:
    found = outcome(said("Source 1 does not give a total, but says 240 billion."))
    assert (found["right"], found["declined_wrongly"], found["cited"]) == (1, 0, 1)


def test_dateline_says_itself_that_it_declined() -> None:
    nearest = "The library doesn't hold the answer to this. Nearest: Trade of 240 billion."
    found = outcome(said(nearest, declined=True, cited=False))
    assert (found["right"], found["declined_wrongly"], found["cited"]) == (0, 1, None)
    answered = outcome(said("It does not state 240. [1]", declined=False, cited=True))
    assert (answered["right"], answered["cited"]) == (1, 1)


def test_an_unanswerable_question_is_served_by_declining() -> None:
    declined = score(record(said("None of the sources say this."), **UNANSWERABLE))
    assert (declined.scores["declined_rightly"], declined.scores["served"]) == (1, 1)
    assert (declined.wrong, "right" in declined.scores) == ("", False)
    made_up = score(record(said("It is 2,600 km long [1]."), **UNANSWERABLE))
    assert (made_up.scores["declined_rightly"], made_up.scores["cited"]) == (0, 1)
    assert made_up.wrong == "should have declined"


@pytest.mark.parametrize(
    "text",
    [
        "None of the provided sources state how long the pipeline is.",
        "The sources do not provide information about the number of students.",
        "The sources don’t explicitly mention a rector.",
        "The exact date is not specified in the provided sources.",
        "There is no information about exhibitors in the sources.",
        "It cannot be determined from the sources.",
        "I'm sorry, but I am unable to answer that.",
        "The sources are not helpful here.",
    ],
)
def test_declining_in_many_words(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "Trade between Russia and China was worth 240 billion dollars in 2023 [1].",
        "Xi Jinping was not in Harbin; Han Zheng took part in the opening [1].",
        "The pipeline has not been signed because the two sides disagree on the price [2].",
        "Russia and China are not military allies.",
        "Banks can no longer pay in dollars.",
    ],
)
def test_a_denial_in_an_answer_is_not_declining(text: str) -> None:
    assert not declines(text)


def test_references_to_sources() -> None:
    assert cited("Wet [1], red [2, 3] and [Source 4]. As Source 2 says.", 4) == {1, 2, 3, 4}
    assert cited("Sources 1 and 2 agree.", 2) == {1, 2}
    assert cited("Source 1:\nThe sky is red.\nSource 12:\nWater is wet.", 12) == set()
    assert cited("Worth 240 billion [7].", 3) == set()
    assert cited("In [2023] trade grew.", 3) == set()


def test_numbers_of_sources_are_no_answers() -> None:
    assert plain("It has five [2, 3], see Source 4.") == "It has five , see ."
    assert outcome(said("It has five [2, 3]."), any=["3"])["right"] == 0


def test_every_figure_counts_scores_that_exist() -> None:
    known = {
        *outcome(said("240 [1]")),
        *score(record(said("Not stated."), **UNANSWERABLE)).scores,
    }
    assert {column for figure in FIGURES for column in figure.columns} <= known
