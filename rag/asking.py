"""A question and all that is asked with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypedDict

from index.errors import UsageError
from index.search import Filter
from rag.generating.generator import Stop
from rag.settings import Settings
from rag.understanding.conversation.listed import Turn
from rag.understanding.kinds import KINDS, Kind

_LONGEST_QUESTION = 2000  # characters


class Asking(TypedDict, total=False):
    """What may be given with a question, by name.

    `history` is (question, answer) pairs. What `filter` leaves open is taken from the question's
    own words ("last week", "according to the Guardian"; see `rag.understanding.filters`), unless
    `read_filters` is False. `settings` are this question's own. `kind` is what is asked for, where
    a person says so; else it is read from the question. `article` is the id of the article that is
    open beside the question ("summarise this"). `skip` are ids of passages that have been read for
    it before: the answer goes on after them. `correct` False leaves the question as it was typed;
    else it is put into the articles' language, and words that nobody knows as the library spells
    them.
    """

    history: Sequence[Turn]
    filter: Filter | None
    read_filters: bool
    settings: Settings | None
    kind: Kind | None
    article: str | None
    skip: Collection[str]
    correct: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The same, complete. `began` is when it was asked, by `time.perf_counter`."""

    question: str
    history: tuple[Turn, ...]
    filter: Filter
    read_filters: bool
    settings: Settings
    kind: Kind | None
    article: str | None
    skip: frozenset[str]
    correct: bool
    stop: Stop | None
    began: float


def readable(question: str) -> str:
    """In one line. Raises UsageError for one that is empty, or longer than the model is given."""
    question = " ".join(question.split())
    if not question:
        raise UsageError("The question is empty; ask something about the articles.")
    if len(question) > _LONGEST_QUESTION:
        raise UsageError(
            f"The question has {len(question)} characters but at most {_LONGEST_QUESTION} are "
            "taken; shorten it."
        )
    return question


def asked(
    question: str, given: Asking, settings: Settings, stop: Stop | None, began: float
) -> Asked:
    """Raises UsageError for a question that is empty or too long, and for an unknown kind."""
    question = readable(question)
    kind = given.get("kind")
    if kind is not None and kind not in KINDS:
        raise UsageError(f"There's no kind of question '{kind}'; choose from {', '.join(KINDS)}.")
    return Asked(
        question,
        tuple(given.get("history", ())),
        given.get("filter") or Filter(),
        given.get("read_filters", True),
        given.get("settings") or settings,
        kind,
        given.get("article"),
        frozenset(given.get("skip", ())),
        given.get("correct", True),
        stop,
        began,
    )
