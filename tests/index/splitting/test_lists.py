"""A list's item is a sentence and a citation of its own, whether or not a full stop ends it."""

from __future__ import annotations

import pytest

from index.splitting.lines import paragraphs
from index.splitting.passages import split
from index.splitting.sentences import sentences

ITEMS = [
    "Pay rises of 5% for all nurses in the country from April on",
    "free school meals for every child in the first six years",
    "A bridge over the river at Harbin, to be opened in May 2027",
    "no new taxes on fuel; the old one stays as it is until 2030",
    "Three hospitals, one of them in the far north of the country",
    "higher fines for those who park where they may not",
]


def said(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


@pytest.mark.parametrize("mark", ["- ", "• ", "* ", "– ", "▪ ", "✓ ", "  - "])
def test_items_without_full_stops(mark: str) -> None:
    text = "The government promised:\n" + "\n".join(mark + item for item in ITEMS)
    assert said(text) == ["The government promised:", *(mark.strip() + " " + i for i in ITEMS)]


def test_numbered_items() -> None:
    lines = [f"{n}. {item}" for n, item in enumerate(ITEMS, 1)]
    assert said("\n".join(lines)) == lines


def test_items_that_were_flattened_into_one_line() -> None:
    text = "The plan: • " + " • ".join(ITEMS)
    assert said(text) == ["The plan:", *(f"• {item}" for item in ITEMS)]


def test_a_dot_between_two_words_is_no_list() -> None:
    assert said("The Sample Courier • 17 May 2024") == ["The Sample Courier • 17 May 2024"]


def test_a_list_of_headlines_is_not_one_wrapped_paragraph() -> None:
    lines = [item[0].upper() + item[1:] for item in ITEMS]
    assert said("\n".join(lines)) == lines


def test_a_wrapped_paragraph_is_still_joined() -> None:
    text = (
        "The council voted on Tuesday to reopen the bridge after two years of\n"
        "repairs that Mayor Ann Lee had promised. Engineers had found cracks in\n"
        "Harbin's oldest pier."
    )
    assert [len(s.split("\n")) for s in said(text)] == [2, 2]


def test_an_item_of_two_sentences_is_two() -> None:
    text = "- The first pier was mended last year. It had cracked.\n- The last one in May"
    assert said(text) == [
        "- The first pier was mended last year.",
        "It had cracked.",
        "- The last one in May",
    ]


def test_passages_still_hold_all_of_a_list() -> None:
    text = "\n".join(f"- {item}" for item in ITEMS)
    held = split("a", text, lambda part: len(part.split()))
    assert "".join(" ".join(p.text for p in held).split()) == "".join(text.split())
    assert all(text[p.start : p.end] == p.text for p in held)


def test_many_lines_cost_no_more_each_than_few() -> None:
    """The rest of the text was copied for each line; ten million copies is what this would be."""
    text = "a line of a table that is wrapped nowhere\n" * 100_000
    assert sum(1 for _ in paragraphs(text)) > 0
