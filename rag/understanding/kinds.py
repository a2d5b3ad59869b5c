"""What kind of thing a question asks for."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "fact",
    "yesno",
    "overview",
    "article",
    "day",
    "timeline",
    "list",
    "comparison",
    "library",
    "smalltalk",
    "other",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
