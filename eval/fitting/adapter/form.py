"""The product's form of asking, as texts: what an adapter is trained on is what it will be asked.

Nothing is written here a second time: every text is cut from the prompts of `TrainedForm`. The one
addition is a statement together with the question that it answers.
"""

from __future__ import annotations

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.form import SYSTEM, TrainedForm, passage_part, version

__all__ = [
    "NO",
    "SYSTEM",
    "VERSION",
    "YES",
    "passage_part",
    "question_tail",
    "reply",
    "statement_tail",
]

YES, NO = "Yes", "No"
_FORM = TrainedForm()
_NOWHERE = Hit(Passage("", 0, 1, "-"), Article("", "", "-"), 0.0, 1, 0.0, None, None, None)

VERSION = version(_FORM)
"""An adapter knows the form that it was trained in and no other."""


def question_tail(question: str) -> str:
    return _FORM.stated(question, ()).ask


def statement_tail(statement: str, question: str | None = None) -> str:
    """A statement by itself, or as the answer to a question."""
    asked = f"{question_tail(question)}\n" if question else ""
    return asked + _FORM.alone(statement, _NOWHERE).ask


def reply(sentence: str | None) -> str:
    """What stands in the model's turn before it goes on: '' before the first verdict."""
    if sentence is None:
        return ""
    if not sentence:
        return _FORM.answer("", ()).reply
    return _FORM.supported(sentence, (), "").reply
