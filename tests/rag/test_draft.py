"""Guessing from the prompt what is written next."""

from hypothesis import given
from hypothesis import strategies as st

from rag.draft import PromptLookup


def test_what_followed_the_last_two_tokens_is_guessed() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 6], longest=3)
    lookup.add(9)
    lookup.add(2)
    assert lookup.guess() == []
    lookup.add(3)
    assert lookup.guess() == [4, 5, 6]


def test_a_later_occurrence_wins_and_written_tokens_count() -> None:
    lookup = PromptLookup([1, 2, 7, 1, 2, 8], longest=1)
    for token in (0, 1, 2):
        lookup.add(token)
    assert lookup.guess() == [8]
    for token in (9, 1, 2):
        lookup.add(token)
    assert lookup.guess() == [9]


def test_nothing_is_guessed_of_nothing() -> None:
    lookup = PromptLookup([], longest=4)
    assert lookup.guess() == []
    lookup.add(1)
    lookup.add(1)
    assert lookup.guess() == []


@given(
    st.lists(st.integers(0, 3), max_size=30),
    st.lists(st.integers(0, 3), max_size=10),
    st.integers(0, 5),
)
def test_a_guess_follows_the_same_two_tokens_somewhere_before(
    prompt: list[int], written: list[int], longest: int
) -> None:
    lookup = PromptLookup(prompt, longest)
    for token in written:
        lookup.add(token)
    told = prompt + written
    guess = lookup.guess()
    assert len(guess) <= longest
    if guess:
        pair = told[-2:]
        places = [i for i in range(2, len(told)) if told[i - 2 : i] == pair]
        assert told[max(places) : max(places) + longest] == guess
