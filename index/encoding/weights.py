"""The tensors of a safetensors file, mapped: nothing is read or copied before it is used.

The library's own reader for numpy copies every tensor, which takes as long as all else that opens
an encoder and 90 MB of memory for rows of words that hardly any text needs (eval/DECISIONS.md). The
format: eight bytes that say how long the header is, the header in JSON (each tensor's dtype, shape
and first and last byte), the numbers, little-endian.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


def mapped(path: str | Path) -> dict[str, NDArray[np.floating]]:
    """Each tensor of floats by its name, read-only; others are left out. Raises OSError, and
    ValueError for a file that isn't whole."""
    raw = np.memmap(path, np.uint8, "r")  # (an empty file is a ValueError)
    begin = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    if len(raw) < begin:
        raise ValueError("its header is cut off")
    numbers = raw[begin:]
    found: dict[str, NDArray[np.floating]] = {}
    try:
        for name, about in json.loads(raw[8:begin].tobytes()).items():
            if name == "__metadata__" or about["dtype"] not in _DTYPES:
                continue
            dtype = np.dtype(_DTYPES[about["dtype"]])
            shape = [int(n) for n in about["shape"]]
            first, last = about["data_offsets"]
            if not (
                0 <= first <= last <= len(numbers) and last - first == prod(shape) * dtype.itemsize
            ):
                raise ValueError(f"'{name}' is cut off")
            found[name] = numbers[first:last].view(dtype).reshape(shape)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"its header says what none says ({error!r})") from error
    return found
