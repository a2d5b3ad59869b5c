"""What becomes of what was named: added, updated, unchanged, duplicate, refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from index.article import Article
from index.errors import LibraryBusy, UsageError
from index.ingest import BATCH, Encoded, Outcome, add, take
from index.library import Library
from index.splitting.passages import split
from index.splitting.search_text import search_texts
from index.storing.places import Place
from tests.fakes import FakeEncoder


class Words:
    def count(self, text: str) -> int:
        return len(text.split())


def report(n: int, sentences: int = 12) -> str:
    """A report that shares no run of five words with another."""
    return "\n\n".join(
        [
            f"The visit of day {n}",
            *(
                f"On day{n} item{k} was number{n * k} among all{n} of the{k} points{n + k} raised."
                for k in range(sentences)
            ),
        ]
    )


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    with Library.open(place, FakeEncoder(), create=True) as opened:
        yield opened


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.txt").write_text(report(n))
    return folder


def run(library: Library, *targets: Path | str, source: str | None = None) -> list[Outcome]:
    return list(add(library, [str(t) for t in targets], source=source, counter=Words()))


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def test_added_then_unchanged_then_updated(library: Library, papers: Path) -> None:
    outcomes = run(library, papers, source="The Sample")
    assert statuses(outcomes) == ["added"] * 3
    assert [Path(outcome.origin).name for outcome in outcomes] == ["0.txt", "1.txt", "2.txt"]
    assert {a.source for a in library.articles()} == {"The Sample"}
    generation = library.generation

    assert statuses(run(library, papers, source="The Sample")) == ["unchanged"] * 3
    assert library.generation == generation

    (papers / "1.txt").write_text(report(1) + "\n\nA correction: it was number 77 all along.")
    outcomes = run(library, papers, source="The Sample")
    assert statuses(outcomes) == ["unchanged", "updated", "unchanged"]
    assert len(library) == 3
    assert library.search("correction 77", 1)[0].article == outcomes[1].article


def test_what_is_reported_is_in_the_library_with_its_passages(
    library: Library, papers: Path
) -> None:
    for outcome in run(library, papers):
        assert outcome.article is not None
        assert library.article(outcome.article.id) == outcome.article
        passages = library.passages(outcome.article.id)
        assert len(passages) == outcome.passages > 0
        encoder = library.encoder
        assert isinstance(encoder, FakeEncoder)
        for text in search_texts(outcome.article, passages, encoder.fits):
            assert text in encoder.encoded


def test_a_near_copy_is_kept_as_a_copy_of_the_first(library: Library, papers: Path) -> None:
    (papers / "3.txt").write_text(report(1) + "\n\nOne more line was added at the end.")
    (papers / "4.txt").write_text(report(1))
    outcomes = run(library, papers)
    assert statuses(outcomes) == ["added", "added", "added", "duplicate", "duplicate"]
    original = outcomes[1].article
    assert original is not None
    for outcome in outcomes[3:]:
        assert outcome.article is not None
        assert outcome.article.copy_of == original.id
        assert outcome.reason == f"a copy of '{original.title}'"
    assert statuses(run(library, papers)) == ["unchanged"] * 5
    assert library.status().copies == 2


def test_an_original_that_changes_does_not_become_a_copy_of_its_copy(
    library: Library, papers: Path
) -> None:
    (papers / "3.txt").write_text(report(1))
    run(library, papers)
    (papers / "1.txt").write_text(report(1) + "\n\nAn addition.")
    outcomes = run(library, papers)
    assert statuses(outcomes) == ["unchanged", "updated", "unchanged", "unchanged"]
    assert [a.copy_of is None for a in library.articles()].count(False) == 1
    original = outcomes[1].article
    assert original is not None
    assert original.copy_of is None


def test_copies_of_an_original_that_says_something_else_part_from_it(
    library: Library, papers: Path
) -> None:
    (papers / "3.txt").write_text(report(1) + "\n\nOne more line was added at the end.")
    (papers / "4.txt").write_text(report(1))
    run(library, papers)
    at = {Path(a.path or "").name: a.id for a in library.articles()}
    first, second, third = at["1.txt"], at["3.txt"], at["4.txt"]
    (papers / "1.txt").write_text(report(9))
    assert statuses(run(library, papers))[1] == "updated"
    copy_of = {a.id: a.copy_of for a in library.articles()}
    assert copy_of[first] is None
    assert copy_of[second] is None  # the oldest that says it now
    assert copy_of[third] == second
    assert library.check().problems == []


def test_copies_of_an_original_that_becomes_a_copy_are_of_what_it_copies(
    library: Library, papers: Path
) -> None:
    (papers / "3.txt").write_text(report(2))  # a copy of 2.txt
    run(library, papers)
    (papers / "2.txt").write_text(report(2) + "\n\n" + report(1))
    run(library, papers)
    originals = {a.id for a in library.articles() if a.copy_of is None}
    assert all(a.copy_of in originals for a in library.articles() if a.copy_of)
    assert library.check().problems == []


def test_a_bad_item_is_refused_and_the_rest_goes_on(library: Library, papers: Path) -> None:
    (papers / "1.txt").write_bytes(b"")
    outcomes = run(library, papers, papers / "nowhere.txt")
    assert statuses(outcomes) == ["added", "refused", "added", "refused"]
    for outcome in outcomes:
        assert (outcome.reason is not None) == (outcome.status == "refused")
        assert (outcome.article is None) == (outcome.status == "refused")
    assert outcomes[3].origin == str(papers / "nowhere.txt")
    assert len(library) == 2


def test_the_same_file_named_twice(library: Library, papers: Path) -> None:
    outcomes = run(library, papers / "0.txt", papers / "0.txt")
    assert statuses(outcomes) == ["added", "unchanged"]


def test_passages_of_many_articles_are_encoded_together(
    library: Library, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.reading.load._TURN_SECONDS", 600)  # one turn, on a slow machine too
    calls: list[int] = []

    class Watching(FakeEncoder):
        def encode(self, texts, kind="passage"):  # type: ignore[no-untyped-def]
            if kind == "passage":
                calls.append(len(texts))
            return super().encode(texts, kind)

    for n in range(3, 80):
        (papers / f"{n}.txt").write_text(report(n, sentences=60))
    with Library.open(papers.parent / "other", Watching(), create=True) as other:
        run(other, papers)
        assert sum(calls) == other.status().passages
    assert len(calls) > 1
    assert all(size >= BATCH for size in calls[:-1])


def test_stopping_early_keeps_what_was_reported_and_frees_the_lock(
    library: Library, papers: Path, place: Place
) -> None:
    outcomes = add(library, [str(papers)], counter=Words())
    first = next(outcomes)
    assert first.article is not None
    with (
        Library.open(place, FakeEncoder()) as second,
        pytest.raises(LibraryBusy),
    ):
        second.remove([first.article.id])
    outcomes.close()  # type: ignore[attr-defined]
    assert library.article(first.article.id) == first.article
    library.check()
    with Library.open(place, FakeEncoder()) as second:
        assert second.remove([first.article.id]) == [first.article.id]


def test_without_an_encoder_nothing_is_added(library: Library, papers: Path, place: Place) -> None:
    with (
        Library.open(place) as plain,
        pytest.raises(UsageError, match="without an encoder"),
    ):
        run(plain, papers)


def test_what_was_encoded_elsewhere_is_written_as_it_is(library: Library) -> None:
    elsewhere = FakeEncoder()
    text = report(4)
    article = Article("aa" * 6, "Elsewhere", text, url="https://a.example/4")
    passages = split(article.id, text, elsewhere.count, fits=elsewhere.fits)
    vectors = elsewhere.encode([f"as no one here would, {p.start}" for p in passages])
    encoded = Encoded(article, passages, vectors)
    turn = [encoded, replace(article, id="bb" * 6, url="https://a.example/5"), encoded]
    assert isinstance(library.encoder, FakeEncoder)
    outcomes = list(take(library, [turn], counter=Words()))
    assert statuses(outcomes) == ["added", "duplicate", "unchanged"]
    assert library.passages(article.id) == passages
    assert library._vectors(article.id) == pytest.approx(vectors, abs=1e-3)
    own = [t for t in library.encoder.encoded if t.startswith("Elsewhere")]
    assert len(own) == len(library.passages("bb" * 6))  # only the article that came without


def test_what_was_encoded_under_another_title_is_encoded_anew(library: Library) -> None:
    article = Article("aa" * 6, "Before", report(4), path="/nowhere/4.txt")
    list(take(library, [[article]]))
    library.edit(article.id, title="As a person wants it")
    corrected = replace(article, text=article.text + "\n\nA correction came in the evening.")
    passages = split(article.id, corrected.text, FakeEncoder().count, fits=FakeEncoder().fits)
    wrong = FakeEncoder().encode(["something else"] * len(passages))
    assert statuses(list(take(library, [[Encoded(corrected, passages, wrong)]]))) == ["updated"]
    changed = library.article(article.id)
    assert changed is not None
    assert changed.title == "As a person wants it"
    right = FakeEncoder().encode(library.search_texts(changed, library.passages(article.id)))
    assert library._vectors(article.id) == pytest.approx(right, abs=1e-3)
