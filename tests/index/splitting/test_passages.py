"""Splitting: what passages look like, and properties that hold of any text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.splitting.passages import Passage, is_time_line, split
from index.splitting.sentences import sentences


def words(text: str) -> int:
    return len(text.split())


def texts(passages: list[Passage]) -> list[str]:
    return [passage.text for passage in passages]


SENTENCE = "The two sides signed seven papers on trade and transport in the old town hall."  # 15


# --- sentences ----------------------------------------------------------------------------------


def test_sentences_of_a_paragraph() -> None:
    text = "Mr. Li spoke at 10 a.m. in Harbin. Trade rose 26.3%! Did it? “It did.” He left."
    assert [text[a:b] for a, b in sentences(text)] == [
        "Mr. Li spoke at 10 a.m. in Harbin.",
        "Trade rose 26.3%!",
        "Did it?",
        "“It did.”",
        "He left.",
    ]


def test_a_line_break_inside_a_paragraph_is_a_space() -> None:
    text = "The visit\nended. The guests\nleft."
    assert [text[a:b] for a, b in sentences(text)] == ["The visit\nended.", "The guests\nleft."]


# --- passages -----------------------------------------------------------------------------------


def test_a_short_text_is_one_passage() -> None:
    assert split("a", "One. Two.", words) == [Passage("a", 0, 9, "One. Two.")]


def test_passages_are_of_even_size_near_the_target() -> None:
    text = " ".join([SENTENCE] * 10)  # 150 words; 4 passages of at most 53 words
    assert [words(p.text) // 15 for p in split("a", text, words, 40)] == [3, 3, 2, 2]


def test_a_sentence_is_cut_between_words_only_when_it_alone_is_too_long() -> None:
    long = " ".join(f"word{n}" for n in range(60)) + "."
    passages = split("a", f"{SENTENCE} {long} {SENTENCE}", words, 30)
    assert all(words(p.text) <= 40 for p in passages)
    assert " ".join(texts(passages)).split() == f"{SENTENCE} {long} {SENTENCE}".split()


def test_a_word_that_is_too_long_is_cut() -> None:
    passages = split("a", "x" * 5000, words, fits=lambda text: len(text) <= 1200)
    assert "".join(texts(passages)) == "x" * 5000
    assert all(len(p.text) <= 1200 for p in passages)


def test_what_the_encoder_would_cut_is_split_first() -> None:
    text = " ".join([SENTENCE] * 8)
    passages = split("a", text, words, 150, fits=lambda text: len(text.split()) <= 31)
    assert [words(p.text) for p in passages] == [30, 30, 30, 30]


def test_a_heading_begins_a_passage_and_stands_over_the_rest_of_its_section() -> None:
    body = " ".join([SENTENCE] * 6)
    text = f"{SENTENCE}\n\nReaction in the city\n\n{body}\n\nWhat comes next\n\n{SENTENCE}"
    passages = split("a", text, words, 50)
    assert [p.heading for p in passages] == [
        "",
        "Reaction in the city",
        "Reaction in the city",
        "What comes next",
    ]
    assert passages[1].text.startswith("Reaction in the city\n\n")
    assert not passages[2].text.startswith("Reaction")


def test_an_entry_of_a_live_blog_keeps_its_time() -> None:
    text = (
        "09:41\n\nGuests arrive\n\nThe guests have arrived at the hall.\n\n"
        "2h ago\n\nDoors open\n\nThe doors of the hall are open."
    )
    assert [(p.heading, p.text.split("\n\n")[-1]) for p in split("a", text, words)] == [
        ("09:41 · Guests arrive", "The guests have arrived at the hall."),
        ("2h ago · Doors open", "The doors of the hall are open."),
    ]


@pytest.mark.parametrize(
    "line", ["09:41", "9.41am", "14:05 BST", "2h ago", "35 minutes ago", "1h 12m ago 09.41 BST"]
)
def test_time_lines(line: str) -> None:
    assert is_time_line(line)


@pytest.mark.parametrize("line", ["2024", "At 09:41 he left.", "3 days in Harbin", "", "ago"])
def test_lines_that_are_not_times(line: str) -> None:
    assert not is_time_line(line)


def test_lines_of_a_list_are_not_headings() -> None:
    text = "The team:\n\n- Ana Reyes\n- Bo Lind\n- Cem Kaya\n\nThey met."
    assert [(p.heading, p.text) for p in split("a", text, words)] == [("", text)]


def test_four_short_lines_in_a_row_are_not_headings() -> None:
    text = "Gas\n\nOil\n\nCoal\n\nWheat\n\nThese were traded."
    assert [(p.heading, p.text) for p in split("a", text, words)] == [("", text)]


def test_wrapped_lines_are_one_paragraph() -> None:
    text = (
        "The delegation arrived at the station in the early morning and was\n"
        "received by the mayor, who had waited since five. Nobody spoke of the\n"
        "pipeline."
    )
    passages = split("a", text, words, 12)
    assert texts(passages)[-1].replace("\n", " ") == "Nobody spoke of the pipeline."


# --- properties ---------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "Mr. Li said: “We agreed.” ",
        "U.S. trade rose 3.5 percent. ",
        "09:41",
        "2h ago",
        "Heading of a section",
        "- an item",
        "(See p. 4.) ",
        "и тогда он сказал. ",
        "貿易は増えた。",
        "...",
        "!?",
        "\n",
        "\n\n",
        " \n \n ",
        "\u00a0",
        "\u2028",
        "\r\n",
        "e.g. this, ",
        "word " * 30,
        "x" * 50,
        "&∯ȸ∮☏",  # pysbd's own place-holders
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=300))


def check_covers(text: str, spans: list[tuple[int, int]]) -> None:
    at = 0
    for start, end in spans:
        assert at <= start < end
        assert not text[at:start].strip(), "only white space lies between"
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_sentences_cover_everything_but_white_space(text: str) -> None:
    check_covers(text, sentences(text))


@given(TEXTS, st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_passages_slice_back_and_lose_nothing_but_white_space(text: str, target: int) -> None:
    passages = split("a", text, words, target)
    check_covers(text, [(p.start, p.end) for p in passages])
    assert texts(passages) == [text[p.start : p.end] for p in passages]
    assert all(len(f"{p.heading}\n{p.text}") <= 1200 for p in passages)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(10, 60))
@settings(deadline=None)
def test_no_sentence_that_fits_is_cut(lengths: list[int], target: int) -> None:
    made = [" ".join(["Word", *["word"] * (n - 1)]) + "." for n in lengths if n <= target]
    text = " ".join(made)
    ends = {match.end() for match in re.finditer(r"\.", text)}
    for passage in split("a", text, words, target):
        assert passage.end in ends
        assert words(passage.text) <= round(target * 4 / 3)


def test_a_passage_ends_where_a_paragraph_does_if_it_can() -> None:
    """A regression: "NOT THERE: Alexei Miller." and "He was in Iran." fell into two passages."""
    paragraphs = [" ".join([SENTENCE] * 3), " ".join([SENTENCE] * 4)]
    found = [p.text for p in split("a", "\n\n".join(paragraphs), words, 60)]
    assert found == paragraphs
