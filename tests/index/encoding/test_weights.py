"""Mapped tensors against safetensors' own reader, and files that aren't whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load, save, save_file

from index.encoding.weights import mapped

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
TENSORS = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
    st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
        lambda dtype: arrays.arrays(dtype, SHAPES)
    ),
    max_size=4,
)


@given(tensors=TENSORS)
def test_what_the_librarys_own_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("weights") / "some.safetensors"
    path.write_bytes(save(tensors))
    expected, found = load(path.read_bytes()), mapped(path)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value, strict=True)


def test_tensors_of_other_kinds_are_left_out_and_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    ids = np.arange(3, dtype=np.int64)
    save_file({"ids": ids, "w": np.ones(2, np.float32)}, path, metadata={"format": "np"})
    found = mapped(path)
    assert list(found) == ["w"]
    with pytest.raises(ValueError, match="read-only"):
        found["w"][0] = 2


def says(**about: Any) -> Callable[[bytes], bytes]:
    """The file with another header."""

    def edit(whole: bytes) -> bytes:
        begin = 8 + int.from_bytes(whole[:8], "little")
        entry = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], **about}
        header = json.dumps({"w": entry}).encode()
        return len(header).to_bytes(8, "little") + header + whole[begin:]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        lambda whole: b"",
        lambda whole: whole[:5],
        lambda whole: whole[:20],
        lambda whole: whole[:-1],
        lambda whole: b"\xff" * 8 + whole[8:],
        lambda whole: (2).to_bytes(8, "little") + b"[]" + whole,
        lambda whole: (2).to_bytes(8, "little") + b"{\xff" + whole,
        says(shape=[2, 4]),
        says(shape=[-2, -3]),
        says(shape=["x"]),
        says(shape=None),
        says(data_offsets=[4, 28]),
        says(data_offsets=[-4, 20]),
        says(data_offsets=[0]),
        says(data_offsets=["a", "b"]),
        says(dtype=["F32"]),
    ],
)
def test_a_file_that_is_not_whole(tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(edit(save({"w": np.ones((2, 3), np.float32)})))
    with pytest.raises(ValueError, match=r"\w"):  # (in json's words, or numpy's, or ours)
        mapped(path)


def test_what_the_edits_are_made_of_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(says()(save({"w": np.ones((2, 3), np.float32)})))
    np.testing.assert_array_equal(mapped(path)["w"], np.ones((2, 3)))
