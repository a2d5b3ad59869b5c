"""The words around a question and a statement, as the product puts them before the model.

Stands in for `rag.generating.form`, which will hold the same names: then this file goes and its
importers take them from there. System prompt and passages already come from the product.
"""

from __future__ import annotations

from rag.generating.prompt import SYSTEM, passage_part

__all__ = ["NO", "SYSTEM", "VERSION", "YES", "passage_part", "question_tail", "statement_tail"]

VERSION = "1"
"""Of the whole form. An adapter knows the form that it was trained in and no other."""

YES, NO = "Yes", "No"


def question_tail(question: str) -> str:
    return f"Question: {question}"


def statement_tail(statement: str, question: str | None = None) -> str:
    """A statement by itself, or as the answer to a question."""
    asked = f"{question_tail(question)}\n" if question else ""
    return f"{asked}Statement: {statement}"
