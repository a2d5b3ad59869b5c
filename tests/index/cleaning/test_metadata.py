"""Title, outlet, date and authors: found where they are stated, left open where they aren't."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.cleaning import dates
from index.cleaning.metadata import (
    Metadata,
    from_fields,
    from_name,
    from_text,
    one_line,
    opening,
    people,
    web_address,
)

BODY = (
    "The council voted on Tuesday to reopen the bridge after two years of repairs.\n\n"
    "Engineers had found cracks in four of the nine piers, which took longer than planned."
)
TITLE = "Bridge reopens after two years"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Friday, June 14, 2024", date(2024, 6, 14)),
        ("17 May 2024", date(2024, 5, 17)),
        ("Fri 17 May 2024 10.32 BST", date(2024, 5, 17)),
        ("May 17th, 2024, 10:32 a.m. ET", date(2024, 5, 17)),
        ("Published: 2024-05-17", date(2024, 5, 17)),
        ("2024-05-17T10:32:00Z", date(2024, 5, 17)),
        ("Updated on 3 Sept. 2021", date(2021, 9, 3)),
        ("Thursday, June 14, 2024", None),  # it was a Friday
        ("31 June 2024", None),
        ("05/06/2024", None),  # May or June?
        ("17 May", None),
        ("On 17 May 2024 the bridge was closed", None),
        ("2024", None),
    ],
)
def test_a_date_line_is_nothing_but_a_whole_and_possible_date(
    line: str, expected: date | None
) -> None:
    found = dates.date_line(line)
    assert (found and found[0]) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-17T23:30:00+08:00", date(2024, 5, 17)),
        ("Fri, 17 May 2024 10:00:00 GMT", date(2024, 5, 17)),
        ("May 17, 2024", date(2024, 5, 17)),
        (datetime(2024, 5, 17, 9), date(2024, 5, 17)),
        (date(2024, 5, 17), date(2024, 5, 17)),
        (1715940000, None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (["2024-05-17"], None),
    ],
)
def test_a_field_is_a_date_only_where_it_says_which(value: object, expected: date | None) -> None:
    assert dates.parse(value) == expected


@given(st.text(max_size=60))
def test_parsing_a_date_never_raises(text: str) -> None:
    assert dates.parse(text) is None or isinstance(dates.parse(text), date)


@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)))
def test_dates_come_back_from_the_ways_people_write_them(day: date) -> None:
    month = day.strftime("%B")
    for line in (
        day.isoformat(),
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
    ):
        assert dates.parse(line) == day
        assert dates.parse(f"{day:%A}, {line}") == day or line == day.isoformat()


def test_the_head_of_a_text_gives_title_date_and_author() -> None:
    text = f"{TITLE}\n\nBy Jo Doe and Al Roe\n\n17 May 2024\n\n{BODY}"
    assert from_text(text) == Metadata(TITLE, None, date(2024, 5, 17), ("Jo Doe", "Al Roe"))


def test_a_text_that_starts_with_a_sentence_has_no_title() -> None:
    assert from_text(BODY) == Metadata()


def test_the_masthead_date_of_a_saved_page_is_not_the_articles() -> None:
    saved = f"Friday, June 14, 2024\n\n{TITLE}\n\nShare\n\n{BODY}\n\nLeave a Reply"
    assert from_text(saved).published is None
    assert from_text(saved).title == TITLE
    assert from_text(f"14 June 2024\n\n{TITLE}\n\n{BODY}").published == date(2024, 6, 14)


def test_dates_that_contradict_each_other_give_none_and_a_label_decides() -> None:
    assert from_text(f"{TITLE}\n\n17 May 2024\n\n19 May 2024\n\n{BODY}").published is None
    labelled = f"{TITLE}\n\nPublished 17 May 2024\n\nUpdated 19 May 2024\n\n{BODY}"
    assert from_text(labelled).published == date(2024, 5, 17)
    assert from_text(f"{TITLE}\n\nUpdated 19 May 2024\n\n{BODY}").published is None


def test_a_date_in_the_future_or_within_the_text_is_none() -> None:
    assert from_text(f"{TITLE}\n\n17 May 2099\n\n{BODY}").published is None
    assert (
        from_text(f"{TITLE}\n\n{BODY}\n\n{BODY[::-1]}\n\n17 May 2024\n\n{BODY}").published is None
    )


@pytest.mark.parametrize(
    ("text", "outlet"),
    [
        (f"The Guardian\n\n{TITLE}\n\n{BODY}", "The Guardian"),
        (f"{TITLE} - BBC News\n\n{BODY}", "BBC News"),
        (f"{TITLE}\n\nLONDON, May 17 (Reuters) - {BODY}", "Reuters"),
        (f"{TITLE}\n\n{BODY}\n\n© 2024 The New York Times Company", "The New York Times"),
        (f"{TITLE}\n\n{BODY}\n\nThe Guardian and Reuters reported on it at length.", None),
        (f"{TITLE}\n\n{BODY}\n\n© 2024 Nobody In Particular", None),
    ],
)
def test_the_outlet_is_taken_from_where_outlets_name_themselves(
    text: str, outlet: str | None
) -> None:
    assert from_text(text).source == outlet


def test_the_outlet_at_a_titles_end_is_no_part_of_the_title() -> None:
    assert from_text(f"{TITLE} | Reuters\n\n{BODY}").title == TITLE


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("putin-in-harbin.txt", "Putin in harbin"),
        ("01_bridge_reopens.html", "Bridge reopens"),
        ("000_4eb45eb853cf6df3.txt", None),
        ("d41d8cd98f00b204e9800998ecf8427e.pdf", None),
        ("12345.txt", None),
        ("", None),
    ],
)
def test_a_files_name_is_a_title_where_people_can_read_it(name: str, title: str | None) -> None:
    assert from_name(name) == title


def test_fields_go_by_the_names_people_give_them() -> None:
    record = {"Headline": "A\nB", "publisher": "P", "date": "2024-05-17", "author": "X, Y and Z"}
    assert from_fields(record) == Metadata("A B", "P", date(2024, 5, 17), ("X", "Y", "Z"))
    assert from_fields({"title": {"a": 1}, "date": 3, "authors": None, "url": "javascript:x"}) == (
        Metadata()
    )


def test_what_is_known_first_wins() -> None:
    assert Metadata("a", None) | Metadata("b", "c", authors=("d",)) == Metadata(
        "a", "c", authors=("d",)
    )


def test_people_come_as_text_list_or_objects() -> None:
    assert people("By Jo Doe; Al Roe") == ("Jo Doe", "Al Roe")
    assert people([{"name": "Jo Doe"}, "Al Roe", "Jo Doe", 7.5, None]) == (
        "Jo Doe",
        "Al Roe",
        "7.5",
    )
    assert people("jo@example.org, https://example.org/jo") == ()


def test_addresses_that_are_shown_are_web_addresses() -> None:
    assert web_address(" https://example.org/a?b=c ") == "https://example.org/a?b=c"
    for bad in ("javascript:alert(1)", "file:///etc/passwd", 'https://a.b/"><script>', "x", None):
        assert web_address(bad) is None


@given(st.text(max_size=400))
def test_titles_are_one_visible_line(text: str) -> None:
    line = one_line(text)
    assert line is None or (line == " ".join(line.split()) and 0 < len(line) <= 300)
    assert "\u202e" not in (line or "")
    from_text(text)  # never raises


def test_the_opening_stands_in_for_a_title() -> None:
    assert opening("A short one") == "A short one"
    assert opening("word " * 50) == "word " * 15 + "word…"
