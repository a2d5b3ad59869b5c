"""Which articles correct something, and which of their sentences tell what was wrong."""

from __future__ import annotations

import pytest

from index.article import Article
from rag.checking.corrections import is_correction, takes_back

PLAIN = Article("plain", "Trade grows", "Trade grew. We said so in May. It was wrongly doubted.")
CORRECTION = Article("correction", "Correction: trade", "We wrote 46%. The right figure is 64%.")


def test_a_correction_says_so_in_its_title_or_at_its_beginning() -> None:
    assert is_correction(CORRECTION)
    assert is_correction(Article("a", "Trade", "Clarification. The figure was for 2022."))
    assert not is_correction(PLAIN)
    assert not is_correction(Article("a", "Trade", "Trade grew. " * 30 + "Correction: it fell."))


@pytest.mark.parametrize(
    "sentence",
    [
        "We wrote that China accounts for 90% of the tools.",
        "The figure was wrongly given as 46%.",
        "The report misstated the year as 2021.",
    ],
)
def test_what_a_correction_takes_back(sentence: str) -> None:
    assert takes_back(sentence, CORRECTION)
    assert not takes_back(sentence, PLAIN)


def test_a_note_at_the_foot_of_any_article_takes_back() -> None:
    assert takes_back("An earlier version of this article gave the figure as 46%.", PLAIN)
    assert not takes_back("The right figure is 64%.", CORRECTION)
