"""What every kind of rows does: SQLite's in a folder, and PostgreSQL's on the real server."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.article import Head
from index.errors import DatelineError, LibraryBusy, LibraryMissing
from index.holdings import Wanted
from index.search import Filter
from index.splitting.passages import Passage
from index.storing import copies, health, holdings, listing, rows, schema, versions
from index.storing.database import Database, Rows, State, describe, has_been, meta_of, state_of
from index.storing.places import Place, rows_at
from tests.index.samples import article

ENCODER = {"encoder": "fake", "encoder_sha256": "f" * 64, "dimension": 4}
VECTOR = np.array([[0.5, 0.5, 0.5, 0.5]], dtype=np.float32)


@pytest.fixture
def opened(place: Place) -> Iterator[Callable[[], Rows]]:
    """Opens the rows once more, as another process would; all are closed at the end."""
    made: list[Rows] = []

    def another() -> Rows:
        made.append(rows_at(place))
        return made[-1]

    yield another
    for one in made:
        one.close()


@pytest.fixture
def held(opened: Callable[[], Rows]) -> Rows:
    made = opened()
    made.create(ENCODER)
    return made


def put(db: Database, n: int, **fields: object) -> None:
    said = article(n, **fields)  # type: ignore[arg-type]
    whole = Passage(said.id, 0, len(said.text), said.text)
    rows.insert(db, None, said, [whole], VECTOR)


def ids(db: Database) -> list[str]:
    return sorted(head.id for head in listing.heads(db, None, 0))


def test_there_is_nothing_until_it_is_made(opened: Callable[[], Rows]) -> None:
    made = opened()
    assert not made.exists()
    with pytest.raises(LibraryMissing, match=r"there is no library at '.*dateline --library"):
        made.verify()
    made.create(ENCODER)
    assert made.exists()
    assert made.verify() == made.layout == schema.LAYOUT
    with made.read() as db:
        meta = meta_of(db)
        assert {name: meta[name] for name in ENCODER} == ENCODER
        assert meta["generation"] == 0
        assert has_been(db, state_of(db))
    made.create({**ENCODER, "encoder": "other"})  # it is there, and stays
    with opened().read() as db:
        assert meta_of(db) == meta


def test_two_that_make_it_at_once_make_one(opened: Callable[[], Rows]) -> None:
    both = [opened(), opened()]
    threads = [threading.Thread(target=one.create, args=[ENCODER]) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = []
    for one in both:
        with one.read() as db:
            found.append(meta_of(db)["library"])
    assert found[0] == found[1]


def test_an_article_comes_back_and_is_replaced_and_goes(held: Rows) -> None:
    with held.write() as db:
        put(db, 1)
        put(db, 2, authors=("Ana «x» Reyes", 'B"o'), url="https://e.org/?a=%s&b=?", source="A % B")
    with held.read() as db:
        row = db.execute(f"{rows.ARTICLES} WHERE a.id = ?", ["id0002"]).fetchone()
        assert rows.article_of(row) == article(
            2, authors=("Ana «x» Reyes", 'B"o'), url="https://e.org/?a=%s&b=?", source="A % B"
        )
        (first,) = db.execute("SELECT n FROM passages ORDER BY n LIMIT 1").fetchone()
        (vector,) = db.execute("SELECT vector FROM passages WHERE n = ?", [first]).fetchone()
        assert np.frombuffer(vector, "<f2").tolist() == VECTOR[0].tolist()
    with held.write() as db:
        put(db, 1, text="Zebras.")
    with held.read() as db:
        numbers = [n for (n,) in db.execute("SELECT n FROM passages ORDER BY n")]
        assert first not in numbers, "a number is never given out twice"
        assert db.execute("SELECT n FROM removed").fetchall() == [(first,)]
        assert [v.text for v in versions.versions_of(db, "id0001")] == [article(1).text]
    with held.write() as db:
        assert rows.delete(db, "id0001")
        assert not rows.delete(db, "nobody")
    with held.write() as db:
        put(db, 3)
    with held.read() as db:
        assert ids(db) == ["id0002", "id0003"]
        assert versions.versions_of(db, "id0001") == []
        (highest,) = db.execute("SELECT max(n) FROM passages").fetchone()
        assert highest > max(numbers)


def test_a_write_that_raises_is_undone_whole(held: Rows) -> None:
    with held.write() as db:
        put(db, 1)
    with held.read() as db:
        before = state_of(db)

    def fail() -> None:
        with held.write() as db:
            put(db, 2)
            put(db, 1, text="Changed.")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with held.read() as db:
        assert state_of(db) == before
        assert ids(db) == ["id0001"]
        assert versions.versions_of(db, "id0001") == []
    with held.write() as db:
        put(db, 2)
    with held.read() as db:
        assert ids(db) == ["id0001", "id0002"]


def test_a_mistake_in_a_statement_is_undone_and_said_in_a_sentence(held: Rows) -> None:
    def fail() -> None:
        with held.write() as db:
            put(db, 1)
            db.execute("INSERT INTO articles (nothing) VALUES (?)", [1])

    with pytest.raises(DatelineError, match=r"as it was before.*--debug"):
        fail()
    with held.read() as db:
        assert ids(db) == []
        assert meta_of(db)["generation"] == 0


def test_a_snapshot_stays_while_others_write(held: Rows, opened: Callable[[], Rows]) -> None:
    with held.write() as db:
        put(db, 1)
    other = opened()
    with held.read() as db:
        before = state_of(db)
        with other.write() as writing:
            put(writing, 2)
            rows.delete(writing, "id0001")
        assert ids(db) == ["id0001"]
        assert state_of(db) == before
    with held.read() as db:
        assert ids(db) == ["id0002"]
        assert has_been(db, before)
        assert state_of(db).generation == before.generation + 1


def test_every_write_has_a_number_and_a_token_but_for_those_that_change_nothing(
    held: Rows,
) -> None:
    seen: list[State] = []
    for counted in (True, True, False, True):
        with held.write(counted=counted) as db:
            pass
        with held.read() as db:
            seen.append(state_of(db))
    assert [state.generation for state in seen] == [1, 2, 2, 3]
    assert len({state.token for state in seen}) == 3
    with held.read() as db:
        assert all(has_been(db, state) for state in seen)
        assert not has_been(db, State(seen[0].library, 1, seen[1].token))
        assert not has_been(db, State("another", 1, seen[0].token))
        assert not has_been(db, State(seen[0].library, 9, seen[0].token))


def test_writers_come_one_after_the_other(held: Rows, opened: Callable[[], Rows]) -> None:
    """Whatever locks they forget to take: numbers come in the order in which they are seen."""
    seen: list[tuple[int, int]] = []
    failed: list[BaseException] = []

    def write(rows_: Rows, first: int) -> None:
        try:
            for n in range(first, first + 15):
                with rows_.write() as db:
                    put(db, n)
                    generation = meta_of(db)["generation"]
                    (number,) = db.execute("SELECT max(n) FROM passages").fetchone()
                    seen.append((generation, number))
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=write, args=[one, first])
        for one, first in ((held, 100), (opened(), 200), (held, 300))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [generation for generation, _ in sorted(seen)] == list(range(1, 46))
    assert [number for _, number in sorted(seen)] == sorted(number for _, number in seen)


WRITER = """
import sys
from index.storing.places import rows_at
rows = rows_at(sys.argv[1])
with rows.lock().held():
    print("held", flush=True)
    sys.stdin.readline()
