"""Which outlets a question asks for the words of, and which it only names."""

from __future__ import annotations

import pytest

from rag.understanding.filters.outlets import attributed

SOURCES = [
    "The Guardian", "REUTERS", "Reuters", "Harbin Ledger", "The Sample Courier", "People",
    "The Sun", "Time", "Science", "BBC News", "U.S. Review & Record", "News-Press"
]  # fmt: skip

ATTRIBUTED: dict[str, list[str]] = {
    "How large was trade according to the Guardian?": ["Guardian"],
    "how large was trade according to the guardian": ["guardian"],
    "According to Reuters, how large was trade?": ["Reuters"],
    "What does REUTERS say about trade?": ["REUTERS"],
    "what does reuters say about trade": ["reuters"],
    "WHAT DOES THE GUARDIAN SAY?": ["GUARDIAN"],
    "Reuters says that trade fell; by how much?": ["Reuters"],
    "What did the Guardian report on Tuesday?": ["Guardian"],
    "What did Tuesday's Guardian report?": ["Guardian"],
    "What did the Guardian publish on Tuesday?": ["Guardian"],
    "What did the Guardian also say?": ["Guardian"],
    "What has the Harbin Ledger written about the fair?": ["Harbin Ledger"],
    "what has the harbin ledger written about the fair?": ["harbin ledger"],
    "Where did the bridge open, as Reuters reported?": ["Reuters"],
    "How many came, as reported by the Harbin Ledger?": ["Harbin Ledger"],
    "How many are named in the Harbin Ledger?": ["Harbin Ledger"],
    "What was said about the bridge in the Harbin Ledger?": ["Harbin Ledger"],
    "In the Harbin Ledger, who came along?": ["Harbin Ledger"],
    "What do articles from the Sample Courier say?": ["Sample Courier"],
    "Show me reports by BBC News on trade": ["BBC News"],
    "What is in the Guardian's report on trade?": ["Guardian"],
    "How many ships are there by the Guardian’s count?": ["Guardian"],
    "What does the Guardian article say?": ["Guardian"],
    "What do the Guardian and Reuters say?": ["Guardian", "Reuters"],
    "According to the Guardian, Reuters or the Sun, who won?": ["Guardian", "Reuters", "Sun"],
    "Do the Guardian and the Harbin Ledger agree?": ["Guardian", "Harbin Ledger"],
    "What did The Sun say about it?": ["Sun"],
    "What did Time report?": ["Time"],
    "according to the u.s. review & record, who won?": ["u.s. review & record"],
    # short names
    "What was reported in the BBC about the bridge?": ["BBC"],
    "and how does the BBC put it?": ["BBC"],
    "How large was trade, according to the Courier?": ["Courier"],
    "Compare the Courier's and the Ledger's figures for trade.": ["Courier", "Ledger"],
    "What is the Courier piece about?": ["Courier"],
    "Short version of the Courier's analysis please": ["Courier"],
    "do you have anything from reuters": ["reuters"],
}


@pytest.mark.parametrize("question", ATTRIBUTED)
def test_outlets_that_something_is_attributed_to(question: str) -> None:
    found = attributed(question, SOURCES)
    assert [question[o.start : o.end] for o in found] == ATTRIBUTED[question]


@pytest.mark.parametrize(
    "question",
    [
        "Who owns the Guardian?",
        "When was Reuters founded?",
        "Who did the Guardian endorse?",
        "Who is the Guardian's editor?",
        "What did the editor of the Guardian say?",
        "What did the Guardian's editor say?",
        "What happened at the Guardian last week?",
        "How many people work for Reuters?",
        "Did journalists at Reuters strike?",
        "What did Reuters editors say?",
        "When did the Guardian publish its first issue?",
        "Why was the Harbin Ledger fined?",
        "Who invested in the Guardian?",
        "What did the mayor tell Reuters?",
        "According to the Guardian's owner, who won?",
        # short names that are a part of another
        "What did Jean Courier say?",
        "What does the Harbin Courier say?",
        "What does the Courier Foundation say?",
        "what does the record say?",
        "what did the courier say?",
        "Courier said what?",
        "What did the News say?",
        "What does Sample say?",
        # other words than the name
        "What do the Guardians say?",
        "What does the Guardian Weekly Foundation say?",
        "What does the Harbin say?",
        "What does Harbin. Ledger say?",
        "According to Blinken, who supplies more?",
        # words that happen to be names
        "What do people say about the bridge?",
        "How much time does it take?",
        "What does the sun report?",
    ],
)
def test_outlets_that_are_only_named(question: str) -> None:
    assert attributed(question, SOURCES) == ()


def test_every_spelling_of_a_name_counts() -> None:
    [found] = attributed("What does Reuters say?", SOURCES)
    assert found.sources == {"REUTERS", "Reuters"}
    [found] = attributed("What does Guardian say?", SOURCES)
    assert found.sources == {"The Guardian"}


def test_a_short_name_is_every_outlet_of_that_end() -> None:
    [found] = attributed("According to the Times, who won?", ["Global Times", "The New York Times"])
    assert found.sources == {"Global Times", "The New York Times"}
    [found] = attributed("What did the NYT report?", ["Global Times", "The New York Times"])
    assert found.sources == {"The New York Times"}


def test_the_longest_name_counts() -> None:
    sources = ["Ledger", "Harbin Ledger", "Harbin Ledger Weekly"]
    [found] = attributed("What does the Harbin Ledger say?", sources)
    assert found.sources == {"Harbin Ledger"}
