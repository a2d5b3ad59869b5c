"""What is put before the model, for each thing that it is asked. Pure.

The system prompt is the same for all of them and a passage reads the same wherever it stands, so
that a passage that was read for one question or check needn't be read again for another.

Two forms of asking: the one that the adapter was trained on, and plain words for a model without
one. Whoever asks doesn't know which it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Protocol

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.generator import Prompt

SYSTEM = "You answer questions about news articles, using only the passages given."


# What opens a part of a prompt, at the beginning of a line: an article that writes it says it in
# other signs.
_OPENING = re.compile(r"(?m)^([^\S\n]*)(passage|question|statement)([^\S\n]*):", re.IGNORECASE)


def passage_part(text: str) -> str:
    """A passage's text as the model sees it. It carries no number: the same in every place."""
    return "Passage: " + _OPENING.sub(r"\1\2\3 –", text) + "\n\n"


def titled(article: Article, passage: Passage) -> str:
    """A passage under its article's title, date and heading, so that it can be told apart."""
    over = article.title
    if article.published:
        over += f" ({article.published.isoformat()})"
    if passage.heading and not passage.text.startswith(passage.heading):
        over += f": {passage.heading}"
    return f"{over}\n{passage.text}"


def context_parts(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The parts of a prompt for hits in order, best first: the best is put next to the question."""
    return tuple(passage_part(titled(hit.article, hit.passage)) for hit in reversed(hits))


class Form(Protocol):
    """Prompts over passages. The reply to `stated`, `supported` and `alone` is a Yes or a No, of
    which only the probabilities are looked at; to `answer` it is the answer's words, on one line
    if `one_line`."""

    one_line: bool

    def reading(self, article: Article, passage: Passage) -> Prompt:
        """A passage by itself, read the way that every other prompt reads it."""
        ...

    def stated(self, question: str, hits: Sequence[Hit]) -> Prompt:
        """Do the passages state the answer?"""
        ...

    def answer(self, question: str, hits: Sequence[Hit]) -> Prompt:
        """The answer, in a sentence."""
        ...

    def supported(self, sentence: str, hits: Sequence[Hit], question: str) -> Prompt:
        """Is this sentence, as the answer to the question, borne out by the passages?"""
        ...

    def alone(self, sentence: str, hit: Hit) -> Prompt:
        """Is this sentence borne out by this one passage?"""
        ...


class TrainedForm:
    """The adapter's: one turn holds all three. `Yes`, the answer's sentence, `Yes`.

    A question is read once: what each prompt adds to the one before it is a few tokens.
    """

    one_line = True

    def reading(self, article: Article, passage: Passage) -> Prompt:
        return Prompt(SYSTEM, (passage_part(titled(article, passage)),), "", adapted=True)

    def stated(self, question: str, hits: Sequence[Hit]) -> Prompt:
        return Prompt(SYSTEM, context_parts(hits), f"Question: {question}", adapted=True)

    def answer(self, question: str, hits: Sequence[Hit]) -> Prompt:
        return Prompt(SYSTEM, context_parts(hits), f"Question: {question}", "Yes\n", adapted=True)

    def supported(self, sentence: str, hits: Sequence[Hit], question: str) -> Prompt:
        reply = f"Yes\n{sentence}\n"
        return Prompt(SYSTEM, context_parts(hits), f"Question: {question}", reply, adapted=True)

    def alone(self, sentence: str, hit: Hit) -> Prompt:
        return Prompt(SYSTEM, context_parts([hit]), f"Statement: {sentence}", adapted=True)


class PlainForm:
    """For a model as it is: each thing is asked for in words."""

    one_line = False

    def reading(self, article: Article, passage: Passage) -> Prompt:
        return Prompt(SYSTEM, (passage_part(titled(article, passage)),), "")

    def stated(self, question: str, hits: Sequence[Hit]) -> Prompt:
        return Prompt(
            SYSTEM,
            context_parts(hits),
            f"Question: {question}\n"
            "Do the passages state the answer to this question? Reply only Yes or No.",
        )

    def answer(self, question: str, hits: Sequence[Hit]) -> Prompt:
        return Prompt(
            SYSTEM, context_parts(hits), f"Question: {question}\nAnswer in one complete sentence."
        )

    def supported(self, sentence: str, hits: Sequence[Hit], question: str) -> Prompt:
        asked = f"Question: {question}\nStatement: {sentence}"
        return Prompt(SYSTEM, context_parts(hits), f"{asked}\n{_SUPPORTED}")

    def alone(self, sentence: str, hit: Hit) -> Prompt:
        return Prompt(SYSTEM, context_parts([hit]), f"Statement: {sentence}\n{_SUPPORTED}")


_SUPPORTED = "Is this statement supported by the passages? Reply only Yes or No."


def version(form: Form) -> str:
    """Twelve hex digits that differ when any of a form's prompts does."""
    article = Article("a", "T", "P")
    hit = Hit(Passage("a", 0, 1, "P"), article, 1.0, 1, 1.0, None, 1, None)
    prompts = (
        form.stated("Q", [hit]),
        form.answer("Q", [hit]),
        form.supported("S", [hit], "Q"),
        form.alone("S", hit),
    )
    return hashlib.sha256(repr(prompts).encode()).hexdigest()[:12]
