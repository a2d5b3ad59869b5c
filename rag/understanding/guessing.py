"""What a question asks for, and whether it leans on the turn before: trained, not ruled.

Two logistic regressions, fitted and compared by `eval.fitting.kinds`, over the question's n-grams,
the Encoder's vector of it, and, as far as it leans, the kind of the turn before. With an Encoder
that the weights weren't fitted to, weights for n-grams alone serve. No other model is asked: a
guess takes a few milliseconds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from index.encoding.encoder import Encoder
from rag.understanding.conversation.pointing import points_back
from rag.understanding.grams import grams
from rag.understanding.kinds import KINDS, Kind

Leaning = Literal["alone", "leans", "form"]
"""What a question needs of the turn before: nothing; what it is about ("and in 2021?"); or all of
it, for it only says how to answer it ("shorter", "as a timeline")."""
LEANINGS: tuple[Leaning, ...] = get_args(Leaning)

WEIGHTS = Path(__file__).with_name("kinds.npz")
VECTOR_SCALE = 2.0  # of the Encoder's unit vector beside the n-grams' two
POINTS_SCALE = 2.0
TURNS = 3  # of the conversation that are looked at

UNREAD: frozenset[Kind] = frozenset({"library", "smalltalk", "other"})
"""Kinds that are answered without the passages that a question was after."""
SURE_UNREAD = 0.5  # P of all of them together, below which a question isn't taken for one
SURE = 0.3  # P below which it is taken for a fact

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Guess:
    """`probabilities` of all kinds, summing to 1; `kind` needn't be the likeliest: a question that
    is taken for small talk by mistake isn't looked up at all, so that takes more."""

    kind: Kind
    probabilities: Mapping[Kind, float]
    leaning: Leaning


def guess(
    question: str,
    before: Sequence[str] = (),
    encoder: Encoder | None = None,
    *,
    article_open: bool = False,
    weights: Weights | None = None,
) -> Guess:
    """What `question` asks for, after the questions `before` it (oldest first). `article_open`: an
    article is open beside it, which "summarise this" may mean. `weights`: others than shipped."""
    if not readable(question):
        return Guess("fact", {kind: float(kind == "fact") for kind in KINDS}, "alone")
    weights = weights or _weights()
    asked = [*before[-TURNS:], question]
    joined = encoder is not None and encoder.sha256 == weights.encoder
    words = np.stack([grams(text) for text in asked])
    leaning = softmax(with_one(leaning_features(asked)) @ weights.leaning)
    texts = words
    if joined and encoder is not None:
        texts = np.hstack([words, VECTOR_SCALE * encoder.encode(asked)])
    last = np.zeros(len(KINDS), np.float32)
    for n in range(len(asked)):
        here = article_open and n == len(asked) - 1
        row = np.hstack([texts[n], context(leaning[n], last if n else None, here)])
        last = softmax(with_one(row[None]) @ (weights.joined if joined else weights.words))[0]
    return Guess(
        decided(last),
        {kind: float(p) for kind, p in zip(KINDS, last, strict=True)},
        LEANINGS[int(leaning[-1].argmax())],
    )


def leaning_of(question: str, weights: Weights | None = None) -> Leaning:
    """What a question needs of the turn before; by its words alone, in well under a millisecond."""
    if not readable(question):
        return "alone"
    weights = weights or _weights()
    scores: Floats = with_one(leaning_features([question])) @ weights.leaning
    return LEANINGS[int(scores[0].argmax())]


def readable(question: str) -> bool:
    """Whether the weights say anything of it: they have seen questions in Latin letters only. A
    question in other letters is looked up as a fact, and stands alone."""
    letters = [letter for letter in question if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * latin >= len(letters)


def leaning_features(questions: Sequence[str]) -> Floats:
    """Shape (questions, PLACES + 1): n-grams, and whether a word points back."""
    points = [[POINTS_SCALE * points_back(text)] for text in questions]
    words = np.stack([grams(text) for text in questions])
    rows: Floats = np.hstack([words, np.array(points, np.float32)])
    return rows


def decided(p: Floats, sure: float = SURE, sure_unread: float = SURE_UNREAD) -> Kind:
    """The kind to answer as, from the probability of each."""
    unread = sum(float(p[k]) for k, kind in enumerate(KINDS) if kind in UNREAD)
    allowed = [k for k, kind in enumerate(KINDS) if kind not in UNREAD or unread >= sure_unread]
    best = max(allowed, key=lambda k: float(p[k]))
    return KINDS[best] if p[best] >= sure else "fact"


def context(leaning: Floats, before: Floats | None, article_open: bool) -> Floats:
    """What the conversation tells of a question's kind, shape (CONTEXT,): the kinds of the turn
    before (None: there's none), as far as the question leans, and whether an article is open.
    `leaning` in the order of LEANINGS."""
    leans, form = leaning[1:]
    last = np.zeros(len(KINDS), np.float32) if before is None else before
    after, beside = before is not None, article_open
    rest = [after * leans, after * form, beside * leans, beside * form, 0.5 * beside]
    row: Floats = np.hstack([last * leans, last * form, np.array(rest)]).astype(np.float32)
    return row


CONTEXT = 2 * len(KINDS) + 5


def with_one(rows: Floats) -> Floats:
    wider: Floats = np.hstack([rows, np.ones((len(rows), 1), np.float32)])
    return wider


def softmax(scores: Floats) -> Floats:
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


@dataclass(frozen=True, slots=True)
class Weights:
    """Shapes (PLACES + 2, 3), (PLACES + CONTEXT + 1, 11), (PLACES + dimension + CONTEXT + 1, 11);
    the last row of each is added whatever was asked. `encoder`: the hash that `joined` belongs
    to."""

    leaning: Floats
    words: Floats
    joined: Floats
    encoder: str

    def save(self, path: Path) -> None:
        """As float16; `path` ends in .npz."""
        arrays = {name: getattr(self, name) for name in ("leaning", "words", "joined")}
        halves = {name: array.astype(np.float16) for name, array in arrays.items()}
        np.savez_compressed(path, encoder=np.array(self.encoder), **halves)

    @classmethod
    def load(cls, path: Path) -> Weights:
        with np.load(path, allow_pickle=False) as file:
            return cls(
                leaning=file["leaning"].astype(np.float32),
                words=file["words"].astype(np.float32),
                joined=file["joined"].astype(np.float32),
                encoder=str(file["encoder"]),
            )


@cache
def _weights() -> Weights:
    return Weights.load(WEIGHTS)
