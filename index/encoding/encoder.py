"""The Encoder: texts into unit vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import DatelineError

Kind = Literal["passage", "query"]
"""What is searched, or what is searched for. Texts that are compared with each other (a sentence
with a sentence) are of one kind, any."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model was trained to read before a passage and before a query; most read nothing."""

    passage: str = ""
    query: str = ""

    def before(self, texts: Sequence[str], kind: Kind) -> list[str]:
        prefix = self.query if kind == "query" else self.passage
        return [prefix + text for text in texts]


class Encoder(Protocol):
    """`sha256`, of its weights, is kept in a library, which refuses any other; `name` is for people
    (and for libraries that know no hash yet); `dimension` is a vector's length. The `prefixes` are
    put before each text by the encoder itself; a library keeps them too."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def prefixes(self) -> Prefixes: ...

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32. Thread-safe."""
        ...

    def fits(self, text: str) -> bool:
        """Whether `encode` reads the whole text as a passage; it leaves out what is beyond its
        limit."""
        ...

    def count(self, text: str) -> int:
        """Word pieces of the text: what passages are measured in."""
        ...


def prefixes_of(folder: Path) -> Prefixes:
    """What the folder's model says of itself (`prompts`, as sentence-transformers keeps them);
    "document" is another name for "passage". Raises DatelineError for what can't be read."""
    path = folder / "config_sentence_transformers.json"
    if not path.is_file():
        return Prefixes()
    try:
        prompts = json.loads(path.read_text(encoding="utf-8")).get("prompts") or {}
        passage = prompts.get("passage") or prompts.get("document") or ""
        return Prefixes(str(passage), str(prompts.get("query") or ""))
    except (OSError, ValueError, AttributeError) as error:
        raise DatelineError(
            f"'{path}' can't be read ({error}); fetch the model again with: dateline models pull"
        ) from error


def weights_sha256(folder: Path) -> str:
    """Of the folder's `model.safetensors`; of another form of weights, over all their hashes."""
    one = folder / "model.safetensors"
    files = (
        [one] if one.is_file() else sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    )
    hashes = []
    for path in files:
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def model_folder(folder: str | Path) -> Path:
    """The folder of a sentence-transformers model; raises DatelineError where there is none."""
    folder = Path(folder)
    if not (folder / "modules.json").is_file():
        raise DatelineError(
            f"'{folder}' holds no sentence-transformers model (no modules.json); "
            "fetch it with: dateline models pull"
        )
    return folder
