"""Plain sentences out of what a larger model writes: no marks of sources, no Markdown, no thinking
aloud. Pure.

Its marks are no citations (it cites what it makes up), so they go before a sentence is judged.
"""

from __future__ import annotations

import re

UNSTATED = "NOT STATED"
"""What a writer is told to say where the passages don't hold the answer."""

_LONGEST = 60  # characters between brackets that may be a mark, or a link's words

_THINKING = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_LINE_STARTS = re.compile(r"(?m)^[ \t]*(?:>[ \t]*)*(?:(?:#{1,6}|`{3,}\w*)(?=\s|\Z)[ \t]*)?")
_EMPHASIS = re.compile(
    r"(?<!\w)\*{1,3}(?=\S)|(?<=\S)\*{1,3}(?!\w)"
    r"|(?<!\w)_{1,3}(?=\w)|(?<=[^\s_])_{1,3}(?!\w)|`+"
)
_LINK = re.compile(rf"!?\[([^\[\]\n]{{1,{_LONGEST}}})\]\([^()\s]*\)")
_N = r"\^?\d{1,2}"
_MARK = re.compile(
    rf"[ \t]*\[(?:(?:passage|source|article)s?[ \t]+)?{_N}(?:[ \t]*(?:,|;|–|-|and|&)[ \t]*{_N})*\]"
    rf"|[ \t]*【[^】\n]{{0,{_LONGEST}}}】",
    re.IGNORECASE,
)
_SAYS_UNSTATED = re.compile(r"\W*NOT\s+STATED\b")
_UNSTATED = re.compile(r"\s*(?:\A|(?<=\s))NOT\s+STATED[.!]?(?=\s|\Z)")

# What may still become something that goes, at the end of what has been written so far.
_LAST_WORD = re.compile(r"\s*\S*\Z")
_OPEN = re.compile(
    rf"\[[^\[\]\n]{{0,{_LONGEST}}}\Z|【[^】\n]{{0,{_LONGEST}}}\Z|(?<![^\W_])NOT\W*\Z"
)


def plain(text: str) -> str:
    """The text without all that; lists stay lists. Nothing, where it says that it isn't stated."""
    text = _THINKING.sub("", text)
    if _SAYS_UNSTATED.match(text):
        return ""
    text = _LINE_STARTS.sub("", text)
    text = _EMPHASIS.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _UNSTATED.sub("", text)
    return _MARK.sub("", text).strip()


class PlainStream:
    """`plain` of a text that comes in pieces: what is given out, joined, is `plain` of the whole.

    Whole words only, and none that could still be part of something that goes.
    """

    def __init__(self) -> None:
        self.raw = ""
        self._given = ""

    @property
    def unstated(self) -> bool:
        """It has said that the passages don't hold the answer: nothing more will come."""
        return bool(_SAYS_UNSTATED.match(_THINKING.sub("", self.raw)))

    def take(self, piece: str) -> str:
        self.raw += piece
        text = plain(self.raw[: _settled(self.raw)])
        return self._more(text) if re.search(r"\w", text) else ""

    def end(self) -> str:
        return self._more(plain(self.raw))

    def _more(self, text: str) -> str:
        more, self._given = text[len(self._given) :], max(self._given, text, key=len)
        return more


def _settled(raw: str) -> int:
    """The end of the words that stay as they are whatever is written after them."""
    text = _whole_words(raw)
    while found := _OPEN.search(text):
        text = _whole_words(text[: found.start()])
    return len(text)


def _whole_words(text: str) -> str:
    """Without the last one, which may go on."""
    end = len(text)
    while end and not text[end - 1].isspace():
        end -= 1
    return text[:end].rstrip()
