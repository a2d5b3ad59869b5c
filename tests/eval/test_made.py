"""Libraries made to order: the same however often they were begun, and what is measured of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval.suites.speed.made import PER_ARTICLE, Maker, Pool, fill, pool
from eval.suites.speed.standing import (
    Remembering,
    bytes_a_passage,
    held_vectors,
    opened,
    words_alone,
)
from index.library import Library
from tests.fakes import FakeEncoder

TEXT = " ".join(f"The minister said on day {n} that trade was up again." for n in range(80))


@pytest.fixture
def sentences() -> Pool:
    return pool([TEXT], FakeEncoder())


def test_a_pool_is_made_once_and_read_again(tmp_path: Path, sentences: Pool) -> None:
    kept = tmp_path / "made" / "pool.npz"
    made = pool([TEXT], FakeEncoder(), kept)
    again = pool(
        ["Something else that is long enough to be taken for a sentence."], FakeEncoder(), kept
    )
    assert made.texts == again.texts == sentences.texts
    assert len(made.texts) == 80
    assert np.array_equal(made.vectors, again.vectors)


def test_what_was_left_half_made_is_made_on(tmp_path: Path, sentences: Pool) -> None:
    maker = Maker(sentences)
    held = []
    for name, sizes in (("a", [60]), ("b", [20, 40, 60])):
        for size in sizes:
            with Library.open(tmp_path / name, FakeEncoder(), create=True) as library:
                fill(library, size, maker)
        with Library.open(tmp_path / name) as library:
            assert library.status().passages == 60
            assert {a.source for a in library.articles()} == {f"Outlet {n}" for n in range(3)}
            held.append((library.articles(), held_vectors(library, 64)))
    (articles, vectors), (others, again) = held
    assert articles == others
    assert np.array_equal(vectors, again)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_passages_are_parts_of_their_article_and_vectors_stand_near_real_ones(
    sentences: Pool,
) -> None:
    article, passages, vectors = Maker(sentences).article(3)
    assert len(passages) == len(vectors) == PER_ARTICLE
    assert all(article.text[p.start : p.end] == p.text for p in passages)
    assert all(sentence in sentences.texts for sentence in [passages[0].text.split(". ")[0] + "."])
    nearest = (vectors @ sentences.vectors.T).max(axis=1)
    far = (vectors @ -sentences.vectors.T).max(axis=1)
    assert (nearest > far).mean() > 0.9


def test_a_library_is_opened_in_a_process_of_its_own_and_weighed(
    tmp_path: Path, sentences: Pool
) -> None:
    encoder = Remembering(FakeEncoder())
    with Library.open(tmp_path / "a", encoder, create=True) as library:
        fill(library, 40, Maker(sentences))
        words_alone(library, "trade on a day", 10)
        words_alone(library, "?", 10)
        weighed = bytes_a_passage(library)
        assert weighed["disk"] >= weighed["disk_rows"] > 100
        assert weighed["disk_words"] == 0
        assert weighed["recall"] == 1
        found = opened(library.path, "trade", encoder, "wall")
        assert 0 < found["open_ms"] <= found["first_ms"]
        assert found["own_mb"] > 1


def test_a_query_is_encoded_once(sentences: Pool) -> None:
    class Counting(FakeEncoder):
        calls = 0

        def encode(self, texts, kind="passage"):  # type: ignore[no-untyped-def]
            self.calls += 1
            return super().encode(texts, kind)

    counting = Counting()
    encoder = Remembering(counting)
    first = encoder.encode(["trade"])
    assert np.array_equal(encoder.encode(["trade"]), first)
    assert counting.calls == 1
    encoder.encode(["trade", "ships"])
    encoder.encode(["ships"])
    assert counting.calls == 3
