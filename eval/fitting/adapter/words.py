"""Examples and prompts in tokens of the base model, with what is learnt at each place.

Tokens are those that llama.cpp gives (`index.splitting.tokens` reads the vocabulary out of the
GGUF); head and turns are cut from the model's own chat template, and a reply is spelt in the pieces
that the product spells it in: a sentence together with the line break after it, which for some
vocabularies is one token with the full stop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.fitting.adapter.examples.tails import Example, Tail
from eval.fitting.adapter.form import (
    NO,
    SYSTEM,
    YES,
    passage_part,
    question_tail,
    reply,
    statement_tail,
)
from eval.fitting.adapter.net.gguf_file import vocabulary
from index.errors import UsageError
from index.splitting.tokens import load
from rag.generating.template import chat_pieces

NONE = -1  # nothing is learnt at this place
PASSAGE_TOKENS, TAIL_TOKENS = 400, 400  # longer passages are cut, longer tails left out

WEIGHTS = {"verdict": 1.0, "end": 0.5, "words": 1.0}
"""Of a verdict, of ending or going on after one, and of all the words of a sentence together."""
_FEWEST_WORDS = 6  # a shorter sentence weighs less than a whole one


@dataclass(frozen=True, slots=True)
class Taught:
    """A tail's tokens; `labels` and `weights`: what is to follow each, and how much that counts.

    `verdicts`: the places whose label is a verdict.
    """

    kind: str
    tokens: list[int]
    labels: list[int]
    weights: list[float]
    verdicts: list[int]


@dataclass(frozen=True, slots=True)
class Lesson:
    """An example in tokens."""

    passages: list[list[int]]
    tails: list[Taught]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.passages)) + sum(len(tail.tokens) for tail in self.tails)


class Words:
    """The base model's vocabulary and turns."""

    def __init__(self, gguf: Path, cache: Path) -> None:
        counter = load(gguf, cache)
        if counter.encoding is None:
            raise UsageError(f"'{gguf}' has a vocabulary that can't be read: choose another model.")
        self._encoding = counter.encoding
        settings = vocabulary(gguf)
        self._size, self.end = settings.size, settings.eos
        bos, eos = (
            "" if n < 0 else self._encoding.decode([n]) for n in (settings.bos, settings.eos)
        )
        pieces = chat_pieces(settings.template, bos=bos, eos=eos)
        before = self._special(pieces.before_system)
        if settings.adds_bos and before[:1] != [settings.bos]:
            before.insert(0, settings.bos)
        self.head = (*before, *self.plain(SYSTEM), *self._special(pieces.before_user))
        self.after = tuple(self._special(pieces.after_user))
        self.yes, self.no, self.line = (self._one(text) for text in (YES, NO, "\n"))
        self.ends = self._line_ends() | {self.end}
        """The tokens that end a sentence that is written: with a line break, or of the turn."""

    def plain(self, text: str) -> list[int]:
        """Tokens of plain text: a control token written out in it stays text."""
        return self._known(self._encoding.encode_ordinary(text))

    def text(self, tokens: Sequence[int]) -> str:
        return str(self._encoding.decode([token for token in tokens if token != self.end]))

    def passage(self, text: str) -> list[int]:
        """As the product puts it before the model, cut at PASSAGE_TOKENS."""
        whole = self.plain(passage_part(text))
        ending = self.plain("\n\n")
        if len(whole) <= PASSAGE_TOKENS:
            return whole
        return whole[: PASSAGE_TOKENS - len(ending)] + ending

    def asked(self, text: str) -> list[int]:
        """What ends the user's turn, and the opening of the model's."""
        return [*self.plain(text), *self.after]

    def answering(self, question: str) -> list[int]:
        """Up to where an answer's first sentence is written."""
        return [*self.asked(question_tail(question)), *self.plain(reply(""))]

    def checking(self, question: str, sentence: str) -> list[int]:
        """Up to where an answer's sentence is judged."""
        return [*self.asked(question_tail(question)), *self.plain(reply(sentence))]

    def taught(self, tail: Tail) -> Taught:
        if tail.statement is not None:
            opening = self.asked(statement_tail(tail.statement, tail.question))
        else:
            assert tail.question is not None
            opening = self.asked(question_tail(tail.question))
        made = Taught(
            tail.kind,
            opening,
            [NONE] * (len(opening) - 1),
            [0.0] * (len(opening) - 1),
            [],
        )
        self._verdict(made, tail.stated)
        last = len(tail.sentences) - 1
        for place, sentence in enumerate(tail.sentences):
            made.tokens.append(self.yes)  # as it is when a model is made to answer
            words = self.plain(f"{sentence.text}\n")
            share = WEIGHTS["words"] / max(_FEWEST_WORDS, len(words))
            going_on = WEIGHTS["end"] if place else share
            self._say(made, [self.line], going_on if sentence.learn else 0.0)
            self._say(made, words, share if sentence.learn else 0.0)
            self._verdict(made, sentence.true)
            if place == last and tail.ends:
                made.tokens.append(self.yes)
                made.labels.append(self.end)
                made.weights.append(WEIGHTS["end"])
        return made

    def lesson(self, example: Example) -> Lesson:
        """The example in tokens, without tails that are too long."""
        passages = [self.passage(text) for text in example.passages]
        tails = [self.taught(tail) for tail in example.tails]
        return Lesson(passages, [tail for tail in tails if len(tail.tokens) <= TAIL_TOKENS])

    def _verdict(self, made: Taught, yes: bool | None) -> None:
        if yes is not None:
            made.verdicts.append(len(made.labels))
        made.labels.append(NONE if yes is None else self.yes if yes else self.no)
        made.weights.append(0.0 if yes is None else WEIGHTS["verdict"])

    def _say(self, made: Taught, tokens: list[int], weight: float) -> None:
        """Each token is what is to follow the one before it."""
        made.tokens.extend(tokens)
        made.labels.extend(tokens if weight else [NONE] * len(tokens))
        made.weights.extend([weight] * len(tokens))

    def _special(self, text: str) -> list[int]:
        return self._known(self._encoding.encode(text, allowed_special="all"))

    def _known(self, tokens: list[int]) -> list[int]:
        """Without the bytes that the vocabulary lacks: their numbers lie past its end."""
        return [token for token in tokens if token < self._size]

    def _line_ends(self) -> set[int]:
        found = set()
        for token in range(self._size):
            with contextlib.suppress(KeyError):  # (a number that no token has)
                if b"\n" in self._encoding.decode_single_token_bytes(token):
                    found.add(token)
        return found

    def _one(self, text: str) -> int:
        found = self.plain(text)
        if len(found) != 1:
            raise UsageError(f"{text!r} is {len(found)} tokens for this model: choose another.")
        return found[0]
