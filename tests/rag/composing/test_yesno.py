from __future__ import annotations

from pathlib import Path

import pytest

from index.article import Article
from rag import ClaimChecked
from rag.answer import Claim
from rag.composing.yesno import unled
from tests.rag.composing.opened import opened

BRIDGE = Article(
    id="bridge",
    title="A bridge for Sampleton",
    text="The bridge in Sampleton is closed to trams until the autumn.",
    source="Specimen Wire",
)
ASKED = "Is the bridge in Sampleton open to trams?"


@pytest.mark.parametrize(
    ("yes", "no", "text"),
    [
        (0.99, 0.01, f"Yes: {BRIDGE.text} [1]"),
        (0.01, 0.99, f"No: {BRIDGE.text} [1]"),
        (0.71, 0.964, f"No: {BRIDGE.text} [1]"),
        (0.8, 0.01, f"{BRIDGE.text} [1]"),
        (0.95, 0.9, f"{BRIDGE.text} [1]"),
        (0.99, 0.99, f"{BRIDGE.text} [1]"),
        (0.01, 0.01, f"{BRIDGE.text} [1]"),
    ],
)
def test_yes_or_no_stands_first_where_the_judge_is_sure(
    tmp_path: Path, yes: float, no: float, text: str
) -> None:
    judged = {"? Yes.": yes, "? No.": no, "bridge": 0.999}
    with opened(tmp_path, BRIDGE, judged=judged) as assistant:
        answer = assistant.ask(ASKED, kind="yesno")
    assert answer.text == text


def test_what_is_told_while_it_is_answered_is_what_is_answered(tmp_path: Path) -> None:
    with opened(
        tmp_path,
        BRIDGE,
        script={ASKED: f"Yes, {BRIDGE.text[0].lower()}{BRIDGE.text[1:]}"},
        judged={"? Yes.": 0.01, "bridge": 0.999},
    ) as assistant:
        events = list(assistant.stream(ASKED, kind="yesno"))
    answer = events[-1].answer  # type: ignore[union-attr]
    [told] = [event.claim for event in events if isinstance(event, ClaimChecked)]
    assert told.text == answer.claims[0].text == BRIDGE.text
    assert told.label == answer.claims[0].label == "No"


def test_where_nothing_is_found_there_is_no_yes_and_no_no(tmp_path: Path) -> None:
    with opened(tmp_path, BRIDGE) as assistant:
        answer = assistant.ask("Was Ruritania at the congress?", kind="yesno")
    assert answer.abstained
    assert not any(claim.label for claim in answer.claims)


def test_the_words_that_a_quote_lacks_move_with_the_sentence() -> None:
    claim = Claim("Yes, the old bridge opened.", "stated", 1.0, lacking=((0, 3), (9, 12)))
    cut = unled(claim)
    assert cut.text == "The old bridge opened."
    assert [cut.text[a:b] for a, b in cut.lacking] == ["old"]


@pytest.mark.parametrize("text", ["No signature was reported.", "Yes", "Nobody came.", "No, "])
def test_a_sentence_that_only_begins_alike_stays(text: str) -> None:
    claim = Claim(text, "stated", 1.0)
    assert unled(claim) == claim
