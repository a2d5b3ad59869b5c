from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.article import Article
from rag import ClaimChecked, Done, Token
from rag.answer import Claim
from rag.composing.comparison import Side, note, sides
from tests.rag.composing.opened import opened

COURIER = Article(
    id="courier",
    title="Harbour traffic up",
    text="Harbour traffic of Port Example grew by 64% from 2021 to 2023.",
    source="Sample Courier",
    published=date(2024, 5, 17),
)
POST = Article(
    id="post",
    title="Harbour traffic loses steam",
    text="Harbour traffic of Port Example grew by 46% from 2021 to 2023, this newspaper counts.",
    source="Example Post",
    published=date(2024, 5, 18),
)
ASKED = "How do the Courier and the Post differ on how much harbour traffic of Port Example grew?"


SOURCES = ("Sample Courier", "Example Post", "BBC News", "The Guardian")


@pytest.mark.parametrize(
    ("query", "first", "second"),
    [
        (
            "Which was bigger, trade between Russia and China in 2021 or in 2023?",
            Side("2021", "trade between Russia and China in 2021?"),
            Side("2023", "trade between Russia and China in 2023?"),
        ),
        (
            "Compare the BBC and the Guardian on Harbin.",
            Side("BBC", "Harbin.", frozenset({"BBC News"})),
            Side("Guardian", "Harbin.", frozenset({"The Guardian"})),
        ),
        (
            "how do the BBC and the Guardian describe Harbin",
            Side("BBC", "how do the BBC describe Harbin", frozenset({"BBC News"})),
            Side("Guardian", "how do the Guardian describe Harbin", frozenset({"The Guardian"})),
        ),
        (
            "Who was there first, Barack Obama or King Philippe?",
            Side("Barack Obama", "Who was there first, Barack Obama?"),
            Side("King Philippe", "Who was there first, King Philippe?"),
        ),
        (
            "difference between what Putin said and what Xi said",
            Side("Putin", "difference between what Putin said"),
            Side("Xi", "difference between what Xi said"),
        ),
        (
            "Compare Moscow and Beijing.",
            Side("Moscow", "Compare Moscow."),
            Side("Beijing", "Compare Beijing."),
        ),
        (
            "How do Moscow and Beijing describe the Power of Siberia?",
            Side("Moscow", "How do Moscow describe the Power of Siberia?"),
            Side("Beijing", "How do Beijing describe the Power of Siberia?"),
        ),
    ],
)
def test_a_side_is_the_question_without_the_other(query: str, first: Side, second: Side) -> None:
    assert sides(query, SOURCES) == (first, second)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "How large is it?",
        "Was the harvest better this year than last?",
        "Compare Ann and Bo and Carl.",  # which two?
        "Did Ann leave? Bo stayed.",
        "Who was there in 2021?",
        "Does Blinken agree with Wang Wenbin?",  # on what?
    ],
)
def test_a_question_without_two_names_has_no_sides(query: str) -> None:
    assert sides(query, SOURCES) is None


def test_each_outlet_says_it_in_its_own_words_and_the_difference_is_derived(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, COURIER, POST, judged={"grew": 0.999}) as assistant:
        events = list(assistant.stream(ASKED, kind="comparison"))
    assert not any(isinstance(event, Token) for event in events)
    done = events[-1]
    assert isinstance(done, Done)
    answer = done.answer
    assert [(claim.label, claim.text) for claim in answer.claims] == [
        ("Courier", COURIER.text),
        ("Post", POST.text),
    ]
    assert [e.claim.label for e in events if isinstance(e, ClaimChecked)] == [
        "Courier",
        "Post",
    ]
    assert answer.note == "64% is 18 percentage points more than 46%."
    assert answer.text.split("\n") == [
        f"- Courier: {COURIER.text} [1]",
        f"- Post: {POST.text} [2]",
        answer.note,
    ]
    for claim, article in zip(answer.claims, (COURIER, POST), strict=True):
        [citation] = claim.citations
        assert citation.article == article
        assert article.text[citation.start : citation.end] == citation.quote


def test_a_side_without_anything_is_named(tmp_path: Path) -> None:
    with opened(
        tmp_path,
        COURIER,
        judged={"Courier and": 0.001, "Ann Ruritania": 0.001, "grew": 0.999, "Courier": 0.999},
    ) as assistant:
        answer = assistant.ask(
            "How do the Courier and Ann Ruritania count harbour traffic of Port Example?",
            kind="comparison",
        )
    assert not answer.abstained
    assert "“Ann Ruritania”" in answer.note
    assert COURIER.text in answer.text


def test_without_two_sides_the_question_is_asked_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path, COURIER, judged={"grew": 0.999}) as assistant:
        answer = assistant.ask("By how much grew harbour traffic?", kind="comparison")
        nothing = assistant.ask("What colour is the moon of Ruritania?", kind="comparison")
    assert [(claim.label, claim.text) for claim in answer.claims] == [("", COURIER.text)]
    assert answer.note == ""
    assert nothing.abstained


def claim(text: str, label: str, **more: object) -> Claim:
    return Claim(text, more.pop("verdict", "stated"), 1.0, label=label, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        claim("It grew by 46%.", "B", verdict="check this"),
        claim("It grew by 46%.", "B", shown=False),
        claim("It grew by 46%.", "B", lacking=((11, 14),)),
        claim("It grew by 46%.", "A"),
    ],
)
def test_nothing_is_derived_from_what_is_not_sure(other: Claim) -> None:
    assert note([claim("It grew by 64%.", "A"), claim("It grew by 46%.", "B")], ())
    assert note([claim("It grew by 64%.", "A"), other], ()) == ""