rows.close()
"""


@pytest.fixture
def writer(place: Place, held: Rows) -> Iterator[subprocess.Popen[str]]:
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    yield other
    other.kill()
    other.wait()


def test_the_lock_is_one_process_s_and_says_whose(
    held: Rows, writer: subprocess.Popen[str]
) -> None:
    def take() -> None:
        with held.lock().held():
            pass

    with pytest.raises(LibraryBusy, match=rf"process {writer.pid}\b.* is writing to"):
        take()
    with pytest.raises(LibraryBusy), held.lock().held(wait=0.05):
        pass
    assert writer.stdin is not None
    writer.stdin.close()
    with held.lock().held(wait=60), held.lock().held():  # any of a process's threads, counted
        last: list[str] = []
        with held.lock().held(last=lambda: last.append("not yet")):
            pass
        assert last == []


def test_the_lock_goes_with_a_process_that_dies(held: Rows, writer: subprocess.Popen[str]) -> None:
    writer.kill()
    writer.wait()
    with held.lock().held(wait=60):
        pass


def test_what_is_listed_is_in_the_same_order_everywhere(held: Rows) -> None:
    """By bytes, whatever the server's own order of letters is; those without a date last."""
    titles = ["b", "B", "ä", "a", "Z", "é", "10", "9"]
    with held.write() as db:
        for n, title in enumerate(titles):
            put(db, n, title=title, published=None if n % 2 else date(2024, 5, 1), source=title)
    with held.read() as db:
        heads: list[Head] = listing.heads(db, None, 0)
        assert [h.title for h in heads] == sorted(titles[::2], key=str.encode) + sorted(
            titles[1::2], key=str.encode
        )
        assert [h.id for h in listing.heads(db, 3, 2)] == [h.id for h in heads[2:5]]
        assert list(listing.sources(db)) == sorted(titles, key=str.encode)
        assert listing.newest(db, date(2024, 6, 1)) == date(2024, 5, 1)
        assert listing.undated(db, Filter(since=date(2024, 1, 1), sources=frozenset("BZ"))) == 1
        wanted = Wanted(Filter(until=date(2024, 5, 1)), ids=frozenset({"id0000", "id0002", "x"}))
        assert holdings.holding(db, wanted).articles == 2
        assert holdings.holding(db, Wanted(ids=frozenset())).articles == 0
        chosen = holdings.chosen(db, wanted, None, oldest=True)
        assert [h.id for h in chosen] == ["id0000", "id0002"]
        assert {h.id for h in listing.since(db, 0).added} == {f"id{n:04d}" for n in range(8)}
        assert listing.since(db, 1).added == []


