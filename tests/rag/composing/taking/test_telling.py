"""Which sentences are taken, and which days are read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.composing.taking.telling import Telling, sentences
from rag.understanding.filters.days import asked_days, clock, spoken_of

FRIDAY = date(2024, 5, 17)


def hit(text: str, **more: str) -> Hit:
    article = Article(more.get("id", "a"), more.get("title", "A title"), text)
    return Hit(Passage(article.id, 0, len(text), text), article, 1.0, 1, 1.0, None, None, None)


def test_only_whole_statements_are_taken_and_slice_back() -> None:
    text = (
        "12:20 A heading\n\n- The ferry carries 400 people and 60 cars.\n\nWho paid for the new "
        "ferry in Sampleton? Thank you all.\n\nThe ferry was built in Specimen Yard in 2023."
    )
    one = hit(text)
    found = sentences([one, one])
    assert [text[s.start : s.end] for s in found] == [
        "The ferry carries 400 people and 60 cars.",
        "The ferry was built in Specimen Yard in 2023.",
    ]


def test_what_a_correction_takes_back_is_not_taken() -> None:
    wrong = "We wrote that the ferry carries 900 people across the lake."
    right = "In fact the ferry carries 400 people across the lake."
    found = sentences([hit(f"{wrong} {right}", title="Correction – the ferry")])
    assert [s.text for s in found] == [right]


def test_of_two_that_say_the_same_the_first_is_told_and_another_amount_is_another_thing() -> None:
    texts = (
        "Trade between Russia and China grew by 64% in two years.",
        "In two years trade between China and Russia grew by 64%.",
        "Trade between Russia and China grew by 46% in two years.",
    )
    found = [s for n, text in enumerate(texts) for s in sentences([hit(text, id=str(n))])]
    telling = Telling(found, [1.0, 5.0, 1.0])
    assert sorted(telling.order(3)) == [0, 2]
    assert telling.near(0, 2)
    assert not telling.same(0, 2)


@given(st.lists(st.sampled_from(["The cat sat on the old mat.", "Mr Example left Paris in 1999.",
                                 "Ada Sample won 3 medals in Rome."]), max_size=6),
       st.integers(0, 8))  # fmt: skip
def test_each_is_told_at_most_once(texts: list[str], most: int) -> None:
    found = [s for n, text in enumerate(texts) for s in sentences([hit(text, id=str(n))])]
    order = list(Telling(found, [1.0] * len(found)).order(most))
    assert len(order) == min(most, len(set(texts)))
    assert len({found[i].text for i in order}) == len(order)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What happened on 17 May 2024?", (2024, 5, 17), (2024, 5, 17)),
        ("what was in the news on the 21st of May 2023", (2023, 5, 21), (2023, 5, 21)),
        ("what happened on thursday", (2024, 5, 16), (2024, 5, 16)),
        ("yesterday?", (2024, 5, 16), (2024, 5, 16)),
        ("What happened between the 13th and the 15th of May?", (2024, 5, 13), (2024, 5, 15)),
        ("from 28 April to 3 May", (2024, 4, 28), (2024, 5, 3)),
        ("17.05.2024", (2024, 5, 17), (2024, 5, 17)),
        ("events of April 2024", (2024, 4, 1), (2024, 4, 30)),
    ],
)
def test_the_days_of_a_question(
    question: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    assert asked_days(question, FRIDAY) == (date(*first), date(*last))


def test_a_question_without_a_day_has_none() -> None:
    assert asked_days("What happened in Harbin?", FRIDAY) is None
    assert asked_days("It may rain", FRIDAY) is None


def test_the_days_of_a_sentence_are_named_as_it_names_them() -> None:
    text = "On Thursday, 2000 people of the 1900s' town, seized in 1931, met; Xi came on 16 May."
    found = [(n.words, n.first, n.last) for n in spoken_of(text, FRIDAY)]
    assert found == [
        ("Thursday", date(2024, 5, 16), date(2024, 5, 16)),
        ("1900s", date(1900, 1, 1), date(1999, 12, 31)),
        ("1931", date(1931, 1, 1), date(1931, 12, 31)),
        ("16 May", date(2024, 5, 16), date(2024, 5, 16)),
    ]


@given(st.text(max_size=80))
def test_days_of_any_text_slice_back(text: str) -> None:
    for named in spoken_of(text, FRIDAY):
        assert named.words in text
        assert named.first <= named.last


def test_the_time_that_opens_an_entry() -> None:
    assert clock("09:40 Flowers at the memorial") == "09:40"
    assert clock("7.05 Landed") == "07:05"
    assert [clock(t) for t in ("", "At 09:40", "25:10", "3.14159 is pi")] == [""] * 4
