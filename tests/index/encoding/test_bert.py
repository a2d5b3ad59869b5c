"""PlainBert on a tiny model of random weights: the formulas, the batches, the refusals."""

from __future__ import annotations

import ctypes
import json
import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from index.encoding import bert
from index.encoding.bert import PlainBert
from index.encoding.encoder import Prefixes, prefixes_of
from index.errors import DatelineError
from tests.index import small_bert as small

# one token a letter or piece, [UNK] for what it doesn't know
TEXTS = ["a b c", "", "ABBA cafe", "j " * 40, "d", "a b c d e", "zebra 天", "fig\x00 jad", "h i j"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    return folder, small.write(folder)


@pytest.fixture(scope="module")
def plain(made: tuple[Path, dict[str, Any]]) -> PlainBert:
    return PlainBert(made[0])


def by_the_book(
    weights: dict[str, Any], ids: list[int], first: bool = False
) -> NDArray[np.float64]:
    """One text, token by token and head by head, in float64, with the library's erf."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def dense(x: Any, name: str) -> Any:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt(x.var(axis=1, keepdims=True) + small.EPS)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    gelu = np.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2)
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    wide = small.SIZE // small.HEADS
    for n in range(small.LAYERS):
        at = f"encoder.layer.{n}"
        q, k, v = (dense(x, f"{at}.attention.self.{p}") for p in ("query", "key", "value"))
        heads = []
        for h in range(small.HEADS):
            part = slice(h * wide, (h + 1) * wide)
            e = np.exp(q[:, part] @ k[:, part].T / math.sqrt(wide))
            heads.append(e / e.sum(axis=1, keepdims=True) @ v[:, part])
        mixed = dense(np.concatenate(heads, axis=1), f"{at}.attention.output.dense")
        x = norm(x + mixed, f"{at}.attention.output.LayerNorm")
        widened = gelu(dense(x, f"{at}.intermediate.dense"))
        x = norm(x + dense(widened, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    mean = x[0] if first else x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def tokens(text: str) -> list[int]:
    """As the tiny vocabulary splits them, with the marks, cut to the limit."""
    ids: list[int] = []
    for word in text.replace("\x00", "").lower().split():
        known = all(c in "abcdefghij" for c in word)
        pieces = [word[0], *(f"##{c}" for c in word[1:])] if known else ["[UNK]"]
        ids += [small.WORDS.index(piece) for piece in pieces]
    return [2, *ids[: small.LIMIT - 2], 3]


@pytest.mark.parametrize("at_once", [1, 13, 2048])
def test_vectors_are_the_formulas(
    made: tuple[Path, dict[str, Any]],
    plain: PlainBert,
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is computed at once: by order, by length, by the rows of GELU."""
    monkeypatch.setattr(bert, "_TOKENS", at_once)
    monkeypatch.setattr(bert, "_ROWS", 5)
    expected = np.stack([by_the_book(made[1], tokens(text)) for text in TEXTS])
    vectors = plain.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), plain.dimension) == (9, small.SIZE)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert vectors == pytest.approx(expected, abs=1e-5)


def test_gelu_is_the_exact_one() -> None:
    x = np.linspace(-12, 12, 100_001, dtype=np.float32).reshape(-1, 1)
    expected = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x[:, 0].tolist()]
    assert bert._gelu(x.copy())[:, 0] == pytest.approx(expected, abs=1e-6)
    far = np.array([[-1e30, -1e5, 0, 1e5, 1e30]], np.float32)
    with np.errstate(over="ignore", under="ignore"):
        assert bert._gelu(far.copy()).tolist() == [[0, 0, 0, far[0, 3], far[0, 4]]]


def test_a_product_keeps_to_its_thread(plain: PlainBert) -> None:
    linked = ctypes.CDLL(sys.modules["numpy._core._multiarray_umath"].__file__)
    if not hasattr(linked, "scipy_openblas_get_num_threads64_"):
        pytest.skip("another numpy")
    assert linked.scipy_openblas_get_num_threads64_() == 1


def test_no_texts(plain: PlainBert) -> None:
    assert plain.encode([]).shape == (0, small.SIZE)


def test_name_is_the_folders(plain: PlainBert) -> None:
    assert plain.name == "tiny-bert"


def test_fits_up_to_the_limit(plain: PlainBert) -> None:
    assert plain.fits("a " * (small.LIMIT - 2))  # and two marks around the text
    assert not plain.fits("a " * (small.LIMIT - 1))
    assert plain.fits("")


def test_threads_may_share_it(plain: PlainBert) -> None:
    expected = plain.encode(TEXTS)
    results: list[bool] = []

    def work() -> None:
        for _ in range(20):
            same = np.allclose(plain.encode(TEXTS[::-1])[::-1], expected, atol=1e-6)
            results.append(same and not plain.fits("a " * 50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80


def edited(file: str, **values: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**content, **values}))

    return edit


