"""Which times of a question say when articles were published; the reference is Saturday,
18 May 2024."""

from __future__ import annotations

from datetime import date

import pytest

from rag.understanding.filters.times import times

TODAY = date(2024, 5, 18)


def d(text: str | None) -> date | None:
    return date(2024, *map(int, text.split("-"))) if text else None


# The phrase, the first and the last day (of 2024) or none.
READ: dict[str, tuple[str, str | None, str | None]] = {
    # relative: from the first day on
    "What happened in Harbin last month?": ("last month", "4-1", None),
    "What did Putin say yesterday?": ("yesterday", "5-17", None),
    "What was said in yesterday's speech?": ("yesterday", "5-17", None),
    "What was announced the day before yesterday?": (
        "the day before yesterday", "5-16", None
    ),
    "What was announced this week about the pipeline?": ("this week", "5-13", None),
    "Who won at the weekend, this weekend I mean?": ("this weekend", "5-18", None),
    "Last week, what did the ministers agree on?": ("Last week", "5-6", None),
    "LAST WEEK WHAT DID THEY AGREE ON?": ("LAST WEEK", "5-6", None),
    "What was agreed in the past two weeks?": ("the past two weeks", "5-4", None),
    "What was agreed over the last 10 days?": ("the last 10 days", "5-8", None),
    "What was agreed over the last few days?": ("the last few days", "5-11", None),
    "What came out within the past 48 hours?": ("the past 48 hours", "5-16", None),
    "Which banks closed in the past month?": ("the past month", "4-18", None),
    "What happened three days ago in Harbin?": ("three days ago", "5-15", None),
    "How large was the harvest this year?": ("this year", "1-1", None),
    "What happened today in Beijing?": ("today", "5-18", None),
    "What did the mayor say last night?": ("last night", "5-17", None),
    "What has changed since last week?": ("last week", "5-6", None),
    # published: all of the period
    "What do articles from May 2023 say?": ("from May 2023", None, None),
    "What do articles from April 2024 say?": ("from April 2024", "4-1", "4-30"),
    "What do articles in april say?": ("in april", "4-1", "4-30"),
    "What do articles since 3 May say?": ("since 3 May", "5-3", None),
    "What do articles after 3 May 2024 say?": ("after 3 May 2024", "5-4", None),
    "What do articles from 3 May onwards say?": ("from 3 May onwards", "5-3", None),
    "Which articles published before June 2024 name her?": (
        "before June 2024", None, "5-31"
    ),
    "Which articles about gas published until 9 May 2024 name her?": (
        "until 9 May 2024", None, "5-9"
    ),
    "Which news reports from early March 2024 name her?": (
        "from early March 2024", "3-1", "3-31"
    ),
    "What was in the news on 2024-05-03?": ("on 2024-05-03", "5-3", "5-3"),
    "What was in the news on Friday 3 May?": ("on Friday 3 May", "5-3", "5-3"),
    "What was in the news on Tuesday?": ("on Tuesday", "5-14", "5-14"),
    "What was in the news this week?": ("this week", "5-13", None),
    "What was in the papers last month?": ("last month", "4-1", "4-30"),
    "What were yesterday's headlines?": ("yesterday", "5-17", "5-17"),
    "What do last week's articles say about gas?": ("last week", "5-6", "5-12"),
    "What do the April 2024 articles say?": ("April 2024", "4-1", "4-30"),
    "What was in the news two weeks ago?": ("two weeks ago", "5-1", "5-7"),
    "According to reports from last week, who left?": (
        "from last week", "5-6", "5-12"
    ),
    "What did newspapers report on 3 May?": ("on 3 May", "5-3", "5-3"),
}  # fmt: skip


@pytest.mark.parametrize("question", READ)
def test_times_that_are_about_articles(question: str) -> None:
    phrase, since, until = READ[question]
    [found] = times(question, TODAY)
    assert question[found.start : found.end] == phrase
    if "2023" in question:
        assert (found.since, found.until) == (date(2023, 5, 1), date(2023, 5, 31))
    else:
        assert (found.since, found.until) == (d(since), d(until))


@pytest.mark.parametrize(
    "question",
    [
        # the date is a part of what is asked
        "When did Japan seize Harbin in 1931?",
        "How large was trade between Russia and China in 2023?",
        "By how much did trade grow from 2021 to 2023?",
        "In which year was the institute founded?",
        "What happened in Harbin in March 2024?",
        "How many people have died since May 2024?",
        "What was signed between 3 and 10 May 2024?",
        "How many cases were reported in May 2024?",
        "Which study was published in 2019?",
        "When does the contract that was signed before June end?",
        "Is the plan that was agreed ten years ago still alive?",
        "What did he decide on Thursday, 16 May 1968?",
        "What did Fox News in 2020 pay the company?",
        "How free was the press in 2020?",
        "How many newspapers in 2023 closed?",
        "What does Article 5 of the treaty of 1949 say?",
        # a time in a story
        "What happened in the last week of the war?",
        "Who led the party in the last two weeks before the vote?",
        "Who spoke on the last day?",
        "Who became defence minister in the week of the visit?",
        # compared with, or bound to
        "Was trade higher than last year?",
        "Is trade this year higher than last year?",
        "How does that compare with last month?",
        "How much has it grown from last month?",
        # nowadays, the future
        "Who runs the bank today?",
        "How many people live there today?",
        "What will happen next week?",
        "What will happen tomorrow?",
        # names and titles
        "What did the host say on Last Week Tonight?",
        "what did he say on last week tonight?",
        "What was decided on Bloody Sunday?",
        "Who was on Saturday Night Live?",
        "Who died on Friday the 13th?",
        "What does the council do on Tuesdays?",
        "Was there a this-week-only offer?",
        # a weekday is told of, and articles of other days tell it
        "What did Putin say on Thursday in Beijing?",
        "What did he say last Saturday?",
        "what has changed since monday?",
        # from one day to another: half of it would be wrong
        "What was reported between 3 and 10 May 2024?",
        "What was reported from April to June?",
        "What do articles from April and June say?",
        "What was reported on June 3-10, 2024?",
        # what is no date
        "What do articles from 31 June 2024 say?",
        "May the march last weekly?",
        "What news may the articles in may be hiding?",
    ],
)
def test_times_that_are_left_alone(question: str) -> None:
    assert times(question, TODAY) == ()


def test_what_an_outlet_reported_on_a_day_was_published_then() -> None:
    question = "What did the Guardian report last week about what Reuters wrote on Monday?"
    outlets = [
        (at, at + len(name)) for name in ("Guardian", "Reuters") for at in [question.index(name)]
    ]
    both = times(question, TODAY, outlets)
    assert [question[t.start : t.end] for t in both] == ["last week", "on Monday"]
    assert [(t.since, t.until) for t in both] == [
        (date(2024, 5, 6), date(2024, 5, 12)),
        (date(2024, 5, 13), date(2024, 5, 13)),
    ]
    [found] = times(question, TODAY)
    assert (found.since, found.until) == (date(2024, 5, 6), None)


def test_a_possessive_day_before_an_outlet_is_its_day() -> None:
    [found] = times("What did Tuesday's Guardian say?", TODAY, [(19, 27)])
    assert (found.since, found.until) == (date(2024, 5, 14), date(2024, 5, 14))


def test_relative_times_move_with_the_reference() -> None:
    [found] = times("What happened last month?", date(2025, 1, 2))
    assert found.since == date(2024, 12, 1)
