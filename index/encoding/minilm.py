"""The SentenceEncoder: a sentence-transformers model from a local folder.

The only importer of torch and sentence_transformers. Nothing is ever fetched: the folder holds
the model, and the hub's client is told to stay offline before it is imported.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from index.cores import usable_cores
from index.encoding.encoder import Kind, Prefixes, model_folder, prefixes_of, weights_sha256

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


@contextmanager
def _without_scikit_learn() -> Iterator[None]:
    """sentence_transformers imports scikit-learn for one distance that isn't used here; that is a
    quarter of its start. While it is imported, a stand-in answers, which finds the real one if
    the distance is called after all."""
    if "sklearn" in sys.modules:
        yield
        return

    def pairwise_distances(*args: object, **kwargs: object) -> object:
        from sklearn.metrics import pairwise_distances as real

        return real(*args, **kwargs)

    package, metrics = ModuleType("sklearn"), ModuleType("sklearn.metrics")
    package.__path__ = []
    package.__spec__, metrics.__spec__ = (ModuleSpec(m.__name__, None) for m in (package, metrics))
    metrics.pairwise_distances = pairwise_distances  # type: ignore[attr-defined]
    package.metrics = metrics  # type: ignore[attr-defined]
    sys.modules |= {"sklearn": package, "sklearn.metrics": metrics}
    try:
        yield
    finally:
        for name in ("sklearn", "sklearn.metrics"):
            if sys.modules.get(name) in (package, metrics):
                del sys.modules[name]


import torch  # noqa: E402

with _without_scikit_learn():
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

_BATCH = 32


class SentenceEncoder:
    """Texts into unit vectors, float32. Thread-safe: one encodes at a time.

    On a processor with AMX it multiplies in bfloat16 (faster by a factor that `eval/DECISIONS.md`
    records, at cosine 0.9999 to float32), else in float32. `threads` defaults
    to the physical cores that this process may use.
    """

    def __init__(
        self,
        folder: str | Path,
        threads: int | None = None,
        prefixes: Prefixes | None = None,
    ) -> None:
        folder = model_folder(folder)
        torch.set_num_threads(threads or usable_cores())
        self._lock = threading.Lock()
        self._model = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": torch.float32},
        )
        self._model.eval()
        self._bfloat16 = bfloat16_is_fast()
        self._tokenizer = self._model.tokenizer
        self._limit = int(self._model.max_seq_length or 256)
        self._folder = folder
        self.prefixes = prefixes or prefixes_of(folder)
        self.name = folder.resolve().name
        self.dimension = int(self._model.get_embedding_dimension() or 0)

    @cached_property
    def sha256(self) -> str:
        """Of the weights; read at first use."""
        return weights_sha256(self._folder)

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32."""
        if not len(texts):
            return np.zeros((0, self.dimension), dtype=np.float32)
        # Weights stay float32 and only matrix products are in bfloat16: as fast as a model that is
        # bfloat16 throughout, and five times nearer to float32.
        fast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16)
        with self._lock, fast:
            # (sentence-transformers orders the texts by length, so that batches have little
            # padding)
            raw = self._model.encode(
                self.prefixes.before(texts, kind),
                prompt="",  # a model's own choice of prompt would come before ours
                batch_size=_BATCH,
                normalize_embeddings=False,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        # normalised here: in bfloat16 the length would be 1 to two digits only
        vectors = np.asarray(raw, dtype=np.float32)
        unit: NDArray[np.float32] = vectors / np.maximum(
            np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12
        )
        return unit

    def fits(self, text: str) -> bool:
        """Whether all word pieces of the text, as a passage, lie within the model's limit."""
        text = self.prefixes.passage + text
        with self._lock:
            return len(self._tokenizer(text, truncation=False)["input_ids"]) <= self._limit

    def count(self, text: str) -> int:
        """Word pieces of the text, however long it is."""
        with self._lock:
            return len(
                self._tokenizer(text, truncation=False, add_special_tokens=False)["input_ids"]
            )


def bfloat16_is_fast() -> bool:
    """Whether this processor multiplies in bfloat16 faster than in float32: where it has AMX. Where
    it has AVX512-BF16 alone it was slower (eval/DECISIONS.md)."""
    # (a ready-made test came with torch 2.12; without it the default is right, only slower)
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16"))
