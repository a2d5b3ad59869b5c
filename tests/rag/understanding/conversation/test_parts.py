"""What a question asks: one thing or several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.understanding.conversation.parts import MOST, parts


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (
            "When was the tram opened, and who paid for it?",
            ("When was the tram opened?", "Who paid for it?"),
        ),
        (
            "who built the tram and in which year did it open",
            ("Who built the tram?", "In which year did it open?"),
        ),
        (
            "How long is the line; how many people use it?",
            ("How long is the line?", "How many people use it?"),
        ),
        (
            "Who built it? And when was it opened? Where does it end?",
            ("Who built it?", "And when was it opened?", "Where does it end?"),
        ),
    ],
)
def test_several_questions_are_told_apart(question: str, found: tuple[str, ...]) -> None:
    assert parts(question) == found


@pytest.mark.parametrize(
    "question",
    [
        "When was the tram opened?",
        "Who knows what the minister said and how it ended?",  # told, not asked
        "What is the difference between what Blinken said and what Putin said?",  # one thing
        "How do they differ between what Blinken said and what was agreed?",
        "Who knows what Blinken said and what Putin answered?",
        "Which city built a tram and a bridge?",
        "Who paid for it and why?",  # nothing to look for by itself
        "Was it opened, and who paid for it?",  # a yes or no carries the second
        "The tram and who paid for it",
        "What is A, and what is B in it, and what is C there, and what is D?",  # too many
        "?",
        "",
    ],
)
def test_one_question_is_left_as_it_is(question: str) -> None:
    assert parts(question) == (question,)


@given(st.text(alphabet="who and, ;?Wwhen is", max_size=80))
def test_any_text_gives_one_to_a_few_parts_and_loses_no_word(text: str) -> None:
    found = parts(text)
    assert 1 <= len(found) <= MOST
    if len(found) > 1:
        said = " ".join(found).casefold().replace("?", " ").split()
        kept = [w for w in text.casefold().replace("?", " ").replace(";", " ").split() if w != ","]
        assert [w.strip(",") for w in kept if w.strip(",") not in ("and", "")] == [
            w for w in (word.strip(",") for word in said) if w not in ("and", "")
        ]
