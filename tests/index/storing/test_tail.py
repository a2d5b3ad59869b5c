"""What came since the files of words were written, searched beside them: against files made of
everything, to the same passages, order and scores."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import Article, Head
from index.library import Library
from index.search import Filter
from index.storing import building
from index.storing.building import Limits
from index.storing.candidates import protocol, word_index, words
from index.storing.candidates.tail import Came, Tail, idf
from index.storing.candidates.words import View, Words
from tests.fakes import FakeEncoder

NEVER = Limits(vectors=5, words=5, built="never")
EVERY = Filter()
DAY = date(2024, 5, 1)
SAID = re.split(
    r"(?<=\.) ",
    "The minister sold 4.5 tonnes of copper. The harbour at Łódź was closed on 17 May. Grain came "
    "by rail, and the rail strike went on. Ministers met about grain prices. A storm took the "
    "harbour's cranes. The election budget was cut. Copper rose, rose and rose again. Nobody came "
    "to Zu\u0308rich.",
)
QUERIES = [
    "minister", "the price of grain", '"rail strike"', "4.5 tonnes", "on 17 May", "lodz harbour",
    "copper rose rose", "Jean-Pierre", "zeppelin", "election budget storm grain rail copper", "?!",
    "ministers price prices", "quagga", "zurich", "came to Z\u00fcrich"
]  # fmt: skip


def made(n: int, length: int = 20, extra: str = "") -> Article:
    chance = random.Random(n)
    text = "\n\n".join(
        " ".join(chance.choices(SAID, k=chance.randint(1, length))) for _ in range(3)
    )
    return Article(
        id=f"a{n:03d}",
        title=f"{chance.choice(SAID)} {n}",
        text=f"{text}{extra}",
        source=f"Outlet {n % 3}" if n % 4 else None,
        published=DAY + timedelta(days=n % 9) if n % 5 else None,
    )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Forty articles, in files of words; whatever comes goes into the tail."""
    with Library.open(tmp_path / "l", FakeEncoder(), create=True, limits=NEVER) as opened:
        for n in range(40):
            opened.put(made(n))
        building.follow_words(opened.path)
        yield opened


def view(library: Library, reader: Words | None = None) -> View:
    with library._store.read() as db:
        found = (reader or Words(library.path)).view(db)
    assert found is not None
    return found


def whole(library: Library) -> View:
    """Of files made of everything."""
    copy = library.path.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(library.path, copy)
    for file in (*copy.glob("words.*/*"), copy / "words.json"):
        file.unlink()
    building.follow_words(copy)
    with Library.open(copy, FakeEncoder(), limits=NEVER) as other:
        found = view(other)
    assert found.behind == 0
    return found


def articles(library: Library, found: View, query: str, filter: Filter = EVERY) -> set[str]:
    """Whose passages are found. (None: one that is gone.)"""
    with library._store.read() as db:
        return {
            db.execute(
                "SELECT a.id FROM passages p JOIN articles a ON a.n = p.article WHERE p.n = ?", [n]
            ).fetchone()[0]
            for n, _ in found.search(query, 500, filter)
        }


def agree(one: View, other: View, filter: Filter = EVERY, rel: float = 0.02) -> None:
    """The same passages with the same scores, within a tolerance: the average length of a passage
    is that of the files. In the same order, but for those whose scores are nearer than that."""
    for query in QUERIES:
        found, right = one.search(query, 500, filter), dict(other.search(query, 500, filter))
        assert {n for n, _ in found} == set(right), query
        assert dict(found) == pytest.approx(right, rel=rel)
        for (n, score), (m, next_score) in pairwise(found):
            assert (-score, n) < (-next_score, m)
            assert right[n] > right[m] * (1 - rel)
        numbers = [n for n, _ in found][::2]
        assert one.scores(query, numbers) == pytest.approx({n: right[n] for n in numbers}, rel=rel)
        assert found[:3] == one.search(query, 3, filter)


def same(one: View, other: View) -> None:
    """The same passages, whatever their scores: words of what is gone are counted in the files
    until they are merged."""
    for query in QUERIES:
        found = {n for n, _ in one.search(query, 500, EVERY)}
        assert found == {n for n, _ in other.search(query, 500, EVERY)}, query


def test_files_and_tail_find_what_files_of_everything_do(library: Library) -> None:
    reader = Words(library.path)
    for n in range(40, 52):
        library.put(made(n))
        assert view(library, reader).numbers() == view(library).numbers()
    found = view(library, reader)
    assert found.behind
    assert len(found) == library.status().passages
    agree(found, whole(library))


def test_of_one_average_length_scores_are_the_same(library: Library) -> None:
    """Nearly: the files count the note of what they were built from as a passage without words."""
    for n in range(40):  # the same texts once more, under other names
        library.put(replace(made(n), id=f"b{n}"))
    agree(view(library), whole(library), rel=0.003)


def test_a_word_that_many_new_passages_have_weighs_what_it_does_in_all(library: Library) -> None:
    for n in range(40, 50):
        library.put(made(n, extra=" A zeppelin came. Zeppelins, a quagga: Jean-Pierre's."))
    library.put(made(60, extra=" A storm."))
    found = view(library)
    agree(found, whole(library))
    assert len(found.search("quagga", 50, Filter())) == 10


