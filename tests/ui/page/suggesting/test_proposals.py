"""Questions come from the library's own names, days and titles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from rag.answer import Answer
from tests.ui.fake_assistant import FakeBackend, invented
from tests.ui.page.rendering.test_render import OTHER_KINDS, answered
from ui.page.suggesting.proposals import (
    Proposal,
    after,
    candidates,
    holds,
    names,
    plain,
    summary,
)

GAS = "The Power of Siberia 2 pipeline was agreed on by Karin Lund, the harbour's chief engineer."
ONE = Article("1", "Gas", GAS, "Courier", date(2025, 5, 2))
TWO = Article("2", "More gas", "Then Power of Siberia 2 was built.", "Herald", date(2025, 5, 2))
COPY = replace(ONE, id="3", source="Mirror", copy_of="1")


def test_names_are_of_two_words_or_more() -> None:
    assert names(GAS) == ["Power of Siberia 2", "Karin Lund"]
    assert names("On Friday Ann Lee spoke. Berlin was cold.") == ["Ann Lee"]


def test_what_two_articles_name_is_an_overview_and_a_comparison() -> None:
    overviews, facts, comparisons, days = candidates([ONE, TWO, COPY])
    assert overviews[0] == Proposal("Tell me about Power of Siberia 2", "overview")
    assert facts == [Proposal("Who is Karin Lund?", "fact")]
    assert comparisons == [
        Proposal("Compare Courier and Herald on Power of Siberia 2", "comparison")
    ]
    assert days == [Proposal("What happened on 2 May 2025?", "day")]


def test_a_title_that_is_a_question_is_one() -> None:
    assert candidates(invented())[1][-1].question == "What will the old lighthouse become?"
    assert candidates([]) == [[], [], [], []]


def test_before_anything_was_tried_only_what_cannot_fail_is_offered() -> None:
    heads = FakeBackend().heads()
    newest = heads[0]
    assert plain(heads) == [
        summary(newest.id, newest.title),
        Proposal("What do you have from Island Post?", "library"),
    ]
    assert plain([]) == []


@given(st.text(max_size=300))
def test_any_text_may_be_an_article(text: str) -> None:
    article = replace(ONE, title=text, text=text, source=text)
    for some in (*candidates([article, replace(article, id="b")]), plain([])):
        assert all(proposal.question.strip() for proposal in some)


def asks(kind: str, question: str) -> bool:
    answer: Answer = answered(question)
    return holds(Proposal(question, kind), answer)  # type: ignore[arg-type]


def test_only_answers_that_stand_are_offered() -> None:
    assert asks("fact", "How long has the ferry run?")
    assert not asks("fact", "What of the toll?")  # to check
    assert not asks("fact", "Who is the tallest person?")
    assert asks("overview", "Tell me about the bridge")
    assert asks("comparison", "Compare the two")
    assert not asks("comparison", "Tell me about the bridge")  # no sides


def test_what_to_ask_next_is_in_the_passages_and_is_three_things_at_most() -> None:
    answer = answered("Tell me about the bridge").to_dict()
    for hit in answer["hits"]:
        hit["text"] += " It was for Ilse Brandt."
        hit["published"] = "2025-04-12"
    first = answer["sources"][0]
    assert after(answer) == [
        summary(first["article_id"], first["title"]),
        Proposal("Tell me about Ilse Brandt", "overview"),
        Proposal("What happened on 12 April 2025?", "day"),
    ]
    answer["query"] = "Who is Ilse Brandt?"
    assert "Tell me about Ilse Brandt" not in [p.question for p in after(answer)]
    assert after(answered("who is tallest").to_dict()) == []
    for question in OTHER_KINDS:
        assert len(after(answered(question).to_dict())) <= 3
