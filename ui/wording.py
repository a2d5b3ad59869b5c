"""What verdicts, conflicts and scores are called, the same in the page, the terminal and in text
that is taken along. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rag.generating.remote.address import leaves
from rag.stale import Change
from rag.understanding.kinds import Kind

STATED = "Stated in the source"
CHECK = "Check this"
WITHHELD = "Withheld: the articles don’t bear it out"
CALIBRATED = "the bar for “stated in the source” was measured with this model"
UNCALIBRATED = (
    "The bar for “stated in the source” was measured with another model than this one: check every "
    "sentence against its quote."
)
KINDS: Mapping[Kind, str] = {
    "fact": "A fact",
    "yesno": "Yes or no",
    "overview": "An overview",
    "article": "An article’s main points",
    "day": "What happened when",
    "timeline": "A timeline",
    "list": "A list",
    "comparison": "A comparison",
    "library": "About the library",
    "smalltalk": "Small talk",
    "other": "Something else",
}
"""What a question can be answered as."""
STALE: Mapping[Change, str] = {
    "removed": "is no longer in the library",
    "reworded": "was corrected since, and no longer has the words that were quoted",
    "vanished": "has vanished at its source since; what it said is kept here",
    "edited": "was changed since; the words that were quoted still stand in it",
}
"""What has become of an article that an answer cites."""
_MOST = 3  # phrases that are named

Spans = Iterable[Sequence[int]]


def verdict(verdict: str, text: str, lacking: Spans) -> str:
    """Of a claim: what a reader has to know of it."""
    if verdict == "stated":
        return STATED
    if verdict == "withheld":
        return WITHHELD
    phrases = [f"“{piece}”" for piece, missing in pieces(text, lacking) if missing]
    if not phrases:
        return f"{CHECK} against its quote"
    if len(phrases) > _MOST:
        phrases = [*phrases[:_MOST], f"{len(phrases) - _MOST} more"]
    verb = "isn’t" if len(phrases) == 1 else "aren’t"
    return f"{CHECK}: {listed(phrases, 'and')} {verb} in the quote"


def written_by(model: Mapping[str, str]) -> str:
    """Of an answer: who wrote it, and where to the question and the passages went for that."""
    name, host = model.get("generator", ""), model.get("host", "")
    if not host:
        return name
    by = f"{name}, at {host}" if name else host
    return f"written by {by}, which got the question and passages" if leaves(host) else by


def leaving(host: str) -> str:
    """Before anything is asked: that with a writer on another machine not all stays here; "" where
    all does."""
    if not (host and leaves(host)):
        return ""
    return f"Written at {host}: questions and passages leave this computer"


def who_writes(host: str, forbidden: bool) -> str:
    """Of a machine where nothing is asked yet."""
    if host and leaves(host) and forbidden:
        return f"none: DATELINE_NO_REMOTE forbids {host}, which DATELINE_WRITER_URL names"
    said = leaving(host) or (f"the server at {host}, on this computer" if host else "")
    said = said or "the local model; nothing that is asked leaves this computer"
    return said + ("; DATELINE_NO_REMOTE is set" if forbidden else "")


def disagree(values: Sequence[str]) -> str:
    """ "Sources disagree: 46% or 64%"."""
    return f"Sources disagree: {listed(values, 'or')}"


def listed(items: Sequence[str], last: str) -> str:
    """ "a", "a or b", "a, b or c"."""
    return f" {last} ".join(part for part in (", ".join(items[:-1]), items[-1]) if part)


def pieces(text: str, spans: Spans) -> list[tuple[str, bool]]:
    """The text in order, cut so that True is on what the spans cover; neighbouring words are one
    piece."""
    merged: list[list[int]] = []
    for start, end in sorted((max(0, a), min(len(text), b)) for a, b in spans):
        if start >= end:
            continue
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    found, at = [], 0
    for start, end in merged:
        found += [(text[at:start], False), (text[start:end], True)]
        at = end
    found.append((text[at:], False))
    return [(piece, missing) for piece, missing in found if piece]
