"""What a passage is found by: where it stands, then its own words, always whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from index.splitting.passages import Passage, split
from index.splitting.search_text import search_text, search_texts, sentence_before

TEXT = (
    "Harbour\n\nThe mayor opened the bridge on Monday. It cost 4.5 million euros.\n\n"
    "What follows\n\nTrains will cross it from June."
)
ARTICLE = Article(id="a", title="A bridge for Lindau", text=TEXT)


def passage(words: str, heading: str = "") -> Passage:
    start = TEXT.index(words)
    return Passage("a", start, start + len(words), words, heading)


def test_title_heading_and_sentence_before_stand_over_the_text() -> None:
    cost = passage("It cost 4.5 million euros.", "Harbour")
    assert search_text(ARTICLE, cost, "The mayor opened the bridge on Monday.") == (
        "A bridge for Lindau\nHarbour\nThe mayor opened the bridge on Monday.\n"
        "It cost 4.5 million euros."
    )


def test_what_the_text_begins_with_is_said_once() -> None:
    words = "What follows\n\nTrains will cross it from June."
    found = search_text(ARTICLE, passage(words, "What follows"))
    assert found == f"A bridge for Lindau\n{words}"


def test_context_gives_way_and_the_passage_stays_whole() -> None:
    cost = passage("It cost 4.5 million euros.", "Harbour")
    sizes = [
        search_text(ARTICLE, cost, "Before.", lambda t, most=most: len(t) <= most)
        for most in (1000, 60, 50, 10)
    ]
    assert sizes == [
        "A bridge for Lindau\nHarbour\nBefore.\nIt cost 4.5 million euros.",
        "A bridge for Lindau\nHarbour\nIt cost 4.5 million euros.",
        "A bridge for Lindau\nIt cost 4.5 million euros.",
        "It cost 4.5 million euros.",
    ]


def test_context_never_crosses_a_heading() -> None:
    passages = [
        passage("The mayor opened the bridge on Monday.", "Harbour"),
        passage("It cost 4.5 million euros.", "Harbour"),
        passage("Trains will cross it from June.", "What follows"),
    ]
    first, second, third = search_texts(ARTICLE, passages, lambda text: True)
    assert "The mayor" in second
    assert first.count("\n") == third.count("\n") == 2
    assert "4.5 million" not in third


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("One sentence stood here. Another came. ", "Another came."),
        ("A paragraph.\n\nDr. Meyer left.\n\n", "Dr. Meyer left."),
        ("x" * 900 + " ", "x" * 399),  # the space is the 400th
    ],
)
def test_sentence_before(text: str, expected: str) -> None:
    assert sentence_before(text + "Rest.", len(text)) == expected


WORDS = st.lists(
    st.sampled_from(["Lindau.", "4.5", "May 3,", "“No”", "\n\n", "Bridge"]), max_size=40
)


@given(WORDS, st.text(max_size=30), st.integers(0, 300))
def test_every_word_of_the_passage_is_there(words: list[str], title: str, most: int) -> None:
    """Names, figures, dates and quoted phrases, whatever the context and the encoder's limit."""
    text = " ".join(words)
    article = Article(id="a", title=title, text=text)
    passages = split("a", text, lambda t: len(t.split()), target=5)
    for found, whole in zip(
        search_texts(article, passages, lambda t: len(t) <= most), passages, strict=True
    ):
        assert found.endswith(whole.text)
        assert re.findall(r"\w+", whole.text) == re.findall(r"\w+", found)[-_words(whole.text) :]


def _words(text: str) -> int:
    return len(re.findall(r"\w+", text)) or 10_000
