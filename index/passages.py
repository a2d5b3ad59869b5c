"""The Passage: the unit of retrieval, and how an article is split into them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start:end` of an article's cleaned text: `article.text[start:end] == text`.

    `heading` is what stands over the passage (a section's heading, a live blog entry's time);
    it is shown to the encoder and the generator beside the text, and is never quoted as text.
    """

    article_id: str
    start: int
    end: int
    text: str
    heading: str = ""

    @property
    def id(self) -> str:
        return f"{self.article_id}:{self.start}-{self.end}"
