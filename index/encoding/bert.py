"""PlainBert: the forward pass of a small BERT sentence encoder, in numpy.

It reads the same folder as sentence-transformers does, gives the same vectors to float32's last
digits, and is open in a fraction of a second, where importing torch takes several: what a process
needs that encodes one question and some sentences. The only importer of tokenizers.

The network is BERT's encoder (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional
Transformers"); a text's vector is the mean of its tokens' (Reimers & Gurevych 2019,
"Sentence-BERT") or its first token's, as the folder says, at length 1. No training, no other
pooling, no arithmetic but float32, and one thread: the few texts that come here aren't worth what
threads lose where a core is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.cores import one_blas_thread
from index.encoding.encoder import Kind, Prefixes, model_folder, prefixes_of, weights_sha256
from index.encoding.weights import mapped
from index.errors import DatelineError

Floats = NDArray[np.float32]

_TOKENS = 2048  # in one pass: keeps what a pass holds at some 50 MB
_ROWS = 32  # of the widest layer at a time: what GELU holds stays in a core's own cache


class PlainBert:
    """Texts into unit vectors, float32. Nothing changes after it is opened: threads may share it.

    Raises DatelineError where the folder holds no model, or a damaged one.
    """

    def __init__(self, folder: str | Path, prefixes: Prefixes | None = None) -> None:
        folder = model_folder(folder)
        if not self.supports(folder):
            raise DatelineError(f"'{folder}' holds a model that only sentence-transformers can run")
        one_blas_thread()
        config = _json(folder / "config.json")
        self._folder = folder
        self.name = folder.resolve().name
        self.dimension = int(config["hidden_size"])
        self.prefixes = prefixes or prefixes_of(folder)
        self._first = _mode(_pooling(folder)) == "cls"
        self._heads = int(config["num_attention_heads"])
        self._eps = float(config["layer_norm_eps"])
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            limit = int(_json(folder / "sentence_bert_config.json")["max_seq_length"])
            self._tokenizer.enable_truncation(limit)
            self._read(_Tensors(mapped(folder / "model.safetensors")), config)
        # (tokenizers raises nothing narrower)
        except Exception as error:
            raise DatelineError(
                f"the model in '{folder}' is damaged ({error}); fetch it again with: "
                "dateline models pull"
            ) from error

    @staticmethod
    def supports(folder: str | Path) -> bool:
        """Whether the folder's model is of the one kind that is computed here."""
        folder = Path(folder)
        try:
            config = _json(folder / "config.json")
            modules = _json(folder / "modules.json")
            own = _json(folder / "sentence_bert_config.json")
            general = folder / "config_sentence_transformers.json"
            prompt = _json(general).get("default_prompt_name") if general.is_file() else None
            kinds = [module["type"].rpartition(".")[2] for module in modules]
            return (
                config["model_type"] == "bert"
                and config["hidden_act"] == "gelu"
                and config.get("position_embedding_type", "absolute") == "absolute"
                and not config.get("is_decoder")
                and "bfloat16" not in (config.get("dtype"), config.get("torch_dtype"))
                and config["hidden_size"] % config["num_attention_heads"] == 0
                and kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
                and modules[0]["path"] == ""
                and _mode(_pooling(folder)) in ("mean", "cls")
                and 2 < own["max_seq_length"] <= config["max_position_embeddings"]
                and not own.get("do_lower_case")
                and prompt is None
                and all((folder / n).is_file() for n in ("tokenizer.json", "model.safetensors"))
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return False

    @cached_property
    def sha256(self) -> str:
        """Of the weights; read at first use."""
        return weights_sha256(self._folder)

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> Floats:
        """Unit vectors, shape (len(texts), dimension), float32."""
        ids = [self._tokenizer.encode(text).ids for text in self.prefixes.before(texts, kind)]
        vectors = np.empty((len(ids), self.dimension), np.float32)
        for some in _batches([len(i) for i in ids]):
            vectors[some] = self._pooled([ids[i] for i in some])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def fits(self, text: str) -> bool:
        """Whether all word pieces of the text, as a passage, lie within the model's limit."""
        return not self._tokenizer.encode(self.prefixes.passage + text).overflowing

    def count(self, text: str) -> int:
        """Word pieces of the text, however long it is."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return len(found.ids) + sum(len(rest.ids) for rest in found.overflowing)

    def _read(self, tensors: _Tensors, config: dict[str, Any]) -> None:
        size, inner = self.dimension, int(config["intermediate_size"])
        words, places = int(config["vocab_size"]), int(config["max_position_embeddings"])
        if self._tokenizer.get_vocab_size() > words:
            raise ValueError("its tokenizer knows more words than its weights")
        self._words = tensors.get("embeddings.word_embeddings.weight", words, size)
        # every text here is a first segment
        segments = tensors.get(
            "embeddings.token_type_embeddings.weight", int(config["type_vocab_size"]), size
        )
        positions = tensors.get("embeddings.position_embeddings.weight", places, size)
        self._places = positions + segments[0]
        self._norm = tensors.pair("embeddings.LayerNorm", size)
        self._layers = []
        for n in range(int(config["num_hidden_layers"])):
            at = f"encoder.layer.{n}"
            q, k, v = (
                tensors.pair(f"{at}.attention.self.{name}", size, size)
                for name in ("query", "key", "value")
            )
            # a query's product with a key is divided by this, here once for all
            root = np.float32((size // self._heads) ** 0.5)
            self._layers.append(
                _Layer(
                    _Pair(
                        np.concatenate([q.weight / root, k.weight, v.weight]),
                        np.concatenate([q.bias / root, k.bias, v.bias]),
                    ),
                    tensors.pair(f"{at}.attention.output.dense", size, size),
                    tensors.pair(f"{at}.attention.output.LayerNorm", size),
                    tensors.pair(f"{at}.intermediate.dense", inner, size),
                    tensors.pair(f"{at}.output.dense", size, inner),
                    tensors.pair(f"{at}.output.LayerNorm", size),
                )
            )

    def _pooled(self, ids: Sequence[Sequence[int]]) -> Floats:
        """The mean of each text's token vectors, or the first. The texts come ordered by length.

        The tokens of all texts are the rows of one matrix, without padding; only attention, where a
        token sees its own text, takes texts of one length at a time.
        """
        lengths = [len(i) for i in ids]
        x = self._words[np.concatenate(ids)]
        x += np.concatenate([self._places[:n] for n in lengths])
        x = _normalised(x, self._norm, self._eps)
        for layer in self._layers:
            x += _product(self._attention(_product(x, layer.qkv), lengths), layer.mix)
            x = _normalised(x, layer.mix_norm, self._eps)
            x += _product(_gelu(_product(x, layer.widen)), layer.narrow)
            x = _normalised(x, layer.norm, self._eps)
        starts = np.cumsum([0, *lengths[:-1]])
        if self._first:
            first: Floats = x[starts]
            return first
        means: Floats = np.add.reduceat(x, starts)
        means /= np.array(lengths, np.float32)[:, None]
        return means

    def _attention(self, qkv: Floats, lengths: Sequence[int]) -> Floats:
        out = np.empty((len(qkv), self.dimension), np.float32)
        start = 0
        for length, same in groupby(lengths):
            count = len(list(same))
            end = start + count * length
            shape = (count, length, 3, self._heads, -1)
            q, k, v = qkv[start:end].reshape(shape).transpose(2, 0, 3, 1, 4)
            weights = q @ k.swapaxes(-1, -2)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            seen = weights @ v
            seen /= weights.sum(axis=-1, keepdims=True)
            out[start:end] = seen.swapaxes(1, 2).reshape(end - start, -1)
            start = end
        return out


class _Pair(NamedTuple):
    weight: Floats
    bias: Floats


class _Layer(NamedTuple):
    """In the order of use; `mix` and `narrow` are called output in the file."""

    qkv: _Pair
    mix: _Pair
    mix_norm: _Pair
    widen: _Pair
    narrow: _Pair
    norm: _Pair


class _Tensors:
    """A file's tensors, each checked for its shape."""

    def __init__(self, found: Mapping[str, NDArray[np.floating]]) -> None:
        self._found = found

    def get(self, name: str, *shape: int) -> Floats:
        found: Floats = np.asarray(self._found[name], np.float32)
        if found.shape != shape:
            raise ValueError(f"{name} has the shape {found.shape}, not {shape}")
        return found

    def pair(self, name: str, *shape: int) -> _Pair:
        return _Pair(self.get(f"{name}.weight", *shape), self.get(f"{name}.bias", shape[0]))


def _pooling(folder: Path) -> dict[str, Any]:
    modules = _json(folder / "modules.json")
    found: dict[str, Any] = _json(folder / modules[1]["path"] / "config.json")
    return found


def _mode(pooling: dict[str, Any]) -> str:
    """ "mean", "cls", or "other", as either form of the pooling's file has it."""
    if "pooling_mode" in pooling:
        return str(pooling["pooling_mode"])
    modes = {key for key, on in pooling.items() if key.startswith("pooling_mode_") and on}
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return known.get(modes.pop(), "other") if len(modes) == 1 else "other"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of the texts, shortest first, each batch up to the text that fills one pass."""
    some: list[int] = []
    held = 0
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        some.append(i)
        held += lengths[i]
        if held >= _TOKENS:
            yield some
            some, held = [], 0
    if some:
        yield some


def _product(x: Floats, layer: _Pair) -> Floats:
    out: Floats = x @ layer.weight.T
    out += layer.bias
    return out


def _normalised(x: Floats, layer: _Pair, eps: float) -> Floats:
    """Each row at mean 0 and variance 1, then scaled and moved; in place."""
    x -= x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + np.float32(eps))
    x *= layer.weight
    x += layer.bias
    return x


# Abramowitz & Stegun 1964, 7.1.26: erfc(z) = (a1 t + … + a5 t^5) exp(-z²), t = 1 / (1 + p z),
# for z ≥ 0, to 1.5e-7: no more than float32 resolves.
_P = np.float32(0.3275911 / 2**0.5)
_A = [np.float32(a / 2) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736)]
_A1 = np.float32(0.254829592 / 2)


def _gelu(x: Floats) -> Floats:
    """x Φ(x), in place: with erfc, max(x, 0) - |x| erfc(|x| / √2) / 2."""
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS]
        size = np.abs(rows)
        t = size * _P
        t += 1
        np.reciprocal(t, out=t)
        tail = t * _A[0]
        for a in _A[1:]:
            tail += a
            tail *= t
        tail += _A1
        tail *= t
        tail *= size
        size *= size
        size *= np.float32(-0.5)
        tail *= np.exp(size, out=size)
        np.maximum(rows, 0, out=rows)
        rows -= tail
    return x
