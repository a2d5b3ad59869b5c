"""What is put before the model, for each thing that it is asked. Pure.

The system prompt is the same for all of them and a passage reads the same wherever it stands, so
that a passage that was read for one question or check needn't be read again for another.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.generator import Prompt

SYSTEM = "You answer questions about news articles, using only the passages given."


def passage_part(text: str) -> str:
    """A passage's text as the model sees it. It carries no number: the same in every place."""
    return f"Passage: {text}\n\n"


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


def answer_prompt(question: str, hits: Sequence[Hit]) -> Prompt:
    return Prompt(
        SYSTEM, context_parts(hits), f"Question: {question}\nAnswer in one complete sentence."
    )


def states_prompt(question: str, hits: Sequence[Hit]) -> Prompt:
    """Do the passages state the answer? (a Yes/No, not shown to anyone)"""
    return Prompt(
        SYSTEM,
        context_parts(hits),
        f"Question: {question}\n"
        "Do the passages state the answer to this question? Reply only Yes or No.",
    )


def claim_prompt(claim: str, hits: Sequence[Hit], question: str | None = None) -> Prompt:
    """Is this statement what the passages say? (a Yes/No, not shown to anyone)

    With the question that it answers before it: what a statement takes from the question is then
    expected, and what is unlikely about it is what it adds.
    """
    asked = f"Question: {question}\n" if question else ""
    return Prompt(
        SYSTEM,
        context_parts(hits),
        f"{asked}Statement: {claim}\n"
        "Is this statement supported by the passages? Reply only Yes or No.",
    )
