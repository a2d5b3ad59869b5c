"""The TokenCounter: counts tokens as the generator does, from its own vocabulary, offline.

The only importer of tiktoken. tiktoken's named encodings are fetched from the network at first
use; this one is made from the GGUF file of the generator: its tokens (GPT-2's byte-to-unicode map
undone), their ids as ranks, and the pattern that llama.cpp splits text by for this model. Reading
150,000 tokens out of a GGUF takes seconds, so the result is kept in a file; a file that doesn't
hold what it should is made anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tiktoken

from index.errors import DatelineError

_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+"
# What llama.cpp (src/llama-vocab.cpp) splits by, under the name in `tokenizer.ggml.pre`. Where it
# takes digits out in a pass of its own, white space before a digit is a piece of its own.
_GPT2_DIGITS = rf"\p{{N}}|{_GPT2}| ?[^\s\p{{L}}\p{{N}}]+|\s+(?=\p{{N}})|\s+(?!\S)|\s+"
PATTERNS = {
    "qwen2": rf"{_LETTERS}|\p{{N}}|{_REST}",
    "llama-bpe": rf"{_LETTERS}|\p{{N}}{{1,3}}|{_REST}",
    "smollm": _GPT2_DIGITS,
    "gpt-2": rf"{_GPT2}| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)|\s+",
}
_SPECIAL = (3, 4)  # token types: control, user-defined


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """`count(text)`: how many tokens the generator reads. Thread-safe.

    `exact` is False where the model's way of splitting isn't known; then it is an overestimate.
    """

    name: str
    encoding: tiktoken.Encoding | None

    @property
    def exact(self) -> bool:
        return self.encoding is not None

    def count(self, text: str) -> int:
        """Tokens of the text; a control token's name in it counts as the plain text it is."""
        if self.encoding is None:
            return estimate(text)
        return len(self.encoding.encode_ordinary(text))


def estimate(text: str) -> int:
    """More tokens than a common byte-pair vocabulary needs for the text.

    A word takes a token for every three bytes begun; a digit or mark takes one a byte.
    """
    total = 0
    for piece in re.findall(r"[^\W\d_]+|\S|\n", text):
        size = len(piece.encode("utf-8", "replace"))
        total += -(-size // 3) if piece[0].isalpha() else size
    return total


def load(gguf: Path, cache: Path) -> TokenCounter:
    """The counter of a model file; made once, then read from the folder `cache`.

    Raises DatelineError if the file can't be read or is no GGUF. A cache that can't be written
    costs time, nothing else.
    """
    gguf, cache = Path(gguf), Path(cache)
    try:
        with gguf.open("rb") as file:
            head = file.read(1 << 20)
        identity = hashlib.sha256(b"%d:" % gguf.stat().st_size + head).hexdigest()[:24]
    except OSError as error:
        raise DatelineError(
            f"the model file '{gguf}' can't be read ({error.strerror}); "
            "fetch it with: dateline models pull"
        ) from error
    kept = cache / f"{identity}.tokens"
    vocabulary = _read(kept)
    if vocabulary is None:
        vocabulary = _from_gguf(gguf)
        _write(kept, vocabulary)
    pattern = PATTERNS.get(vocabulary.pre)
    if pattern is None or not vocabulary.ranks:
        return TokenCounter(gguf.stem, None)
    return TokenCounter(
        gguf.stem,
        tiktoken.Encoding(
            name=gguf.stem,
            pat_str=pattern,
            mergeable_ranks=vocabulary.ranks,
            special_tokens=vocabulary.special,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    pre: str
    ranks: dict[bytes, int]
    special: dict[str, int]


def _from_gguf(path: Path) -> _Vocabulary:
    from gguf import GGUFReader  # takes a second to import; needed once a model

    try:
        reader = GGUFReader(path)  # maps the file: the tensors are not read
        fields = reader.fields

        def text(name: str) -> str:
            return str(fields[name].contents()) if name in fields else ""

        if text("tokenizer.ggml.model") != "gpt2":  # not byte-level: counted by estimate
            return _Vocabulary("", {}, {})
        tokens = fields["tokenizer.ggml.tokens"].contents()
        types = fields["tokenizer.ggml.token_type"].contents()
        pre = text("tokenizer.ggml.pre")
    except (ValueError, KeyError, IndexError, OSError, UnicodeError) as error:
        raise DatelineError(
            f"'{path}' is not a model file that can be read ({error}); "
            "check it with: dateline models verify"
        ) from error
    undo = {character: byte for byte, character in _byte_names().items()}
    ranks: dict[bytes, int] = {}
    special: dict[str, int] = {}
    for number, (token, kind) in enumerate(zip(tokens, types, strict=True)):
        if kind in _SPECIAL:
            special[token] = number
        elif all(character in undo for character in token):
            ranks.setdefault(bytes(undo[character] for character in token), number)
    # A byte that the vocabulary lacks (SmolLM2 has no token for those that UTF-8 never uses, and
    # a few more) counts as one token.
    lacking = (bytes([b]) for b in range(256) if bytes([b]) not in ranks)
    ranks |= {byte: len(tokens) + n for n, byte in enumerate(lacking)}
    return _Vocabulary(pre, ranks, special)


def _byte_names() -> dict[int, str]:
    """GPT-2's printable character for each byte (Radford et al. 2019, `bytes_to_unicode`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in names)
    return names | {byte: chr(256 + n) for n, byte in enumerate(others)}


def _write(path: Path, vocabulary: _Vocabulary) -> None:
    """A line of JSON with the hash of the rest; then a token and its rank a line, as tiktoken."""
    body = b"".join(
        base64.b64encode(token) + b" %d\n" % rank for token, rank in vocabulary.ranks.items()
    )
    described = {"pre": vocabulary.pre, "special": vocabulary.special}
    rest = json.dumps(described).encode() + b"\n" + body
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _read(path: Path) -> _Vocabulary | None:
    try:
        digest, _, rest = path.read_bytes().partition(b"\n")
        if hashlib.sha256(rest).hexdigest().encode() != digest:
            return None
        header, _, body = rest.partition(b"\n")
        described = json.loads(header)
        ranks = {}
        for line in body.splitlines():
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
        return _Vocabulary(described["pre"], ranks, described["special"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
