"""A GGUF model file: its shape, its vocabulary's settings, its weights; and adapters' files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import UsageError

Arrays = dict[str, NDArray[np.float32]]

ARCHITECTURES = {"llama": True, "qwen2": False}
"""Those that can be read: whether RoPE turns neighbouring pairs (True) or halves of a head."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a decoder with grouped-query attention, RMS norms, SwiGLU and rotary positions."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    rope_base: float
    epsilon: float

    @property
    def pairs(self) -> bool:
        """RoPE turns neighbouring numbers of a head, not its first half with its second."""
        return ARCHITECTURES[self.architecture]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a chat needs beside the tokens themselves; -1: there is no such token."""

    size: int
    bos: int
    eos: int
    adds_bos: bool
    template: str | None


@lru_cache(maxsize=1)
def _reader(path: Path) -> Any:
    """Kept: reading the vocabulary's entries takes seconds."""
    from gguf import GGUFReader

    try:
        return GGUFReader(path)
    except (ValueError, OSError) as error:
        raise UsageError(f"'{path}' is no GGUF file that can be read ({error}).") from error


def _value(reader: Any, name: str, default: Any = None) -> Any:
    field = reader.fields.get(name)
    return default if field is None else field.contents()


def shape(path: Path) -> Shape:
    """Raises UsageError for a model that isn't built like those that are known here."""
    reader = _reader(path)
    kind = _value(reader, "general.architecture")
    if kind not in ARCHITECTURES or _value(reader, f"{kind}.rope.scaling.type", "none") != "none":
        raise UsageError(
            f"'{path}' is a model of the architecture {kind!r}; an adapter can be trained for "
            f"{' and '.join(ARCHITECTURES)} without scaled positions."
        )
    heads = int(_value(reader, f"{kind}.attention.head_count"))
    width = int(_value(reader, f"{kind}.embedding_length"))
    return Shape(
        architecture=kind,
        layers=int(_value(reader, f"{kind}.block_count")),
        width=width,
        heads=heads,
        kv_heads=int(_value(reader, f"{kind}.attention.head_count_kv", heads)),
        head_width=int(_value(reader, f"{kind}.attention.key_length", width // heads)),
        rope_base=float(_value(reader, f"{kind}.rope.freq_base", 10_000.0)),
        epsilon=float(_value(reader, f"{kind}.attention.layer_norm_rms_epsilon")),
    )


def vocabulary(path: Path) -> Vocabulary:
    reader = _reader(path)
    of = "tokenizer.ggml."
    return Vocabulary(
        size=len(reader.fields[f"{of}tokens"].data),
        bos=int(_value(reader, f"{of}bos_token_id", -1)),
        eos=int(_value(reader, f"{of}eos_token_id", -1)),
        adds_bos=bool(_value(reader, f"{of}add_bos_token", False)),
        template=_value(reader, "tokenizer.chat_template"),
    )


def weights(path: Path, workers: int = 8) -> Any:
    """(name, float32 array) of every tensor, dequantised, the largest first; arrays are new."""
    from gguf.quants import dequantize

    tensors = sorted(_reader(path).tensors, key=lambda tensor: -int(tensor.n_elements))

    def one(tensor: Any) -> tuple[str, NDArray[np.float32]]:
        return tensor.name, np.array(dequantize(tensor.data, tensor.tensor_type), np.float32)

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(one, tensors)


def read_adapter(path: Path) -> tuple[dict[str, tuple[Any, Any]], float]:
    """(matrix name → A (rank, in) and B (out, rank), alpha) of a GGUF adapter."""
    reader = _reader(path)
    if _value(reader, "adapter.type") != "lora":
        raise UsageError(f"'{path}' is no low-rank adapter.")
    held = {t.name: np.array(t.data, np.float32) for t in reader.tensors}
    ending = ".weight.lora_a"
    found = {
        name.removesuffix(ending): (a, held[f"{name.removesuffix('a')}b"])
        for name, a in held.items()
        if name.endswith(ending)
    }
    return found, float(_value(reader, "adapter.lora.alpha"))


def write_adapter(
    path: Path,
    architecture: str,
    matrices: dict[str, tuple[Any, Any]],
    alpha: float,
    about: dict[str, str],
) -> None:
    """The adapter as llama.cpp reads it, in float16; `about`: further text in its header."""
    from gguf import GGUFWriter

    writer = GGUFWriter(path, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, text in about.items():
        writer.add_string(name, text)
    for name, (a, b) in sorted(matrices.items()):
        for letter, matrix in (("a", a), ("b", b)):
            writer.add_tensor(f"{name}.weight.lora_{letter}", np.asarray(matrix, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