def test_what_is_removed_and_corrected_changes_at_once(library: Library) -> None:
    reader = Words(library.path)
    for n in range(40, 50):
        library.put(made(n))
    view(library, reader)
    library.remove(["a003", "a041", "a049"])  # of the files, of the tail, the tail's last
    library.put(made(5, extra=" A quagga."))
    library.put(made(42, extra=" A quagga."))
    library.edit("a044", published=DAY, source="Ed")
    found = view(library, reader)
    assert len(found) == library.status().passages
    assert found.numbers() == whole(library).numbers()
    assert articles(library, found, "quagga") == {"a005", "a042"}
    same(found, whole(library))
    of_ed = Filter(since=DAY, until=DAY, sources=frozenset(["Ed"]))
    assert articles(library, found, "44", of_ed) == {"a044"}


@pytest.mark.parametrize(
    "filter",
    [
        Filter(since=DAY + timedelta(days=4)),
        Filter(until=DAY + timedelta(days=3)),
        Filter(since=DAY + timedelta(days=2), until=DAY + timedelta(days=2)),
        Filter(sources=frozenset(["Outlet 1", "nobody"])),
        Filter(articles=frozenset(["a007", "a045", "a046", "nowhere"])),
        Filter(until=DAY + timedelta(days=6), sources=frozenset(["Outlet 2"])),
    ],
)
def test_a_filter_is_right_to_the_last_item(library: Library, filter: Filter) -> None:
    for n in range(40, 60):
        library.put(made(n))
    agree(view(library), whole(library), filter)


def test_a_search_that_began_earlier_sees_what_there_was(library: Library) -> None:
    reader = Words(library.path)
    library.put(made(40, extra=" A quagga."))
    view(library, reader)
    with library._store.read() as before:
        before.execute("SELECT count(*) FROM passages").fetchone()  # (now it begins)
        library.remove(["a040"])
        library.put(made(41, extra=" A quagga."))
        assert articles(library, view(library, reader), "quagga") == {"a041"}
        earlier = reader.view(before)
        assert earlier is not None
        (first,) = earlier.search("quagga", 9, EVERY)
        assert first[0] in earlier.numbers()
        building.follow_words(library.path)  # files that are newer than the search
        assert articles(library, view(library), "quagga") == {"a041"}
        again = reader.view(before)
        assert again is not None
        assert again.search("quagga", 9, EVERY) == [first]
    assert articles(library, view(library, reader), "quagga") == {"a041"}
    assert view(library, reader).behind == 0


def test_the_tail_of_another_history_is_thrown_away(library: Library) -> None:
    copy = library.path.with_name("kept.sqlite")
    reader = Words(library.path)
    library.put(made(40, extra=" A quagga."))
    view(library, reader)
    library.close()
    shutil.copy(library.path / "library.sqlite", copy)
    with Library.open(library.path, FakeEncoder(), limits=NEVER) as other:
        other.put(made(41, extra=" An okapi."))
        assert articles(other, view(other, reader), "okapi") == {"a041"}
    for left in library.path.glob("library.sqlite*"):
        left.unlink()
    shutil.copy(copy, library.path / "library.sqlite")
    with Library.open(library.path, FakeEncoder(), limits=NEVER) as other:
        other.put(made(42, extra=" A zeppelin."))  # with the numbers and the generation of another
        found = view(other, reader)
        assert articles(other, found, "zeppelin") == {"a042"}
        assert articles(other, found, "quagga") == {"a040"}
        assert articles(other, found, "okapi") == set()


def test_where_the_tail_would_be_too_long_the_table_answers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST", 5)
    library.put(made(40, extra=" A quagga."))
    assert articles(library, view(library), "quagga") == {"a040"}
    for n in range(41, 46):
        library.put(made(n))
    with library._store.read() as db:
        assert Words(library.path).view(db) is None
    assert {hit.article.id for hit in library.search("quagga", mode="lexical")} == {"a040"}
    building.follow_words(library.path)
    assert articles(library, view(library), "quagga") == {"a040"}


def test_files_that_a_killed_process_left_half_way_go_on_with_a_tail(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_index, "_COMMITTED", 1)
    monkeypatch.setattr(protocol, "BATCH", 8)
    for n in range(40, 50):
        library.put(made(n))
    library.remove(["a001", "a042"])
    upsert, done = word_index.Writing.upsert, []

    def cut_off(engine: word_index.Writing, entries: list[protocol.Entry]) -> None:
        done.append(1)
        if len(done) > 1:
            raise OSError("the power went")
        upsert(engine, entries)

    with monkeypatch.context() as patch:
        patch.setattr(word_index.Writing, "upsert", cut_off)
        with pytest.raises(OSError, match="power"):
            building.follow_words(library.path)
    reader = Words(library.path)
    library.remove(["a043", "a048"])
    library.put(made(51))
    for _ in range(2):
        found, right = view(library, reader), whole(library)
        assert found.numbers() == right.numbers()
        same(found, right)
        building.follow_words(library.path)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
