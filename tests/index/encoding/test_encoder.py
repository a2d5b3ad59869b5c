"""The real encoder: unit vectors, near float32's, whole texts only, nothing fetched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.models

NAME = "all-MiniLM-L6-v2"
TEXTS = [
    "Trade between the two countries reached a record.",
    "A record was reached in trade between the countries.",
    "The ice festival opened in the north.",
    "",
    "word " * 400,
    "天然气管道 🎉",
]


@pytest.fixture(scope="module")
def folder(model_path: Callable[[str], Path]) -> Path:
    path = model_path(NAME)
    return path if path.is_dir() else path.parent


@pytest.fixture(scope="module")
def encoder(folder: Path):  # type: ignore[no-untyped-def]
    from index.encoding.minilm import SentenceEncoder

    return SentenceEncoder(folder)


def test_unit_vectors_in_the_order_of_the_texts(encoder) -> None:  # type: ignore[no-untyped-def]
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (6, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    for row, text in zip(vectors, TEXTS, strict=True):
        assert encoder.encode([text])[0] @ row > 0.999
    assert vectors[0] @ vectors[1] > 0.8 > 0.4 > vectors[0] @ vectors[2]
    assert encoder.encode([]).shape == (0, 384)


def test_near_the_float32_vectors(encoder, folder: Path) -> None:  # type: ignore[no-untyped-def]
    from index.encoding.minilm import SentenceTransformer

    reference = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = [text for text in TEXTS if text]
    expected = reference.encode(texts, normalize_embeddings=True)
    assert ((encoder.encode(texts) * expected).sum(axis=1) >= 0.9999).all()


def test_name_is_the_folders(encoder) -> None:  # type: ignore[no-untyped-def]
    assert encoder.name == NAME


def test_fits_says_whether_the_end_of_a_text_counts(encoder) -> None:  # type: ignore[no-untyped-def]
    short, long = "word " * 254, "word " * 255  # and two marks around the text
    assert encoder.fits(short)
    assert not encoder.fits(long)
    one, other = encoder.encode([long + "zebra", long + "copper"])
    assert one @ other > 0.99999  # (which is what fits warns of)


def test_threads_may_share_it(encoder) -> None:  # type: ignore[no-untyped-def]
    expected = encoder.encode(TEXTS)
    results: list[bool] = []

    def work() -> None:
        for _ in range(5):
            encoder.fits("a b c " * 100)
            results.append(bool(np.allclose(encoder.encode(TEXTS), expected, atol=1e-3)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 20


def test_nothing_is_fetched_and_scikit_learn_still_works(folder: Path) -> None:
    """In a process of its own, where opening a socket is an error."""
    code = f"""
import socket
def never(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = never
from index.encoding.minilm import SentenceEncoder
assert SentenceEncoder({str(folder)!r}).encode(["a"]).shape == (1, 384)
import sys
assert "sklearn" not in sys.modules
import sentence_transformers.util.similarity as s
assert s.pairwise_distances([[0.0], [3.0]]).tolist() == [[0.0, 3.0], [3.0, 0.0]]
"""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    from index.encoding.minilm import SentenceEncoder
    from index.errors import DatelineError

    with pytest.raises(DatelineError, match=r"holds no .* model.*models pull"):
        SentenceEncoder(tmp_path)
