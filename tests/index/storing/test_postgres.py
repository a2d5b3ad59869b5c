"""What is of PostgreSQL alone: addresses, errors in a sentence, a server that dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from index.errors import (
    DatelineError,
    LibraryDamaged,
    LibraryMissing,
    LibraryVersion,
    UsageError,
)
from index.library import Library
from index.storing.places import called, folder_of, named, rows_at, there
from index.storing.postgres.address import Address, is_address
from index.storing.postgres.dialect import spoken, tables
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.postgres import Cluster, made


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))


# --- addresses ----------------------------------------------------------------------------------


def test_an_address_is_told_from_a_folder(tmp_path: Path) -> None:
    assert is_address("postgresql://h/db")
    assert is_address("postgres://h/db")
    assert not is_address("postgresql")
    assert not is_address(tmp_path)
    assert named("postgresql://h/db") == "postgresql://h/db"
    assert named("a/b") == Path("a/b")
    with pytest.raises(UsageError, match="as text"):
        is_address(Path("postgresql://h/db"))
    assert called(tmp_path / "x" / ".." / "y") == str((tmp_path / "y").resolve())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://u:geheim@h:5433/db", "postgresql://u@h:5433/db"),
        ("postgres://u:gehe%40im@h/db?sslmode=require", "postgresql://u@h/db?sslmode=require"),
        ("postgresql://h/db?password=geheim&user=u", "postgresql://h/db?user=u"),
        ("postgresql:///db?host=/run/pg&sslpassword=geheim", "postgresql:///db?host=/run/pg"),
    ],
)
def test_a_password_is_never_shown(url: str, name: str) -> None:
    address = Address.of(url)
    assert address.name == name
    assert called(url) == name
    assert "gehe" not in f"{address!r} {address.name} {address.folder()}"
    assert "gehe" not in address.scrubbed(f"no such thing: {url}, or {unquote(url)}")
    assert folder_of(url) == folder_of(name)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:ge@heim@h/db", "postgresql://u:geheim@h/db#x", "postgresql://u:geheim@["],
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError) as told:
        Address.of(url)
    assert "heim" not in str(told.value)


def test_each_library_has_a_folder_of_its_own_here() -> None:
    places = ["postgresql://h/a", "postgresql://h/b", "postgresql://u@h/a", "postgresql://h:1/a"]
    assert len({folder_of(place) for place in places}) == 4
    assert folder_of("postgresql://h/..%2F..%2Fetc").parent == folder_of(places[0]).parent


# --- the dialect --------------------------------------------------------------------------------


def test_statements_are_spoken_as_psycopg_wants_them() -> None:
    assert spoken("SELECT a % 2 FROM t WHERE b = ?") == "SELECT a %% 2 FROM t WHERE b = %s"
    assert "json_array_elements_text(CAST(%s AS json))" in spoken(
        "IN (SELECT value FROM json_each(?))"
    )
    assert not any(
        word in "\n".join(tables()) for word in ("AUTOINCREMENT", "ROWID", "BLOB", "fts5")
    )


# --- what can be wrong --------------------------------------------------------------------------


def refusal(url: str, *, create: bool = False) -> DatelineError:
    with pytest.raises(DatelineError) as told:
        Library.open(url, FakeEncoder(), create=create)
    said = str(told.value)
    assert "geheim" not in said
    assert "\n" not in said
    assert "Traceback" not in said
    return told.value


def test_a_server_that_is_away() -> None:
    for url in ("postgresql://u:geheim@127.0.0.1:9/db", "postgresql://u:geheim@nowhere.invalid/db"):
        said = refusal(url, create=True)
        assert "can't be reached" in str(said)
        assert "see that PostgreSQL runs there" in str(said)
        with pytest.raises(DatelineError, match="can't be reached"):
            there(url)


def test_no_such_database_user_or_library(postgres: Cluster) -> None:
    missing = refusal(postgres.address("nothing"))
    assert isinstance(missing, LibraryMissing)
    assert "no database 'nothing'" in str(missing)
    assert "createdb" in str(missing)
    assert "createuser" in str(refusal(postgres.address("postgres", "stranger")))
    assert isinstance(refusal(postgres.database()), LibraryMissing)
    assert not there(postgres.address("nothing"))


def test_a_wrong_password_and_none(tmp_path: Path) -> None:
    cluster = made()
    try:
        with psycopg.connect(cluster.address("postgres"), autocommit=True) as db:
            db.execute("CREATE USER guarded PASSWORD 'open sesame'")
        rules = cluster.folder / "data" / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\nlocal all dateline trust\n")
        cluster.stop()
        cluster.start()
        bare = cluster.address("postgres", "guarded")
        assert "wants a password" in str(refusal(bare))
        wrong = bare.replace("guarded@", "guarded:geheim@")
        assert "doesn't take this user with this password" in str(refusal(wrong))
        right = bare.replace("guarded@", "guarded:open%20sesame@")
        with psycopg.connect(right) as db:
            assert db.execute("SELECT current_user").fetchone() == ("guarded",)
        assert "may not be used so" in str(refusal(right, create=True))
    finally:
        cluster.remove()


def test_another_s_schema_encoding_and_a_later_layout(postgres: Cluster) -> None:
    url = postgres.database()
    with psycopg.connect(url) as db:
        db.execute("CREATE SCHEMA dateline; CREATE TABLE dateline.t (x int)")
    assert "not of this program" in str(refusal(url, create=True))
    with psycopg.connect(postgres.address("postgres"), autocommit=True) as db:
        db.execute("CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    assert "encoded in LATIN1" in str(refusal(postgres.address("old"), create=True))
    url = postgres.database()
    Library.open(url, FakeEncoder(), create=True).close()
    with psycopg.connect(url) as db:
        db.execute("UPDATE dateline.meta SET value = '99' WHERE name = 'layout'")
    later = refusal(url)
    assert isinstance(later, LibraryVersion)
    assert "version 99" in str(later)
    assert "as good as" in str(later)
    with psycopg.connect(url) as db:
        db.execute("DELETE FROM dateline.meta WHERE name = 'layout'")
    assert isinstance(refusal(url), LibraryDamaged)


def test_other_tables_may_lie_beside(postgres: Cluster) -> None:
    url = postgres.database()
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE articles (mine text)")
    with Library.open(url, FakeEncoder(), create=True) as library:
        library.put(article(1))
        assert len(library) == 1
    with psycopg.connect(url) as db:
        assert db.execute("SELECT count(*) FROM public.articles").fetchone() == (0,)


def test_a_character_that_the_server_cannot_hold_is_said(postgres: Cluster) -> None:
    with Library.open(postgres.database(), FakeEncoder(), create=True) as library:
        library.put(article(1))
        with pytest.raises(DatelineError, match="character NUL"):
            library.put(article(2, text="A\0B."))
        assert [a.id for a in library.articles()] == ["id0001"]
        library.check()


def test_a_standby_can_be_read_and_says_that_it_takes_no_writes(postgres: Cluster) -> None:
    url = postgres.database()
    with Library.open(url, FakeEncoder(), create=True) as library:
        library.put(article(1))
    name = Address.of(url).database
    with psycopg.connect(postgres.address("postgres"), autocommit=True) as db:
        db.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with Library.open(url, FakeEncoder()) as library:
        assert [hit.article.id for hit in library.search("report", 5)] == ["id0001"]
        with pytest.raises(DatelineError, match="can only be read there"):
            library.put(article(2))


def test_without_the_client_it_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from index.library import Library; from index.errors import UsageError\n"
        "try: Library.open('postgresql://h/db')\n"
        "except UsageError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'dateline[postgres]'" in said.stdout


# --- what is derived ----------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["remove", "cut", "garble", "other text"])
def test_the_file_of_words_is_made_anew_where_it_is_not_right(postgres: Cluster, harm: str) -> None:
    import sqlite3

    url = postgres.database()
    with Library.open(url, FakeEncoder(), create=True) as library:
        for n in range(6):
            library.put(article(n))
        assert len(library.search("report", 50, mode="lexical")) == 6
    file = folder_of(url) / "words.sqlite"
    data = file.read_bytes()
    if harm == "remove":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif harm == "garble":
        file.write_bytes(b"not a database, " * 4000)
    else:
        with sqlite3.connect(file) as db:
            db.execute("UPDATE passages SET text = 'Never said.' WHERE n = 2")
        db.close()
        with Library.open(url, FakeEncoder()) as library:
            found = library.inspect()
            assert found.words
            assert library.repair(found) == ["the index of words"]
    with Library.open(url, FakeEncoder()) as library:
        assert len(library.search("report", 50, mode="lexical")) == 6
        library.put(article(7))
        assert len(library.search("report", 50, mode="lexical")) == 7
        assert library.inspect().problems == []


def test_a_second_machine_follows_with_a_folder_of_its_own(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = postgres.database()
    with Library.open(url, FakeEncoder(), create=True) as here:
        for n in range(4):
            here.put(article(n))
        monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "elsewhere"))
        with Library.open(url, FakeEncoder()) as away:
            assert away.path != here.path
            assert {h.article.id for h in away.search("report", 9)} == {
                f"id{n:04d}" for n in range(4)
            }
            here.remove(["id0001"])
            away.put(article(8))
            for library in (here, away):
                ids = {h.article.id for h in library.search("report", 9, mode="lexical")}
                assert ids == {"id0000", "id0002", "id0003", "id0008"}
                library.check()


# --- a server that dies -------------------------------------------------------------------------


@pytest.fixture
def mortal() -> Iterator[Cluster]:
    cluster = made()
    yield cluster
    cluster.remove()


def test_a_connection_that_the_server_closed_is_replaced(mortal: Cluster) -> None:
    with Library.open(mortal.database(), FakeEncoder(), create=True) as library:
        library.put(article(1))
        assert len(library) == 1
        mortal.stop()
        with pytest.raises(DatelineError, match="can't be reached"):
            len(library)
        with pytest.raises(DatelineError, match="can't be reached"):
            library.put(article(2))
        mortal.start()
        assert len(library) == 1
        library.put(article(2))
        assert len(library.search("report", 5)) == 2


def adding(
    url: str,
    first: int,
    least: int,
    reported: set[str],
    enough: threading.Event,
    failed: list[BaseException],
) -> None:
    """Adds articles until something fails; `enough` says that `least` of them are in."""
    try:
        with Library.open(url, FakeEncoder()) as library:
            for n in range(first, first + 5000):
                library.put(article(n, paragraphs=12))
                reported.add(f"id{n:04d}")
                if n >= first + least:
                    enough.set()
    except BaseException as error:
        failed.append(error)
        enough.set()


def test_killed_in_the_middle_of_adding_nothing_reported_is_lost_and_nothing_is_half_there(
    mortal: Cluster,
) -> None:
    """kill -9 of the server and of all that it runs, at moments spread over what a writer does."""
    url = mortal.database()
    reported: set[str] = set()
    Library.open(url, FakeEncoder(), create=True).close()
    for kill in range(5):
        enough = threading.Event()
        failed: list[BaseException] = []

        writer = threading.Thread(
            target=adding, args=[url, 1000 * kill, 3 + 2 * kill, reported, enough, failed]
        )
        writer.start()
        assert enough.wait(120)
        mortal.kill()
        writer.join(120)
        assert len(failed) == 1
        assert isinstance(failed[0], DatelineError)
        assert "can't be reached" in str(failed[0])
        mortal.start()
        with Library.open(url, FakeEncoder()) as library:
            assert library.check().problems == []
            articles = library.articles()
            held = {a.id for a in articles}
            assert reported <= held
            assert len(held - reported) <= 1, "at most the one that was under way"
            for a in articles:
                assert a == article(int(a.id[2:]), paragraphs=12)
                assert " ".join(p.text for p in library.passages(a.id)).split() == a.text.split()
            everything = {p.id for a in articles for p in library.passages(a.id)}
            for mode in ("dense", "lexical"):
                hits = library.search("report", 100_000, mode=mode)
                assert {hit.passage.id for hit in hits} == everything
            reported |= held


CLOSE = """
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND d.datname = current_database()
"""


def test_a_lock_that_was_lost_writes_nothing(postgres: Cluster) -> None:
    """Whoever holds the writer's lock on a connection that was closed, and doesn't know it."""
    url = postgres.database()
    other = rows_at(url)
    with Library.open(url, FakeEncoder(), create=True) as library:
        library.put(article(1))
        with library.writing():
            with psycopg.connect(url, autocommit=True) as db:
                db.execute(CLOSE)
            with (
                other.lock().held(wait=60),  # another may write now
                pytest.raises(DatelineError, match="can't be reached"),
            ):
                library.put(article(2))
        assert [a.id for a in library.articles()] == ["id0001"]
        library.put(article(3))
        assert len(library) == 2
    other.close()