def test_authors_are_found_by_their_whole_name(held: Rows) -> None:
    with held.write() as db:
        put(db, 1, authors=("Ana Reyes", "Bo %Lind"))
        put(db, 2, authors=("Ana Reyes-Bo",))
    with held.read() as db:
        assert holdings.authors(db) == {"Ana Reyes": 1, "Bo %Lind": 1, "Ana Reyes-Bo": 1}
        for names, found in (({"Ana Reyes"}, ["id0001"]), ({"ana reyes"}, []),
                             ({"Bo %Lind", "Ana Reyes-Bo"}, ["id0001", "id0002"])):  # fmt: skip
            chosen = holdings.chosen(db, Wanted(authors=frozenset(names)), None, oldest=True)
            assert sorted(h.id for h in chosen) == found


def test_near_copies_are_known(held: Rows) -> None:
    whole = " ".join(f"word{n} of this{n * 7} report" for n in range(60))
    with held.write() as db:
        put(db, 1, text=whole)
        put(db, 2, text="Quite another matter. " * 20)
    with held.read() as db:
        assert copies.original_of(db, "id0003", whole + " And a new end.") == "id0001"
        assert copies.original_of(db, "id0001", whole) is None
        assert copies.original_of(db, "id0003", "Nothing of the kind was said here. " * 9) is None


def test_what_is_described_can_be_changed(held: Rows) -> None:
    with held.write(counted=False) as db:
        describe(db, {"dimension": 8, "encoder": "other"})
    with held.read() as db:
        meta = meta_of(db)
        assert (meta["dimension"], meta["encoder"]) == (8, "other")


def test_it_is_compared_and_what_is_wrong_is_named(held: Rows, tmp_path: Path) -> None:
    with held.write() as db:
        put(db, 1)
        put(db, 2)
    with held.read() as db:
        assert health.inspect(db, tmp_path).problems == []
        assert health.sample(db) == (2, None)
    with held.write() as db:
        db.execute(
            "UPDATE texts SET text = 'Never said.' WHERE article ="
            " (SELECT n FROM articles WHERE id = ?)",
            ["id0002"],
        )
    with held.read() as db:
        assert health.inspect(db, tmp_path).articles == ["id0002"]
        assert health.sample(db)[1] == "id0002"


def test_it_is_filled_whole_or_not_at_all(held: Rows, opened: Callable[[], Rows]) -> None:
    from index.errors import UsageError

    with pytest.raises(UsageError, match="holds a library already"), held.filling():
        pass


def test_a_filling_that_fails_leaves_nothing(opened: Callable[[], Rows]) -> None:
    made = opened()

    def fail() -> None:
        with made.filling() as db:
            db.execute("INSERT INTO meta VALUES ('library', 'x')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not made.exists()
    if made.home is not None:
        left = {file.name for file in made.home.iterdir()}
        assert left <= {"writer.lock", "writer.pid"}
    made.create(ENCODER)
    assert made.verify() == made.layout


def test_closed_it_says_so(held: Rows) -> None:
    held.close()

    def read() -> None:
        with held.read():
            pass

    with pytest.raises(DatelineError, match="is closed; open it again"):
        read()
