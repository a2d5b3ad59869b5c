"""Large forms against brute force: whatever is added, edited and removed, and whatever a filter
lets through, to the last item; and words found as the lexical table finds them."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.article import Article
from index.library import Library
from index.search import Filter
from index.storing import building
from index.storing.building import Limits
from index.storing.candidates.words import Words
from tests.fakes import FakeEncoder
from tests.index.storing.killing.builds import builds

NOW = Limits(vectors=5, words=5, built="here")
NEVER = Limits(
    vectors=5, words=5, built="never"
)  # nothing is built: what is missing is found all the same
DAY = date(2024, 5, 1)
WORDS = "minister copper grain rail harbour trade strike budget storm election".split()  # noqa: SIM905


def made(number: int, seed: int) -> Article:
    chance = random.Random(seed)
    text = "\n\n".join(
        " ".join(chance.choices(WORDS, k=12)).capitalize() + "."
        for _ in range(chance.randint(1, 4))
    )
    return Article(
        id=f"a{number}",
        title=f"Report {number}",
        text=f"{text}\n\nSeen on day {seed}.",
        source=chance.choice(["The Mail", 'O "1"', None]),
        published=chance.choice([DAY + timedelta(days=number % 7), None]),
    )


def among(library: Library, filter: Filter) -> set[str]:
    """The articles that a filter lets through, by looking at each."""
    return {
        head.id
        for head in library.heads()
        if (filter.since is None or (head.published is not None and head.published >= filter.since))
        and (
            filter.until is None or (head.published is not None and head.published <= filter.until)
        )
        and (not filter.sources or head.source in filter.sources)
        and (not filter.articles or head.id in filter.articles)
    }


def everything(library: Library, query: str, mode: str, filter: Filter) -> dict[str, set[int]]:
    """By article, where the passages that a search finds begin."""
    found: dict[str, set[int]] = {}
    vector = FakeEncoder().encode([query])[0]
    with library._store.read() as db:
        candidates = library._candidates
        candidates.catch_up(db)
        if mode == "dense":
            scored = candidates.dense(db, vector, 10_000, filter)
        else:
            scored = candidates.lexical(db, query, 10_000, filter)
        assert [s for _, s in scored] == sorted((s for _, s in scored), reverse=True)
        assert len({n for n, _ in scored}) == len(scored)
        for n, _ in scored:
            id, start = db.execute(
                "SELECT a.id, p.start FROM passages p JOIN articles a ON a.n = p.article"
                " WHERE p.n = ?",
                [n],
            ).fetchone()  # (none: a passage that is gone was found)
            found.setdefault(id, set()).add(start)
    return found


days = st.none() | st.integers(-1, 8).map(lambda n: DAY + timedelta(days=n))
filters = st.builds(
    Filter,
    since=days,
    until=days,
    sources=st.sets(st.sampled_from(["The Mail", 'O "1"', "nobody"])).map(frozenset),
    articles=st.sets(st.integers(0, 9).map(lambda n: f"a{n}"), max_size=3).map(frozenset),
)
numbers = st.integers(0, 9)
steps = st.lists(
    st.tuples(st.just("put"), numbers, st.integers(0, 99))
    | st.tuples(st.just("remove"), numbers, st.just(0))
    | st.tuples(st.just("edit"), numbers, st.integers(0, 6))
    | st.tuples(st.just("search"), numbers, st.just(0)),
    min_size=1,
    max_size=14,
)


@pytest.mark.parametrize("limits", [NOW, NEVER], ids=["built at once", "built later"])
@given(steps=steps, filter=filters, word=st.sampled_from(WORDS))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_all_that_is_there_and_let_through_is_found_and_nothing_else(
    limits: Limits, steps: list[tuple[str, int, int]], filter: Filter, word: str
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "l", FakeEncoder(), create=True, limits=limits) as library,
    ):
        for n in range(4):
            library.put(made(n, n))
        for step, number, value in steps:
            if step == "put":
                library.put(made(number, value))
            elif step == "remove":
                library.remove([f"a{number}"])
            elif step == "search":
                everything(library, word, "lexical", Filter())
            elif library.article(f"a{number}") is not None:
                library.edit(f"a{number}", published=DAY + timedelta(days=value), source="Ed")
        for one in (filter, Filter()):
            allowed = among(library, one)
            passages = {
                id: {p.start: p.text for p in library.passages(id)} for id in sorted(allowed)
            }
            dense = everything(library, word, "dense", one)
            assert dense == {id: set(held) for id, held in passages.items() if held}
            lexical = everything(library, word, "lexical", one)
            right = {
                id: {start for start, text in held.items() if word in text.casefold()}
                for id, held in passages.items()
            }
            assert lexical == {id: held for id, held in right.items() if held}


def counts(library: Library) -> tuple[int, int]:
    with library._store.read() as db:
        library._candidates.catch_up(db)
        found = library._candidates.counts(db)
    return found.dense, found.lexical


def test_words_are_answered_by_the_large_form_once_it_is_built(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NEVER) as library:
        for n in range(8):
            library.put(made(n, n))
        library.put(Article(id="z", title="Flights", text="A zeppelin came. It left again."))
        before = library.search("zeppelins coming", 50, mode="lexical")
        assert building.follow_words(library.path)
        with library._store.read() as db:
            (held,) = db.execute("SELECT count(*) FROM words_docsize").fetchone()
            view = Words(library.path).view(db)
            assert view is not None
            assert len(view) == held == len(view.numbers())
        db_less_words(library.path)
        after = library.search("zeppelins coming", 50, mode="lexical")
        assert after
        assert {h.passage.id for h in after} == {h.passage.id for h in before}
        # the same BM25, but for what weighs a word
        other = {hit.passage.id: hit.lexical for hit in before}
        assert all(hit.lexical == pytest.approx(other[hit.passage.id], rel=0.2) for hit in after)


def db_less_words(folder: Path) -> None:
    """Without its table of words, a library answers from the files alone."""
    with closing(sqlite3.connect(folder / "library.sqlite")) as db:
        db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        db.commit()


def test_phrases_figures_accents_and_endings_are_found(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NOW) as library:
        library.put(Article(id="a", title="Zürich", text="Prices rose 4.5 percent on 17 May."))
        library.put(Article(id="b", title="Rates", text="4 of 5 ministers met on May 3, 17 left."))
        library.put(Article(id="c", title="Cafe\u0301 trade", text="The price of bread in Łódź."))
        for n in range(9):
            library.put(made(n, n))
        everything(library, "price", "lexical", Filter())
        db_less_words(library.path)

        def best(query: str) -> str:
            return library.search(query, 3, mode="lexical")[0].article.id

        assert best("4.5") == "a"
        assert best("what happened on 17 May?") == "a"
        assert best('"price of bread"') == "c"
        assert best("zurich") == "a"
        assert best("café") == "c"
        assert best("trading bread") == "c"
        assert {h.article.id for h in library.search("prices", 9, mode="lexical")} == {"a", "c"}
        assert library.search("?!", 3, mode="lexical") == []
        assert library.search('"title cafe" OR n:0 AND', 9, mode="lexical")  # words, no syntax


def test_a_check_compares_every_byte_of_the_words(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NOW) as library:
        for n in range(8):
            library.put(made(n, n))
            everything(library, "copper", "lexical", Filter())
        library.check()
        (place,) = library.path.glob("words.*/")
        (file, *_) = place.glob("*.pos")
        data = bytearray(file.read_bytes())
        data[len(data) // 3] ^= 1
        file.unlink()  # (another file: what is mapped stays as it is)
        file.write_bytes(data)
        found = library.inspect()
        assert found.nearest
        library.repair(found)
        library.check()
        everything(library, "copper", "lexical", Filter())
        library.check()


def test_damaged_words_cost_time_and_nothing_else(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NEVER) as library:
        for n in range(8):
            library.put(made(n, n))
        building.follow_words(library.path)
        right = everything(library, "copper", "lexical", Filter())
    (place,) = (tmp_path / "l").glob("words.*/")
    for file in [*place.glob("*.*"), tmp_path / "l" / "words.json"]:
        data = file.read_bytes()
        file.unlink()
        file.write_bytes(data[: len(data) // 2])
        with Library.open(tmp_path / "l", FakeEncoder(), limits=NEVER) as library:
            assert everything(library, "copper", "lexical", Filter()) == right
    with Library.open(tmp_path / "l", FakeEncoder(), limits=NOW) as library:
        assert everything(library, "copper", "lexical", Filter()) == right
        assert Words(library.path).view
    assert len(list((tmp_path / "l").glob("words.*/"))) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
def test_killed_while_it_builds_or_follows_it_leaves_the_library_whole(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NEVER) as library:
        for n in range(30):
            library.put(made(n, n))
        for kill in builds(library.path, 8, seed=5, earliest=0.3):
            library.put(made(40 + kill, kill))
            library.remove([f"a{kill}"])
            if kill == 4:
                (library.path / "words.json").unlink()  # from the beginning
            heads = {head.id for head in library.heads()}
            for mode in ("dense", "lexical"):
                assert set(everything(library, "report", mode, Filter())) == heads
        building.follow_words(library.path)
        building.build(library.path)
        assert counts(library) == (library.status().passages,) * 2
        assert len(list(library.path.glob("words.*/"))) == 1
        assert not list(library.path.glob("building.*.tmp"))