def modules(*kinds: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        paths = ["", "1_Pooling", "2_More", "3_More"]
        found = [{"path": p, "type": f"a.models.{k}"} for p, k in zip(paths, kinds, strict=False)]
        (folder / "modules.json").write_text(json.dumps(found))

    return edit


POOLING = "1_Pooling/config.json"
OWN = "sentence_bert_config.json"


@pytest.mark.parametrize(
    "edit",
    [
        edited("config.json"),
        edited(POOLING, pooling_mode_mean_tokens=None, pooling_mode="mean"),
        modules("Transformer", "Pooling"),
    ],
)
def test_supports_what_it_computes(tmp_path: Path, edit: Callable[[Path], None]) -> None:
    small.write(tmp_path)
    edit(tmp_path)
    assert PlainBert.supports(tmp_path)
    assert PlainBert(tmp_path).encode(["a"]).shape == (1, small.SIZE)


@pytest.mark.parametrize(
    "edit",
    [
        edited("config.json", model_type="mpnet"),
        edited("config.json", hidden_act="gelu_new"),
        edited("config.json", position_embedding_type="relative_key"),
        edited("config.json", num_attention_heads=5),
        edited("config.json", is_decoder=True),
        edited("config.json", torch_dtype="bfloat16"),
        edited(POOLING, pooling_mode_cls_token=True),
        edited(POOLING, pooling_mode_max_tokens=True),
        edited(POOLING, pooling_mode="max"),
        edited(OWN, max_seq_length=None),
        edited(OWN, max_seq_length=small.PLACES + 1),
        edited(OWN, do_lower_case=True),
        modules("Transformer"),
        modules("Transformer", "Pooling", "Dense", "Normalize"),
        modules("Transformer", "Pooling", "LayerNorm"),
        lambda folder: (folder / "tokenizer.json").unlink(),
        lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "modules.json").write_text("{}"),
        lambda folder: (folder / "config_sentence_transformers.json").write_text(
            '{"default_prompt_name": "query"}'
        ),
    ],
)
def test_supports_nothing_else(tmp_path: Path, edit: Callable[[Path], Any]) -> None:
    small.write(tmp_path)
    edit(tmp_path)
    assert not PlainBert.supports(tmp_path)
    with pytest.raises(DatelineError, match="only sentence-transformers"):
        PlainBert(tmp_path)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    assert not PlainBert.supports(tmp_path / "none")
    with pytest.raises(DatelineError, match=r"holds no .* model.*models pull"):
        PlainBert(tmp_path)


def cut(name: str, to: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:to])


def without(name: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        weights = small.write(folder)
        del weights[name]
        save_file(weights, folder / "model.safetensors")

    return edit


@pytest.mark.parametrize(
    "damage",
    [
        cut("model.safetensors", 0),
        cut("model.safetensors", 500),
        cut("model.safetensors", -4),
        lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 4000),
        without("encoder.layer.1.output.dense.bias"),
        edited("config.json", intermediate_size=41),
        edited("config.json", vocab_size=3),
        edited("config.json", num_hidden_layers=3),
        cut("tokenizer.json", 90),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
    ],
)
def test_a_damaged_model_says_what_to_do(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    small.write(tmp_path)
    damage(tmp_path)
    with pytest.raises(DatelineError, match=r"is damaged \(.+\).*models pull") as caught:
        PlainBert(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_the_first_token_instead_of_the_mean_where_the_folder_says_so(
    tmp_path: Path,
) -> None:
    weights = small.write(tmp_path, seed=3)
    for pooling in (
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        {"pooling_mode": "cls"},
    ):
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        assert PlainBert.supports(tmp_path)
        expected = np.stack([by_the_book(weights, tokens(t), first=True) for t in TEXTS])
        assert PlainBert(tmp_path).encode(TEXTS) == pytest.approx(expected, abs=1e-5)
    (tmp_path / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True})
    )
    assert not PlainBert.supports(tmp_path)


def test_prefixes_come_from_the_folder_or_from_who_opens_it(tmp_path: Path) -> None:
    small.write(tmp_path)
    plain = PlainBert(tmp_path)
    assert plain.prefixes == Prefixes()
    assert (plain.encode(["a b"], "query") == plain.encode(["a b"])).all()
    own = tmp_path / "config_sentence_transformers.json"
    own.write_text(json.dumps({"prompts": {"query": "c ", "document": "d "}}))
    assert PlainBert(tmp_path).prefixes == Prefixes(passage="d ", query="c ")
    given = PlainBert(tmp_path, Prefixes(passage="e f ", query="g "))
    assert (given.encode(["a b"]) == plain.encode(["e f a b"])).all()
    assert (given.encode(["a b"], "query") == plain.encode(["g a b"])).all()
    assert given.fits("a " * (small.LIMIT - 4))
    assert not given.fits("a " * (small.LIMIT - 3))
    assert given.count("a b") == 2
    own.write_text("[]")
    with pytest.raises(DatelineError, match="fetch the model again"):
        prefixes_of(tmp_path)
