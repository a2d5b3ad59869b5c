"""What every kind of candidates does: the embedded ones in their small and their large forms, those
beside a server's rows, and Milvus by milvus-lite, which speaks the server's protocol. Recall isn't
claimed here: so few passages are all found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from index.errors import DatelineError
from index.library import Library
from index.search import Filter, fuse_ranks
from index.storing.building import STANDARD, Limits
from index.storing.candidates.beside import Beside
from index.storing.candidates.embedded import Embedded
from index.storing.candidates.protocol import Counts
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.postgres import Cluster

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

Open = Callable[[], Library]


LARGE = Limits(vectors=2, words=2, built="here")


@pytest.fixture(params=["embedded", "large", "beside", "milvus"])
def opening(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Beside: the rows are on a PostgreSQL server, and hold no words."""
    address = str(tmp_path / "milvus.db") if request.param == "milvus" else None
    place: Path | str = tmp_path / "library"
    if request.param == "beside":
        monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
        place = request.getfixturevalue("postgres").database()
    limits = LARGE if request.param == "large" else STANDARD
    return lambda: Library.open(
        place, FakeEncoder(), create=True, candidates=address, limits=limits
    )


@pytest.fixture
def library(opening: Open) -> Iterator[Library]:
    with opening() as opened:
        yield opened


def found(library: Library, mode: str, query: str = "report", **fields: object) -> set[str]:
    filter = Filter(**fields)  # type: ignore[arg-type]
    return {hit.article.id for hit in library.search(query, 100, mode=mode, filter=filter)}


def counts(library: Library) -> Counts:
    with library._store.read() as db:
        library._candidates.catch_up(db)
        return library._candidates.counts(db)


MODES = ["dense", "lexical", "fused"]


@pytest.mark.parametrize("mode", MODES)
def test_what_was_added_is_found_and_what_was_removed_is_not(library: Library, mode: str) -> None:
    for n in range(6):
        library.put(article(n))
    assert found(library, mode) == {f"id{n:04d}" for n in range(6)}
    library.remove(["id0002", "id0004"])
    library.put(article(1, title="Another", text="A report of something else."))
    assert found(library, mode) == {"id0000", "id0001", "id0003", "id0005"}
    assert found(library, "lexical", "bridge") == set()
    assert counts(library).dense == library.status().passages == counts(library).lexical


def test_scores_are_those_of_the_rows_and_words_are_found_in_any_form(library: Library) -> None:
    library.put(article(0, title="Zürich", text="The minister is trading copper."))
    library.put(article(1, title="Other", text="Students went home."))
    dense = library.search("trade of copper", mode="dense")
    assert all(hit.score == pytest.approx(hit.dense, abs=1e-3) for hit in dense)
    assert [hit.dense for hit in dense] == sorted((hit.dense for hit in dense), reverse=True)
    assert found(library, "lexical", "the trades") == {"id0000"}
    assert found(library, "lexical", "ZURICH") == {"id0000"}
    assert found(library, "lexical", "“…”?") == set()
    by_word = {hit.article.id: hit.lexical for hit in dense}
    assert (by_word["id0000"] or 0) > 0
    assert by_word["id0001"] is None


@pytest.mark.parametrize("mode", MODES)
def test_filters_come_before_ranking_and_are_right_to_the_last(library: Library, mode: str) -> None:
    for n in range(12):
        published = None if n == 5 else date(2024, 5, 1 + n)
        library.put(article(n, published=published, source=f'O "{n % 3}"' if n else None))
    among = {head.id: head for head in library.heads()}
    since, until, outlet = date(2024, 5, 4), date(2024, 5, 9), 'O "1"'
    dated = {id: head.published for id, head in among.items() if head.published}
    assert found(library, mode, since=since) == {i for i, d in dated.items() if d >= since}
    assert found(library, mode, until=until) == {i for i, d in dated.items() if d <= until}
    of_outlet = {i for i, head in among.items() if head.source == outlet}
    assert found(library, mode, sources=frozenset([outlet])) == of_outlet
    assert found(library, mode, since=since, sources=frozenset([outlet])) == {
        i for i, d in dated.items() if d >= since and i in of_outlet
    }
    assert found(library, mode, sources=frozenset(['" or n > 0 or source == "'])) == set()
    two = frozenset(["id0002", "id0007", "nowhere"])
    assert found(library, mode, articles=two) == {"id0002", "id0007"}
    assert found(library, mode, articles=two, since=since) == {"id0007"}


def test_an_edit_of_date_and_outlet_is_filtered_by(library: Library) -> None:
    library.put(article(1))
    found(library, "fused")
    before = library.passages("id0001")
    library.edit("id0001", source="The Mail", published=date(2020, 1, 1))
    for mode in MODES:
        assert found(library, mode, sources=frozenset(["The Mail"])) == {"id0001"}
        assert found(library, mode, until=date(2020, 2, 1)) == {"id0001"}
    assert library.passages("id0001") == before


def test_they_carry_the_state_they_were_built_from_and_go_on_from_it(opening: Open) -> None:
    with opening() as library:
        for n in range(4):
            library.put(article(n))
        assert counts(library).state is not None
        assert counts(library).state.generation == library.generation  # type: ignore[union-attr]
    with opening() as library:
        library.remove(["id0000"])
        library.put(article(9))
        assert counts(library).dense == library.status().passages
        assert found(library, "fused") == {"id0001", "id0002", "id0003", "id0009"}


