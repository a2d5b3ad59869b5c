"""What two states of a text have in common and what not, by words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Indel

Kind = Literal["same", "out", "in"]

_TOKENS = re.compile(r"[^\S\n]+|\n|\w+|[^\w\s]")
_MOST = (
    200_000_000  # pairs of words that are compared: 25 MB; beyond that what differs is one piece
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that both have, that only the older has ("out") or only the newer ("in")."""

    kind: Kind
    text: str


def changes(old: str, new: str) -> list[Piece]:
    """Without the pieces that are "in" it is `old`, without those that are "out" `new`.

    The longest common subsequence of words (Hyyrö 2004, as rapidfuzz has it); what is common by
    chance, and shorter than what differs on both sides of it, counts as different.
    """
    a, b = _TOKENS.findall(old), _TOKENS.findall(new)
    start = _common(a, b)
    end = _common(a[start:][::-1], b[start:][::-1])
    inner_a, inner_b = a[start : len(a) - end], b[start : len(b) - end]
    found = [Piece("same", "".join(a[:start]))]
    if len(inner_a) * len(inner_b) > _MOST:
        found += [Piece("out", "".join(inner_a)), Piece("in", "".join(inner_b))]
    else:
        found += _settled(_compared(inner_a, inner_b))
    found.append(Piece("same", "".join(a[len(a) - end :])))
    return [piece for piece in found if piece.text]


def changed(pieces: Iterable[Piece]) -> bool:
    return any(piece.kind != "same" for piece in pieces)


def lines(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The pieces of each line of the texts, lines that are blank left out."""
    made: list[list[Piece]] = [[]]
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        made[-1].append(Piece(piece.kind, first))
        made += [[Piece(piece.kind, text)] for text in rest]
    whole = ([piece for piece in line if piece.text] for line in made)
    return [line for line in whole if any(piece.text.strip() for piece in line)]


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """How many tokens are the same from the beginning on."""
    return next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _compared(a: Sequence[str], b: Sequence[str]) -> list[Piece]:
    found: list[Piece] = []
    for step in Indel.opcodes(a, b):
        out = "".join(a[step.src_start : step.src_end])
        if step.tag == "equal":
            found.append(Piece("same", out))
            continue
        found.append(Piece("out", out))
        found.append(Piece("in", "".join(b[step.dest_start : step.dest_end])))
    return found


def _settled(pieces: Iterable[Piece]) -> list[Piece]:
    """Of what differs in one place first all that went, then all that came."""
    made: list[Piece] = []
    out = into = between = ""
    last_out = last_in = ""  # what differs before `between`
    for piece in [*pieces, Piece("same", "")]:
        if piece.kind == "out":
            out += piece.text
        elif piece.kind == "in":
            into += piece.text
        else:
            if out or into:
                around = min(max(len(last_out), len(last_in)), max(len(out), len(into)))
                near = "\n" not in between and len(between.strip()) <= around
                if (last_out or last_in) and near:
                    last_out += between + out
                    last_in += between + into
                else:
                    made += [Piece("out", last_out), Piece("in", last_in), Piece("same", between)]
                    last_out, last_in = out, into
                out = into = between = ""
            between += piece.text
    made += [Piece("out", last_out), Piece("in", last_in), Piece("same", between)]
    return [piece for piece in made if piece.text]