def test_killed_while_the_files_follow_and_the_library_grows(library: Library) -> None:
    reader, chance = Words(library.path), random.Random(3)
    for n in range(40, 48):
        child = subprocess.Popen(
            [sys.executable, "-m", "index.storing.building", library.path, "words"]
        )
        library.put(made(n, extra=f" Only{n}."))
        library.remove([f"a{n - 40:03d}"])
        assert articles(library, view(library, reader), f"only{n}") == {f"a{n:03d}"}
        try:
            child.wait(chance.uniform(0.0, 0.6))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        child.wait()
        found = view(library, reader)
        assert len(found) == len(found.numbers()) == library.status().passages
        agree(found, view(library))
    assert found.numbers() == whole(library).numbers()


def test_while_files_follow_a_writer_that_goes_on_a_short_tail_is_left(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow, rounds = words._follow, []

    def slow(*given: object) -> None:
        rounds.append(1)
        follow(*given)  # type: ignore[arg-type]
        library.put(made(50 + len(rounds)))

    monkeypatch.setattr(words, "_follow", slow)
    library.put(made(40))
    building.follow_words(library.path)
    assert len(rounds) == 1
    assert view(library).behind == len(library.passages("a051"))
    monkeypatch.setattr(words, "SHORT", 0)
    monkeypatch.setattr(words, "_ROUNDS", 4)
    building.follow_words(library.path)
    assert len(rounds) == 5
    assert view(library).numbers() == whole(library).numbers()


def test_a_library_asks_for_files_that_lack_much(library: Library) -> None:
    here = Limits(vectors=5, words=5, built="here")
    with Library.open(library.path, FakeEncoder(), limits=here) as large:
        large.put(made(40))
        large.search("grain")
        assert view(large).behind == len(large.passages("a040"))  # not worth it yet
        for n in range(41, 60):
            large.put(made(n))
        large.search("grain")
        assert view(large).behind == 0
    assert not building.words_wanted(1_000, 10**6)
    assert building.words_wanted(1_001, 10**6)


# --- the tail by itself ---------------------------------------------------------------------------


def tail(*texts: str) -> Tail:
    head = Head(id="a", title="on trade")
    return Tail(str.split).grown([Came(n, head, "", text) for n, text in enumerate(texts, 7)])


def test_bm25_by_hand() -> None:
    held = tail("copper fell", "copper and copper rose", "grain")
    # 10 passages in all, 3 with copper: ln(1 + 7.5 / 3.5); of average length 4
    weight = idf(10, 3)
    assert weight == pytest.approx(1.145132)
    scores = held.scores([(("copper",), weight)], 4.0)
    # 4 words of 4: 2.2 / (1 + 1.2); 6 of 4: 2.2 · 2 / (2 + 1.2 · (.25 + .75 · 1.5))
    assert scores == pytest.approx([weight * 1.0, weight * 4.4 / 3.65, 0.0])
    best = held.best(scores, 5, EVERY)
    assert [n for n, _ in best] == [8, 7]
    assert held.best(scores, 1, EVERY) == best[:1]
    assert held.best(scores, 5, Filter(articles=frozenset(["b"]))) == []
    assert held.count("copper") == 2
    assert held.count("nowhere") == 0


def test_equal_scores_are_in_order_of_number() -> None:
    held = tail("grain", "copper", "copper", "copper")
    scores = held.scores([(("copper",), 1.0)], 3.0)
    assert [n for n, _ in held.best(scores, 9, EVERY)] == [8, 9, 10]


def test_a_phrase_stays_within_a_text() -> None:
    held = tail("rose and rose", "trade copper", "copper trade")  # each called "on trade"
    assert held.scores([(("trade", "rose"), 1.0)], 4.0).tolist() == [0, 0, 0]
    assert held.scores([(("on", "trade"), 1.0)], 4.0).all()
    assert (held.scores([(("trade", "copper"), 1.0)], 4.0) > 0).tolist() == [False, True, False]
    assert (held.scores([(("copper", "trade", "on"), 1.0)], 4.0) > 0).any() is np.False_


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=9), min_size=1, max_size=6),
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=3),
    st.integers(0, 6),
)
def test_words_are_counted_as_by_looking(
    texts: list[list[str]], clause: list[str], cut: int
) -> None:
    head = Head(id="a", title="")
    came = [Came(n, head, "", " ".join(text)) for n, text in enumerate(texts, 1)]
    held = Tail(str.split).grown(came[:cut]).grown(came[cut:])
    size = len(clause)
    times = [
        sum(text[at : at + size] == clause for at in range(len(text) - size + 1)) for text in texts
    ]
    assert held._times(tuple(clause)).tolist() == times
    assert len(held) == len(texts)


def test_lengths_are_kept_as_the_files_keep_them() -> None:
    texts = [" ".join(["x"] * n) for n in (0, 1, 38, 39, 40, 53, 54, 126, 127, 1000)]
    wanted = [2, 3, 40, 40, 42, 54, 56, 128, 128, 984]
    assert tail(*texts).lengths.tolist() == wanted
