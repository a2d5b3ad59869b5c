"""What a library holds, counted and listed by its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from index.article import Article
from index.holdings import Holding, Mentions, Wanted
from index.library import Library
from index.search import Filter
from index.storing import holdings
from index.storing.places import Place
from tests.fakes import FakeEncoder


def article(
    id: str,
    text: str,
    source: str | None = None,
    published: date | None = None,
    *authors: str,
    title: str = "A title",
    copy_of: str | None = None,
) -> Article:
    return Article(id, title, text, source, published, authors, copy_of=copy_of)


MAY, JUNE = date(2024, 5, 17), date(2024, 6, 1)
ARTICLES = [
    article("a", "Gazprom sold gas. It was organised by Gazprom's people.", "Courier", MAY, "Ada"),
    article("b", "North and south of Korea. The sanctions are old.", "Courier", JUNE, "Ada", "Ben"),
    article("c", "North Korea sent a note.", "Herald", None, "Ben"),
    article("d", "It rained.", None, JUNE, title="Nothing on gazprom", copy_of="a"),
]  # fmt: skip


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    with Library.open(place, FakeEncoder(), create=True) as opened:
        for one in ARTICLES:
            opened.put(one)
        yield opened


def test_all_is_counted(library: Library) -> None:
    assert library.holding() == Holding(4, 1, 1, MAY, JUNE, {"Courier": 2, "Herald": 1})


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), ["b", "d", "a", "c"]),  # the newest first, an original before a copy
        (Wanted(Filter(sources=frozenset({"Courier"}))), ["b", "a"]),
        (Wanted(Filter(since=JUNE)), ["b", "d"]),
        (Wanted(Filter(until=MAY)), ["a"]),
        (Wanted(authors=frozenset({"Ben"})), ["b", "c"]),
        (Wanted(Filter(sources=frozenset({"Courier"})), frozenset({"Ben"})), ["b"]),
        (Wanted(ids=frozenset({"c", "a", "nobody"})), ["a", "c"]),
        (Wanted(ids=frozenset()), []),
        (Wanted(Filter(sources=frozenset({"'; DROP TABLE articles; --"}))), []),
    ],
)
def test_the_wanted_ones_are_listed_and_counted(
    library: Library, wanted: Wanted, ids: list[str]
) -> None:
    assert [head.id for head in library.chosen(wanted)] == ids
    assert [head.id for head in library.chosen(wanted, 1)] == ids[:1]
    assert library.holding(wanted).articles == len(ids)


def test_the_oldest_may_come_first_and_the_undated_last(library: Library) -> None:
    assert [head.id for head in library.chosen(Wanted(), oldest=True)] == ["a", "b", "d", "c"]


def test_authors_are_counted_each(library: Library) -> None:
    assert library.authors() == {"Ada": 2, "Ben": 2}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Gazprom", Mentions(("a", "d"))),  # in a title too; "Gazprom's" is the same word
        ("GAZPROM", Mentions(("a", "d"))),
        ("north korea", Mentions(("c",), (), ("b",))),
        ("sanction", Mentions((), ("b",))),
        ("organs", Mentions()),  # "organised" begins alike
        ("vote", Mentions()),
        ("the note of the north", Mentions((), (), ("c",))),
        ('"; OR * NEAR(', Mentions()),
        ("…", Mentions()),
        ("", Mentions()),
    ],
)
def test_articles_that_mention_words_are_counted_once(
    library: Library, words: str, found: Mentions
) -> None:
    assert library.mentions(words) == found


def test_an_article_is_counted_once_however_many_passages_mention_it(library: Library) -> None:
    library.put(article("e", "\n\n".join(f"Paragraph {n} names Zorbia. " * 40 for n in range(9))))
    assert len(library.passages("e")) > 1
    assert library.mentions("Zorbia") == Mentions(("e",))


def test_what_is_removed_is_no_longer_mentioned(library: Library) -> None:
    library.remove(["a"])
    assert library.mentions("Gazprom") == Mentions(("d",))


def test_where_too_many_mention_it_none_is_read(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings, "_CHECKED", 1)
    assert library.mentions("Gazprom") == Mentions((), ("a", "d"))
    assert library.mentions("North Korea") == Mentions(("c",), (), ("b",))


def test_an_author_is_a_whole_name(library: Library) -> None:
    names = ['Ada "Quick" Smith', "Ada", "Smith", "Ådä\\", "'; --"]
    for n, name in enumerate(names):
        library.put(article(f"n{n}", "Text.", None, None, name))
    for n, name in enumerate(names):
        found = {head.id for head in library.chosen(Wanted(authors=frozenset({name})))}
        assert found - {"a", "b"} == {f"n{n}"}
    assert library.chosen(Wanted(authors=frozenset({"Quick", "da"}))) == []


def test_words_are_held_in_any_form(library: Library) -> None:
    assert library.holds("sanction")
    assert library.holds("North Korea")
    assert library.holds("South of the Koreas")
    assert not library.holds("South Korean notes")
    assert not library.holds("…")
