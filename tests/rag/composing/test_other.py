from __future__ import annotations

from pathlib import Path

from index.article import Article
from rag import ClaimChecked
from rag.composing.other import FOR, NOTHING, SAY
from tests.rag.composing.opened import opened

PIPE = Article(
    id="pipe",
    title="Will it come?",
    text="Nobody outside the talks can say whether the pipeline will be built.",
    source="Specimen Review",
)


def test_it_says_what_it_is_for_and_what_the_articles_say_in_their_name(tmp_path: Path) -> None:
    with opened(tmp_path, PIPE, judged={"pipeline": 0.999}) as assistant:
        events = list(assistant.stream("Will the pipeline ever be built?", kind="other"))
    answer = events[-1].answer  # type: ignore[union-attr]
    assert not answer.abstained
    assert answer.said == f"{FOR} {SAY}"
    assert answer.text == f"{answer.said} Specimen Review: {PIPE.text} [1]"
    assert next(e.claim for e in events if isinstance(e, ClaimChecked)).label == "Specimen Review"


def test_where_they_say_nothing_nothing_is_cited(tmp_path: Path) -> None:
    with opened(tmp_path, PIPE, judged={"rice": 0.001}) as assistant:
        answer = assistant.ask("how do I cook rice?", kind="other")
    assert not answer.abstained
    assert answer.text == f"{FOR} {NOTHING}"
    assert answer.citations == ()


def test_what_is_not_sure_is_not_said(tmp_path: Path) -> None:
    judged = {"Nobody outside": 0.3, "pipeline": 0.999}
    with opened(tmp_path, PIPE, judged=judged) as assistant:
        answer = assistant.ask("Will the pipeline ever be built?", kind="other")
    assert answer.claims == ()
