"""The libraries that Dateline stands on, used plainly: what `speed` is measured against.

Each is reached through the one module of the product that imports it, so that `eval` brings no
second importer of a heavy library.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.generating.generator import Prompt


@dataclass(frozen=True, slots=True)
class Written:
    """Seconds to the first token and to the last, and how many were written."""

    first_s: float
    total_s: float
    tokens: int


class Baselines(Protocol):
    def encode(self, texts: Sequence[str]) -> None:
        """sentence-transformers as it comes: its default dtype, batch size and threads."""
        ...

    def nearest(self, vectors: NDArray[np.float32]) -> Callable[[NDArray[np.float32], int], None]:
        """FAISS's flat index over these vectors: search for one query vector's k nearest."""
        ...

    def write(self, prompt: Prompt, max_tokens: int) -> Written:
        """llama-cpp-python's own loop, greedy, the same prompt, nothing kept from before."""
        ...


class LibraryBaselines:
    """The real ones, opened at first use."""

    def __init__(self, encoder_folder: Path, generator_file: Path, threads: int) -> None:
        self._encoder_folder = encoder_folder
        self._generator_file = generator_file
        self._threads = threads
        self._encoder: Any = None
        self._llama: Any = None

    def encode(self, texts: Sequence[str]) -> None:
        if self._encoder is None:
            library = _library("index.encoding.minilm", "sentence_transformers")
            self._encoder = library.SentenceTransformer(
                str(self._encoder_folder), device="cpu", local_files_only=True
            )
        self._encoder.encode(list(texts), show_progress_bar=False)

    def nearest(self, vectors: NDArray[np.float32]) -> Callable[[NDArray[np.float32], int], None]:
        faiss = _library("index.storing.vectors", "faiss")
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))

        def search(query: NDArray[np.float32], k: int) -> None:
            index.search(query.reshape(1, -1), k)

        return search

    def write(self, prompt: Prompt, max_tokens: int) -> Written:
        from rag.generating.template import chat_pieces

        if self._llama is None:
            self._llama = _library("rag.generating.llama", "llama_cpp").Llama(
                model_path=str(self._generator_file), n_ctx=4096, n_batch=512,
                n_threads=self._threads, n_threads_batch=self._threads, flash_attn=True,
                verbose=False,
            )  # fmt: skip
        llama = self._llama
        pieces = chat_pieces(
            llama.metadata.get("tokenizer.chat_template", ""),
            bos=llama.detokenize([llama.token_bos()], special=True).decode("utf-8", "replace"),
            eos=llama.detokenize([llama.token_eos()], special=True).decode("utf-8", "replace"),
        )
        text = "".join(
            (pieces.before_system, prompt.system, pieces.before_user, *prompt.parts, prompt.ask,
             pieces.after_user, prompt.reply)
        )  # fmt: skip
        tokens = llama.tokenize(text.encode(), add_bos=False, special=True)
        llama.reset()
        began, first, count = time.perf_counter(), 0.0, 0
        for token in llama.generate(tokens, temp=0.0, repeat_penalty=1.0):
            if not count:
                first = time.perf_counter() - began
            if count >= max_tokens or token == llama.token_eos():
                break
            count += 1
        return Written(first, time.perf_counter() - began, count)


def _library(adapter: str, name: str) -> Any:
    """The library, after its one importer has imported it."""
    __import__(adapter)
    return sys.modules[name]
