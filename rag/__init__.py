"""Question in, checked and cited answer out.

    from rag import Assistant
    answer = Assistant.open("my-library").ask("How large was trade in 2023?")

Importing this loads no model library; opening an Assistant does.
"""

from __future__ import annotations

from pathlib import Path

from index.article import Article
from index.errors import DatelineError
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Answer, Citation, Claim, Conflict, Coverage, Side, Timings, Tokens
from rag.assistant import Assistant
from rag.checking.verdict import Verdict
from rag.events import (
    ClaimChecked,
    Done,
    Event,
    Passages,
    Progress,
    Searching,
    Token,
    Understood,
)
from rag.generating.generator import Stop, Stopped
from rag.settings import Settings
from rag.understanding.kinds import KINDS, Kind

__all__ = [
    "KINDS",
    "Answer",
    "Article",
    "Assistant",
    "Citation",
    "Claim",
    "ClaimChecked",
    "Conflict",
    "Coverage",
    "DatelineError",
    "Done",
    "Event",
    "Filter",
    "Hit",
    "Kind",
    "Passage",
    "Passages",
    "Progress",
    "Searching",
    "Settings",
    "Side",
    "Stop",
    "Stopped",
    "Timings",
    "Token",
    "Tokens",
    "Understood",
    "Verdict",
    "ask",
]


def ask(question: str, library: str | Path | None = None) -> Answer:
    """One question, one answer; to ask more than once keep an `Assistant`, which stays warm."""
    with Assistant.open(library) as assistant:
        return assistant.ask(question)
