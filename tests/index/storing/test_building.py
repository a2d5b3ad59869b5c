"""The form of the nearest neighbours follows the size; what is found stays the same."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.library import Library
from index.search import Filter
from index.storing import building, vectors
from index.storing.building import Limits
from index.storing.vectors import Form, VectorIndex
from tests.fakes import FakeEncoder
from tests.index.samples import article
from tests.index.storing.killing.builds import builds

DIMENSION = 16


def unit(count: int, seed: int = 1) -> vectors.Vectors:
    found = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return vectors.unpack([vectors.pack(v) for v in found], DIMENSION)


def made(folder: Path, ids: vectors.Ids, rows: vectors.Vectors) -> Form:
    file = folder / "building.ivf.tmp"
    halves = rows.astype("<f2")
    form = vectors.build(file, ids, halves, "library", 7, "token", "built.1.ivf")
    vectors.swap(folder, file, form)
    return form


def best(
    rows: dict[int, vectors.Vectors], query: vectors.Vectors, k: int
) -> list[tuple[int, float]]:
    """Brute force."""
    scored = [(n, float(v @ query)) for n, v in rows.items()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


def agree(found: list[tuple[int, float]], right: list[tuple[int, float]]) -> None:
    assert [n for n, _ in found] == [n for n, _ in right]
    assert np.allclose([s for _, s in found], [s for _, s in right], atol=2e-3)


@pytest.fixture
def held() -> dict[int, vectors.Vectors]:
    return dict(zip(range(3, 1203, 3), unit(400), strict=True))


@pytest.fixture
def index(tmp_path: Path, held: dict[int, vectors.Vectors]) -> VectorIndex:
    """300 of the 400 built, the rest in the tail."""
    ids = np.array(list(held), dtype=np.int64)
    rows = np.array(list(held.values()))
    form = made(tmp_path, ids[:300], rows[:300])
    found = vectors.read(tmp_path, None, form)
    assert found is not None
    found.add(ids[300:], rows[300:])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_filters_are_right_to_the_last_item_whatever_was_added_and_removed(
    index: VectorIndex, held: dict[int, vectors.Vectors], seed: int
) -> None:
    chance = random.Random(seed)
    gone = chance.sample(sorted(held), 60)
    index.remove(gone[:30])
    index.remove([*gone[20:], 1, 10**9])
    left = {n: v for n, v in held.items() if n not in gone}
    assert sorted(index.ids().tolist()) == sorted(left)
    assert len(index) == len(left)
    query = unit(1, seed + 10)[0]
    for count in (1, 7, 100, len(left)):
        among = np.array(chance.sample(sorted(left), count), dtype=np.int64)
        right = best({n: left[n] for n in among.tolist()}, query, 10)
        agree(index.search(query, 10, among), right)
        every = index.search(query, 10_000, among)
        assert sorted(n for n, _ in every) == sorted(among.tolist())
    assert index.search(query, 5, np.array([gone[0], 2, 10**9], dtype=np.int64)) == []
    assert len(index.search(query, 10_000)) == len(left)
    assert np.allclose(index.vectors(list(left)), np.array(list(left.values())), atol=2e-3)
    with pytest.raises(KeyError):
        index.vectors([gone[0]])


def test_recall_is_measured_and_kept_with_the_form(
    tmp_path: Path, held: dict[int, vectors.Vectors], index: VectorIndex
) -> None:
    form = vectors.form(tmp_path)
    assert form is not None
    assert form == index.form
    assert form.recall >= vectors.RECALL
    assert form.passages == 300
    hits = 0
    rows = dict(list(held.items())[:300])
    for query in unit(50, 77):
        right = {n for n, _ in best(rows, query, 10)}
        alone = vectors.read(tmp_path, None, form)
        assert alone is not None
        hits += len(right & {n for n, _ in alone.search(query, 10)})
    assert hits >= 0.95 * 500


@pytest.mark.parametrize("what", ["head", "short", "gone", "other"])
def test_a_built_file_that_is_not_as_it_was_written_is_not_read(
    tmp_path: Path, index: VectorIndex, what: str
) -> None:
    form = index.form
    assert form is not None
    path = tmp_path / form.name
    data = bytearray(path.read_bytes())
    if what == "head":
        data[form.head // 2] ^= 1
    elif what == "other":
        data[:4] = b"IxFI"
    if what == "gone":
        path.unlink()
    else:
        path.unlink()  # (another file: what is mapped stays as it is)
        path.write_bytes(data[:-1] if what == "short" else data)
    assert vectors.read(tmp_path, None, form) is None
    assert not vectors.is_whole(tmp_path, form)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "../x"}'])
def test_a_description_of_another_form_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "built.json").write_text(text)
    assert vectors.form(tmp_path) is None


# --- a whole library ----------------------------------------------------------------------------


LARGE = Limits(vectors=20, words=20, built="here")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_FROM", 0)
    monkeypatch.setattr("index.storing.candidates.nearest.SAVED_SHARE", 0.0)
    return Library.open(tmp_path / "library", FakeEncoder(), create=True, limits=LARGE)


def fill(library: Library, first: int, count: int) -> None:
    with library.writing():
        for n in range(first, first + count):
            library.put(article(n, paragraphs=10))


def everything(library: Library, filter: Filter | None = None) -> set[str]:
    return {h.article.id for h in library.search("report", 10_000, mode="dense", filter=filter)}


def test_the_form_follows_the_size_and_every_article_is_found(library: Library) -> None:
    fill(library, 0, 2)
    assert library.status().form is None
    fill(library, 2, 10)
    form = library.status().form
    assert form is not None
    assert form.passages == library.status().passages
    assert form.recall >= vectors.RECALL
    fill(library, 20, 1)
    library.remove(["id0003"])
    again = library.status().form
    assert again == form, "a small change is a tail"
    with Library.open(library.path, FakeEncoder()) as other:
        for one in (library, other):
            assert everything(one) == {head.id for head in one.heads()}
            assert "id0003" not in everything(one)
        some = Filter(until=date(2024, 1, 4))
        wanted = {h.id for h in other.heads() if h.published and h.published <= date(2024, 1, 4)}
        assert everything(other, some) == wanted
        other.check()
    fill(library, 40, 20)
    grown = library.status().form
    assert grown is not None
    assert grown != form
    assert everything(library) == {head.id for head in library.heads()}
    assert [p.name for p in library.path.glob("built.*.ivf")] == [grown.name]
    library.check()


def test_a_form_of_another_history_is_not_trusted(library: Library, tmp_path: Path) -> None:
    fill(library, 0, 12)
    library.close()
    backup = (library.path / "library.sqlite").read_bytes()
    with Library.open(library.path, FakeEncoder(), limits=LARGE) as later:
        later.remove([f"id{n:04d}" for n in range(6)])
        fill(later, 30, 12)
        later_form = later.status().form
        assert later_form is not None
    (library.path / "library.sqlite").write_bytes(backup)
    with Library.open(library.path, FakeEncoder()) as restored:
        assert restored.status().form is None
        fill(restored, 60, 1)
        hits = restored.search("report", 10_000, mode="dense")
        assert {h.article.id for h in hits} == {head.id for head in restored.heads()}
        assert all(abs(h.score - h.dense) < 1e-3 for h in hits)


def test_an_unreadable_form_costs_time_and_nothing_else(library: Library) -> None:
    fill(library, 0, 12)
    library.close()
    form = vectors.form(library.path)
    assert form is not None
    (library.path / form.name).unlink()
    with Library.open(library.path, FakeEncoder()) as again:
        assert everything(again) == {head.id for head in again.heads()}
        found = again.inspect()
        assert found.nearest
        again.repair(found)
        again.check()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX systems")
def test_a_build_that_is_killed_leaves_the_form_that_was_there(library: Library) -> None:
    fill(library, 0, 40)
    form = vectors.form(library.path)
    for _ in builds(library.path, 6, seed=3, earliest=0.5):
        now = vectors.form(library.path)
        assert now is not None
        assert vectors.read(library.path, None, now) is not None
        assert vectors.is_whole(library.path, now)
        assert everything(library) == {head.id for head in library.heads()}
    assert form != vectors.form(library.path)
    building.build(library.path)
    assert len(list(library.path.glob("built.*.ivf"))) == 1
    assert not list(library.path.glob("building.*.tmp"))


@pytest.mark.parametrize("step", range(5))
def test_a_file_of_neighbours_that_was_cut_off_is_none_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A check took the new file beside the old manifest for damage."""

    class Killed(BaseException):
        pass

    calls = itertools.count()

    def dying(work: Callable[..., object]) -> Callable[..., object]:
        def worked(*given: object, **named: object) -> object:
            if next(calls) == step:
                raise Killed
            return work(*given, **named)

        return worked

    index = VectorIndex(DIMENSION)
    for generation, vector in enumerate(unit(2), start=1):
        index.add([generation], vector[None])
        with monkeypatch.context() as patched, suppress(Killed):
            if generation == 2:
                for name in ("open", "replace", "unlink"):
                    patched.setattr(Path, name, dying(getattr(Path, name)))
            vectors.write(tmp_path, index, "library", generation, "token")
    made = vectors.manifest(tmp_path)
    assert made is None or vectors.read(tmp_path, made) is not None
