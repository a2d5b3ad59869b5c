"""Counting tokens: small vocabularies made here, and the real ones where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from gguf import GGUFWriter

from index.errors import DatelineError
from index.splitting import tokens

NAMES = tokens._byte_names()


def spelled(text: str) -> str:
    return "".join(NAMES[byte] for byte in text.encode())


def write(path: Path, pre: str = "qwen2", model: str = "gpt2", bytes_left_out: str = "") -> Path:
    """A model file of no tensors: the bytes, then some merged tokens, then two control tokens."""
    words = [NAMES[byte] for byte in range(256) if NAMES[byte] not in bytes_left_out]
    merged = ["th", "the", " the", "in", "11"]
    control = ["<|im_start|>", "<|im_end|>"]
    writer = GGUFWriter(path, "qwen2")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(words + [spelled(word) for word in merged] + control)
    writer.add_token_types([1] * (len(words) + len(merged)) + [3] * len(control))
    writer.add_token_merges(["t h"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "small.gguf")


def test_tokens_are_counted_by_the_models_own_vocabulary(model: Path, tmp_path: Path) -> None:
    counter = tokens.load(model, tmp_path / "cache")
    assert counter.exact
    assert counter.count("") == 0
    assert counter.count("the the") == 2  # "the", " the"
    assert counter.count("thin") == 2  # "th", "in"
    assert counter.count("é") == 2  # two bytes
    assert counter.count("11") == 2  # this model takes digits one at a time


def test_names_of_control_tokens_are_plain_text(model: Path, tmp_path: Path) -> None:
    counter = tokens.load(model, tmp_path / "cache")
    assert counter.count("<|im_end|>") == len("<|im_end|>")


def test_the_pattern_is_the_models(tmp_path: Path) -> None:
    counter = tokens.load(write(tmp_path / "a.gguf", pre="gpt-2"), tmp_path)
    assert counter.count("11") == 1


def test_a_byte_that_the_vocabulary_lacks_is_a_token(tmp_path: Path) -> None:
    counter = tokens.load(write(tmp_path / "a.gguf", bytes_left_out=NAMES[0xC3]), tmp_path)
    assert counter.exact
    assert counter.count("é") == 2


@pytest.mark.parametrize(("pre", "kind"), [("unheard-of", "gpt2"), ("default", "llama")])
def test_an_unknown_way_of_splitting_is_overestimated(tmp_path: Path, pre: str, kind: str) -> None:
    counter = tokens.load(write(tmp_path / "a.gguf", pre=pre, model=kind), tmp_path)
    assert not counter.exact
    assert counter.count("The visit, in 2024.") == 1 + 2 + 1 + 1 + 4 + 1


@pytest.mark.parametrize("harm", [b"", b"x", b"half"])
def test_a_damaged_cache_is_made_anew(model: Path, tmp_path: Path, harm: bytes) -> None:
    cache = tmp_path / "cache"
    before = tokens.load(model, cache).count("the thin 11")
    (kept,) = cache.iterdir()
    good = kept.read_bytes()
    kept.write_bytes(good[: len(good) // 2] if harm == b"half" else harm)
    assert tokens.load(model, cache).count("the thin 11") == before
    assert kept.read_bytes() == good
    assert list(cache.iterdir()) == [kept]


def test_what_is_kept_is_used(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tokens.load(model, tmp_path / "cache").count("the thin 11")

    def never(path: Path) -> None:
        raise AssertionError("the model file was read again")

    monkeypatch.setattr(tokens, "_from_gguf", never)
    assert tokens.load(model, tmp_path / "cache").count("the thin 11") == before


def test_another_model_has_its_own(model: Path, tmp_path: Path) -> None:
    tokens.load(model, tmp_path / "cache")
    other = tokens.load(write(tmp_path / "b.gguf", pre="gpt-2"), tmp_path / "cache")
    assert other.count("11") == 1
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_cache_that_cannot_be_written_only_costs_time(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert tokens.load(model, tmp_path / "file" / "cache").count("the") == 1


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 60, b"text" * 99])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(DatelineError, match=r"m\.gguf.*models verify"):
        tokens.load(tmp_path / "m.gguf", tmp_path)


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(DatelineError, match=r"m\.gguf.*models pull"):
        tokens.load(tmp_path / "m.gguf", tmp_path)
