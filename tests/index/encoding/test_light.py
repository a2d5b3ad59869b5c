"""Few texts in numpy and many with sentence-transformers: one encoder, the same vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.encoding import light
from index.encoding.bert import PlainBert
from index.encoding.encoder import Prefixes
from index.encoding.light import FEW, LightEncoder
from index.errors import DatelineError
from tests.fakes import FakeEncoder
from tests.index import small_bert as small

ROOT = Path(__file__).resolve().parents[3]
NAME = "all-MiniLM-L6-v2"
TEXTS = [
    "How large was trade between Russia and China in 2023?",
    "Trade between the two countries reached a record of $240.1 billion in 2023.",
    "A record was reached in trade between the countries.",
    "The ice festival opened in the north.",
    "THE ICE FESTIVAL OPENED IN THE NORTH",
    "The harbour tram opened on November 4, and it cost 212 million crowns.",
    "",
    " \t\r\n ",
    ".",
    "word " * 400,
    "a" * 300,
    "天然气管道 🎉 👩‍👩‍👧",
    "한국어 العربية हिन्दी ไทย",
    "Ångström, naïve CAFÉ, İstanbul, Straße, e\u0301",
    "ﬁ Ⅷ ½ ™ \u00a0\u2009\ufeff",
    "a\x00b\x07c\u200b\ufffd\ue000\x7f",
    "[CLS] [SEP] [MASK] [PAD] [UNK] ##ing",
    "don't U.S.-China 50%…",
]


@pytest.fixture(scope="module")
def folder(model_path: Callable[[str], Path]) -> Path:
    return model_path(NAME)


def modules_after(code: str) -> set[str]:
    """What a process of its own has imported, where opening a socket is an error."""
    whole = f"""
import json, socket, sys
def never(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = never
{code}
print(json.dumps(sorted(sys.modules)))
"""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", whole],
        check=True, cwd=ROOT, env=environment, timeout=400, capture_output=True, text=True,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy"}


def test_few_texts_load_nothing_heavy(tmp_path: Path) -> None:
    small.write(tmp_path)
    loaded = modules_after(f"""
from index.encoding.light import open_encoder
encoder = open_encoder({str(tmp_path)!r})
assert encoder.encode(["a b", "c"]).shape == (2, {small.SIZE})
assert encoder.fits("a b")
""")
    assert not loaded & HEAVY
    assert "tokenizers" in loaded


def test_asking_loads_nothing_heavy(tmp_path: Path) -> None:
    """Articles put in, searched, asked about and checked, in one process."""
    small.write(tmp_path / "model")
    loaded = modules_after(f"""
import faiss, llama_cpp
from pathlib import Path
from index.article import Article
from index.library import Library
from index.encoding.light import open_encoder
from rag.assistant import Assistant
from tests.fakes import fake_reader
import rag.generating.local, rag.opening
encoder = open_encoder({str(tmp_path / "model")!r})
library = Library.open(Path({str(tmp_path / "library")!r}), encoder, create=True)
text = "The harbour tram opened on November 4. It cost 212 million crowns."
library.put(Article("one", "The tram", text))
script = {{"tram": "The harbour tram opened on November 4. [1]"}}
reader = fake_reader(script)
with Assistant(library, reader, reader, encoder) as assistant:
    assert "November" in assistant.ask("When did the harbour tram open?").text
""")
    assert not loaded & HEAVY
    assert loaded >= {"tokenizers", "rag.checking.verdict", "rag.checking.attribute"}


def test_the_number_of_characters_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone: not what was encoded before. And what is for many is opened once."""
    small.write(tmp_path)
    opened: list[Path] = []
    ready = threading.Barrier(4)

    class Large(FakeEncoder):
        def __init__(self, folder: Path, prefixes: Prefixes | None = None) -> None:
            opened.append(folder)
            super().__init__(dimension=small.SIZE)

    class Module:
        SentenceEncoder = Large

    monkeypatch.setitem(sys.modules, "index.encoding.minilm", Module)  # type: ignore[arg-type]
    encoder = LightEncoder(tmp_path, few=20)
    few, many = ["a b c"] * 4, ["a b c"] * 4 + ["d"]
    plain = PlainBert(tmp_path).encode(few)
    assert (encoder.encode(few) == plain).all()
    assert opened == []
    expected = Large(tmp_path).encode(many)
    opened.clear()

    def work() -> None:
        ready.wait()
        assert (encoder.encode(many) == expected).all()
        results.append(True)

    results: list[bool] = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    assert opened == [tmp_path]
    assert (encoder.encode(few) == plain).all()


def test_another_kind_of_model_goes_to_sentence_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "mpnet"}')

    class Module:
        SentenceEncoder = staticmethod(lambda folder, prefixes: ("for", folder, prefixes))

    monkeypatch.setitem(sys.modules, "index.encoding.minilm", Module)  # type: ignore[arg-type]
    assert light.open_encoder(tmp_path) == ("for", tmp_path, None)
    assert light.open_encoder(tmp_path, Prefixes(query="q: "))[2].query == "q: "  # type: ignore[index]


def test_no_model_and_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(DatelineError, match=r"holds no .* model.*models pull"):
        light.open_encoder(tmp_path)
    small.write(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(DatelineError, match=r"is damaged.*models pull"):
        light.open_encoder(tmp_path)


def test_a_full_batch_of_articles_is_many() -> None:
    from index.ingest import BATCH

    assert BATCH * 400 > FEW  # (a passage is some 140 words)


@pytest.mark.models
def test_near_sentence_transformers_own_vectors(folder: Path) -> None:
    from index.encoding.minilm import SentenceTransformer

    reference = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    vectors = PlainBert(folder).encode(TEXTS)
    assert vectors.shape == expected.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert (vectors * expected).sum(axis=1) == pytest.approx(1, abs=1e-5)
    # and so the same order of texts by nearness, where that isn't a tie
    for ours, theirs in zip(vectors @ vectors.T, expected @ expected.T, strict=True):
        assert (np.diff(ours[np.argsort(-theirs)]) <= 1e-5).all()


@pytest.mark.models
def test_both_ways_agree_on_vectors_and_on_what_fits(folder: Path) -> None:
    from index.encoding.minilm import SentenceEncoder

    ours, many = LightEncoder(folder), SentenceEncoder(folder)
    assert (ours.name, ours.dimension) == (many.name, many.dimension) == (NAME, 384)
    # (in bfloat16, on processors that have it, the other is itself at .9999)
    assert ((ours.encode(TEXTS) * many.encode(TEXTS)).sum(axis=1) >= 0.9999).all()
    around = ["word " * n for n in (253, 254, 255)]
    assert [ours.fits(text) for text in around] == [True, True, False]
    assert all(ours.fits(text) == many.fits(text) for text in (*TEXTS, *around))
    assert LightEncoder(folder, few=0).encode(TEXTS) == pytest.approx(many.encode(TEXTS), abs=1e-3)


@pytest.mark.models
def test_many_texts_load_torch_and_fetch_nothing(folder: Path) -> None:
    """Even where the hub's client was imported before, as the chat page does."""
    loaded = modules_after(f"""
import huggingface_hub
from index.encoding.light import FEW, open_encoder
encoder = open_encoder({str(folder)!r})
few = encoder.encode(["The ice festival opened."])
assert "torch" not in sys.modules
many = encoder.encode(["The ice festival opened.", "a" * FEW])
assert many.shape == (2, 384) and few[0] @ many[0] > 0.9999
""")
    assert loaded >= {"torch", "sentence_transformers"}
