"""Sentences of a passage, remembered: the same passages are cited again and again."""

from __future__ import annotations

from functools import lru_cache

from index.splitting.lines import Span, paragraphs
from index.splitting.sentences import sentences


@lru_cache(maxsize=5_000)
def split(text: str) -> tuple[Span, ...]:
    """Spans of the text's sentences, in order; a heading or a list's line stands by itself."""
    return tuple(
        (start + a, start + b)
        for start, end in paragraphs(text)
        for a, b in sentences(text[start:end])
    )