_PROCESS = """
import sys
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.postgres import Cluster
folder, address, first, last = sys.argv[1:]
with Library.open(folder, FakeEncoder(), create=True, candidates=address) as library:
    for n in range(int(first), int(last)):
        library.put(article(n))
    found = {hit.article.id for hit in library.search("report", 100, mode="fused")}
    assert found == {f"id{n:04d}" for n in range(int(last))}, found
"""


def test_a_server_that_was_started_anew_goes_on(tmp_path: Path) -> None:
    folder, address = str(tmp_path / "library"), str(tmp_path / "milvus.db")
    for first, last in ((0, 3), (3, 3), (3, 5)):
        done = subprocess.run(
            [sys.executable, "-c", _PROCESS, folder, address, str(first), str(last)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_thrown_away_they_are_made_anew_from_the_rows(opening: Open) -> None:
    with opening() as library:
        for n in range(4):
            library.put(article(n))
        before = {mode: library.search("grain by rail", mode=mode) for mode in MODES}
        library._candidates.discard()
    with opening() as library:
        assert {mode: library.search("grain by rail", mode=mode) for mode in MODES} == before


def test_another_encoder_leaves_nothing_of_the_first(opening: Open) -> None:
    with opening() as library:
        for n in range(3):
            library.put(article(n))
        found(library, "fused")
        library.reindex(FakeEncoder("other", 32))
        hits = library.search("report", mode="dense")
        assert len(hits) == len(library.search("report", 50, mode="dense"))
        assert all(hit.score == pytest.approx(hit.dense, abs=1e-3) for hit in hits)


def kept(file: Path, name: str, request: pytest.FixtureRequest) -> Callable[[], object]:
    """Keeps the rows as they are now; what it gives puts them back."""
    if name.startswith("postgresql://"):
        cluster: Cluster = request.getfixturevalue("postgres")
        return cluster.keep(name)
    data = file.read_bytes()
    return lambda: file.write_bytes(data)


def test_a_history_that_is_another_is_built_anew(
    tmp_path: Path, opening: Open, request: pytest.FixtureRequest
) -> None:
    with opening() as library:
        for n in range(3):
            library.put(article(n))
        name = library.name
    restore = kept(tmp_path / "library" / "library.sqlite", name, request)
    with opening() as library:
        library.remove(["id0000"])
        library.put(replace(article(1), text="A report of another history."))
        found(library, "fused")
    restore()
    with opening() as library:
        assert found(library, "lexical") == {"id0000", "id0001", "id0002"}
        assert found(library, "lexical", "another history") == set()
        assert found(library, "dense") == {"id0000", "id0001", "id0002"}
        assert counts(library).dense == library.status().passages


def test_what_was_cut_off_goes_on(
    opening: Open, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """At the second batch the engine fails; the first isn't lost, and nothing is there twice."""
    if "milvus" not in request.node.name:
        pytest.skip("the embedded ones are followed in memory, at once")
    from index.storing.candidates import beside, milvus

    monkeypatch.setattr("index.storing.candidates.protocol.BATCH", 2)
    engine = beside._Table if "beside" in request.node.name else milvus._Collection
    upsert, calls = engine.upsert, []

    def failing(self: object, entries: list[object]) -> None:
        calls.append(len(entries))
        if len(calls) == 2:
            raise DatelineError("the network is gone")
        upsert(self, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "upsert", failing)
    library = opening()
    for n in range(4):
        library.put(article(n))
    with pytest.raises(DatelineError, match="the network"):
        library.close()  # where it is brought up to date
    library._candidates.close()
    assert len(calls) == 2
    with opening() as library:
        assert found(library, "fused") == {f"id{n:04d}" for n in range(4)}
        assert counts(library).lexical == library.status().passages
        assert sum(calls) == library.status().passages + calls[1]  # only that batch again


def test_an_engine_that_lacks_a_passage_is_told_and_filled_anew(
    library: Library,
) -> None:
    for n in range(3):
        library.put(article(n))
    everything = counts(library)
    assert library.check().problems == []
    if isinstance(
        library._candidates, Embedded | Beside
    ):  # compared vector by vector, word by word
        return
    with library._store.read() as db:
        library._candidates._engine(db).remove([2])  # type: ignore[attr-defined]
    found = library.inspect()
    assert f"are {everything.dense - 1} passages, not {everything.dense}" in found.problems[0]
    library.repair(found)
    assert library.check().problems == []
    assert counts(library) == everything


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatelineError, match="can't be used"):
        Library.open(
            tmp_path / "library",
            FakeEncoder(),
            create=True,
            candidates="http://127.0.0.1:9",
        )


def test_ranks_fused_worked_by_hand() -> None:
    assert fuse_ranks([7, 8], [8, 9]) == pytest.approx(
        {7: 0.5, 8: 0.5 * 61 / 62 + 0.5, 9: 0.5 * 61 / 62}
    )


def test_rows_on_a_server_and_candidates_in_milvus(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    place, address = postgres.database(), str(tmp_path / "milvus.db")
    with Library.open(place, FakeEncoder(), create=True, candidates=address) as library:
        for n in range(5):
            library.put(article(n))
        for mode in MODES:
            assert found(library, mode) == {f"id{n:04d}" for n in range(5)}
        library.remove(["id0001"])
        assert found(library, "fused", sources=frozenset({"Outlet 1"})) == {"id0004"}
        assert counts(library).dense == library.status().passages == 4
        assert library.mentions("the wide river").all == ("id0002",)  # by the file of words
        assert library.check().problems == []
