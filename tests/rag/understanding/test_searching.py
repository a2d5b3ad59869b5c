"""The Assistant with what its questions say of times and outlets; models are stand-ins.

The library ends on 17 May 2024, so "last week" is the week before that Friday's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from index.search import Filter
from rag import Answer, Assistant, Done, Searching
from tests.fakes import FakeEncoder, fake_reader


def article(id: str, text: str, source: str, published: date | None) -> Article:
    return Article(id, id.title(), text, source, published)


ARTICLES = [
    article(
        "old", "Port Example handled 300 ships in a week.", "The Sample Courier", date(2024, 4, 2)
    ),
    article("week", "Port Example handled 420 ships in a week.", "Specimen Wire", date(2024, 5, 8)),
    article(
        "new", "Port Example handled 510 ships in a week.", "The Sample Courier", date(2024, 5, 17)
    ),
    article("undated", "Port Example handled 99 ships in a week.", "Specimen Wire", None),
]


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    encoder = FakeEncoder(dimension=512)
    library = Library.open(tmp_path / "library", encoder, create=True)
    for each in ARTICLES:
        library.put(each)
    reader = fake_reader(judged={"Sample Courier report": 0.99})
    with Assistant(library, reader, reader, encoder) as opened:
        yield opened


def ids(answer: Answer) -> set[str]:
    return {hit.article.id for hit in answer.hits}


def searches(assistant: Assistant, question: str, **how: object) -> list[Searching]:
    events = assistant.stream(question, **how)  # type: ignore[arg-type]
    return [event for event in events if isinstance(event, Searching)]


def test_a_time_of_the_question_narrows_the_search_and_is_told(assistant: Assistant) -> None:
    question = "How many ships did Port Example handle last week?"
    answer = assistant.ask(question)
    assert ids(answer) == {"week", "new"}
    assert answer.filter == Filter(since=date(2024, 5, 6))
    assert answer.to_dict()["filter"] == {
        "since": "2024-05-06",
        "until": None,
        "sources": [],
        "found": ["last week"],
        "dropped": [],
        "preferred": None,
    }
    [event] = searches(assistant, question)
    assert (event.filter, event.reading) == (answer.filter, answer.reading)


def test_an_outlet_narrows_the_search_by_its_own_name(assistant: Assistant) -> None:
    answer = assistant.ask("How many ships did Port Example handle, according to specimen wire?")
    assert ids(answer) == {"week", "undated"}
    assert answer.filter == Filter(sources=frozenset({"Specimen Wire"}))


def test_a_question_without_times_searches_everything(assistant: Assistant) -> None:
    answer = assistant.ask("How many ships did Port Example handle in 2023?")
    assert ids(answer) == {"old", "week", "new", "undated"}
    assert answer.to_dict()["filter"]["found"] == []


def test_what_leaves_nothing_is_dropped_times_first(assistant: Assistant) -> None:
    question = "What did the Sample Courier report on Monday about ships?"
    assert [(e.filter, e.reading.dropped) for e in searches(assistant, question)] == [
        (Filter(date(2024, 5, 13), date(2024, 5, 13), frozenset({"The Sample Courier"})), ()),
        (Filter(sources=frozenset({"The Sample Courier"})), ("on Monday",)),
    ]
    answer = assistant.ask(question)
    assert ids(answer) == {"old", "new"}
    assert answer.reading.found == ("Sample Courier",)
    assert answer.reading.dropped == ("on Monday",)
    assert not answer.abstained


def test_with_nothing_left_of_it_the_whole_library_is_searched(assistant: Assistant) -> None:
    answer = assistant.ask("What was in the news on Monday about ships?")
    assert ids(answer) == {"old", "week", "new", "undated"}
    assert answer.filter == Filter()
    assert (answer.reading.found, answer.reading.dropped) == ((), ("on Monday",))


def test_what_is_given_goes_before_what_the_question_says(assistant: Assistant) -> None:
    question = "What did the Sample Courier report last week about ships?"
    given = Filter(until=date(2024, 5, 1), sources=frozenset({"The Sample Courier"}))
    answer = assistant.ask(question, filter=given)
    assert ids(answer) == {"old"}
    assert answer.filter == given
    assert answer.reading.found == ()


def test_what_is_given_is_never_dropped(assistant: Assistant) -> None:
    given = Filter(sources=frozenset({"Nobody's Paper"}))
    answer = assistant.ask("How many ships were there last week?", filter=given)
    assert answer.hits == ()
    assert answer.filter == given
    assert answer.reading.dropped == ("last week",)


def test_the_question_can_be_left_alone(assistant: Assistant) -> None:
    question = "How many ships did Port Example handle last week, according to Specimen Wire?"
    answer = assistant.ask(question, read_filters=False)
    assert ids(answer) == {"old", "week", "new", "undated"}
    assert answer.reading.found == answer.reading.dropped == ()


def test_the_latest_is_the_first_of_its_equals(assistant: Assistant) -> None:
    question = "What is the latest count of ships that Port Example handled in a week?"
    answer = assistant.ask(question)
    assert answer.hits[0].article.id == answer.hits[0].passage.article_id == "new"
    assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4]
    assert answer.context_ids[0] == answer.hits[0].passage.id
    assert answer.to_dict()["filter"]["preferred"] == {
        "phrase": "latest",
        "since": None,
        "until": None,
    }


def test_a_library_that_is_kept_up_is_asked_from_today(assistant: Assistant) -> None:
    before = searches(assistant, "How many ships were there last month?")
    assert before[0].filter.since == date(2024, 4, 1)
    today = date.today()
    fresh = replace(ARTICLES[0], id="fresh", text="Today 12 ships came.", published=today)
    assistant.library.put(fresh)
    first_of_last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    after = searches(assistant, "How many ships were there last month?")
    assert after[0].filter.since == first_of_last_month


def test_an_article_from_the_future_moves_nothing(assistant: Assistant) -> None:
    wrong = replace(ARTICLES[0], id="wrong", published=date.today() + timedelta(days=400))
    assistant.library.put(wrong)
    [event] = searches(assistant, "How many ships were there last month?")
    assert event.filter.since == date(2024, 4, 1)


def test_a_follow_up_keeps_what_the_conversation_says(assistant: Assistant) -> None:
    history = [("How many ships came last week?", "420.")]
    events = list(assistant.stream("And how long was it?", history=history))
    first = next(event for event in events if isinstance(event, Searching))
    assert "last week" in first.query
    assert first.reading.found == ("last week",)
    assert isinstance(events[-1], Done)


def test_a_library_without_dates_reads_no_times(tmp_path: Path) -> None:
    encoder = FakeEncoder(dimension=512)
    library = Library.open(tmp_path / "undated", encoder, create=True)
    library.put(ARTICLES[3])
    reader = fake_reader()
    with Assistant(library, reader, reader, encoder) as assistant:
        answer = assistant.ask("How many ships did Port Example handle last week?")
    assert (answer.filter, answer.reading.dropped) == (Filter(), ())
    assert ids(answer) == {"undated"}
