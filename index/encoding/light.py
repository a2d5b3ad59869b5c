"""The LightEncoder: few texts in numpy, many with sentence-transformers.

Asking encodes a question and some sentences, and importing torch for them is most of what a fresh
process does. Adding many articles encodes for minutes, where torch pays: it uses more cores better,
and bfloat16 where the processor has it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoding.bert import PlainBert
from index.encoding.encoder import Encoder, Kind, Prefixes, model_folder

# Characters of one call that are encoded in numpy: some 80 passages, or all sentences of a very
# long article. They take numpy about as long as importing torch takes, so that no call takes much
# more than twice what the better way would have (eval/DECISIONS.md). A full batch of index.ingest
# is beyond it.
FEW = 60_000


class LightEncoder:
    """Texts into unit vectors, float32, the same both ways. Thread-safe.

    Which way a call goes depends on its texts only, not on what was encoded before: the same call
    gives the same vectors in every process.
    """

    def __init__(
        self, folder: str | Path, few: int = FEW, prefixes: Prefixes | None = None
    ) -> None:
        self._folder = Path(folder)
        self._plain = PlainBert(folder, prefixes)
        self._few = few
        self._large: Encoder | None = None
        self._opening = threading.Lock()
        self.name = self._plain.name
        self.dimension = self._plain.dimension
        self.prefixes = self._plain.prefixes

    @property
    def sha256(self) -> str:
        """Of the weights; read at first use."""
        return self._plain.sha256

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32."""
        few = sum(map(len, texts)) <= self._few
        return (self._plain if few else self._for_many()).encode(texts, kind)

    def fits(self, text: str) -> bool:
        """Whether all word pieces of the text, as a passage, lie within the model's limit."""
        return self._plain.fits(text)

    def count(self, text: str) -> int:
        """Word pieces of the text, however long it is."""
        return self._plain.count(text)

    def _for_many(self) -> Encoder:
        with self._opening:
            if self._large is None:
                from index.encoding.minilm import SentenceEncoder  # torch loads here

                self._large = SentenceEncoder(self._folder, prefixes=self.prefixes)
            return self._large


def open_encoder(folder: str | Path, prefixes: Prefixes | None = None) -> Encoder:
    """The LightEncoder where numpy can run the folder's model, else the SentenceEncoder. Without
    `prefixes` it has those that the folder names.

    Raises DatelineError where there is no model, or a damaged one.
    """
    if PlainBert.supports(model_folder(folder)):
        return LightEncoder(folder, prefixes=prefixes)
    from index.encoding.minilm import SentenceEncoder

    return SentenceEncoder(folder, prefixes=prefixes)
