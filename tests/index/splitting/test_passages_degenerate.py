"""Texts that aren't articles: nothing breaks, nothing takes forever."""

import pytest

from index.splitting.passages import split


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("text", ["", " ", "\n\n\n", "\t\u00a0\u2003\n"])
def test_no_text_no_passages(text: str) -> None:
    assert split("a", text, words) == []


@pytest.mark.parametrize("text", ["09:41", "Only a heading", ".", "…", "-", "\ufeff", "\x00"])
def test_a_text_of_one_line_is_a_passage(text: str) -> None:
    assert [p.text for p in split("a", text, words)] == [text]


def test_a_heading_without_a_body_is_kept() -> None:
    assert [p.text for p in split("a", "It ended.\n\nRelated", words)] == ["It ended.\n\nRelated"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit", ["a", "a ", ". ", "\n", "(", '"', "1. ", "A. ", "'", "! ", "Mr. ", "\n\nx"]
)
def test_a_hundred_thousand_of_the_same(unit: str) -> None:
    text = unit * 50_000
    passages = split("a", text, words)
    assert sum(len("".join(p.text.split())) for p in passages) == len("".join(text.split()))


def test_a_target_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="0 tokens"):
        split("a", "One.", words, 0)
