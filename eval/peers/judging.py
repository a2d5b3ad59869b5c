"""What an answer is worth, read off its text the same way for Dateline and its peer. Pure.

    right      a gold answer stands in it (`eval.suites.answers.right`)
    declined   it says that it can't answer. Dateline says so itself; of a peer it is read off the
               text by DECLINES, and only where no gold answer stands in it
    wrong      anything else, where there is a gold answer

Both readings lean towards the peer: it may decline and answer in one breath and be right, and one
sentence of declining makes a long answer to an unanswerable question a rightful refusal.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from eval.metrics.text import unmarked
from eval.stats import median
from eval.suite import Figure, Record, Scored
from eval.suites.answers import right

DECLINES = re.compile(
    r"""
    \bnone\ of\ the\ (provided\ |given\ |above\ )?(sources|articles|documents|information)\b
  | \b(do|does|did)(\ not|n['’]t)\ (\w+ly\ )?(provide|contain|mention|state|specify|include|give
        |say|indicate|answer|address|disclose|reveal|offer|list|have)\b
  | \b(is|are|was|were)(\ not|n['’]t)\ (\w+ly\ )?(provided|mentioned|stated|specified|given
        |included|available|disclosed|known|found|clear|indicated|addressed|contained|listed)\b
  | \bno\ (\w+\ )?(information|mention|details?|data|answer)\b
  | \b(cannot|can['’]?t|can\ not|could\ not|unable\ to)\ (be\ )?(answer|determin|provid|find|found
        |confirm|say|tell)
  | \bnot\ (helpful|enough\ information|possible\ to)\b
  | \b(i['’]m|i\ am)\ sorry\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_BRACKETED = re.compile(r"\[(?:sources?\s*)?(\d+(?:\s*(?:,|and|&|;)\s*(?:source\s*)?\d+)*)\]", re.I)
# "Source 1:" is the head of a source, which a small model may copy, and refers to nothing.
_NAMED = re.compile(r"\bsources?\s+(\d+(?:\s*(?:,|and|&)\s*\d+)*)\b(?!\s*:)", re.I)


@dataclass(frozen=True, slots=True)
class Given:
    """What one side said to one question, and what it cost.

    `declined` and `cited` are None where the text must be read for them. `sources` stood before
    the model, the first is [1].
    """

    text: str
    declined: bool | None
    cited: bool | None
    sources: tuple[str, ...]
    first_token_s: float
    total_s: float
    prompt_tokens: int
    written_tokens: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def declines(text: str) -> bool:
    """Whether a text says that the sources don't hold the answer."""
    return bool(DECLINES.search(text))


def cited(text: str, sources: int) -> set[int]:
    """The numbers of the sources that a text refers to, as [1], [1, 2] or Source 1; without
    those that don't exist."""
    found = [m[1] for pattern in (_BRACKETED, _NAMED) for m in pattern.finditer(text)]
    numbers = {int(n) for run in found for n in re.findall(r"\d+", run)}
    return {n for n in numbers if 1 <= n <= sources}


def plain(text: str) -> str:
    """Without references to sources: their numbers aren't answers."""
    return _NAMED.sub("", _BRACKETED.sub("", unmarked(text)))


def score(record: Record) -> Scored:
    """An unanswerable question has no right answer, a declined one no citation."""
    gold, given = record["gold"], record["given"]
    holds = bool(gold["answerable"]) and bool(right(plain(given["text"]), gold))
    if given["declined"] is not None:
        declined = given["declined"]
    else:
        declined = not holds and (declines(given["text"]) or not given["text"])
    has_citation = given["cited"]
    if has_citation is None:
        has_citation = bool(cited(given["text"], len(given["sources"])))
    scores: dict[str, float | None] = {
        "first_ms": given["first_token_s"] * 1000,
        "total_ms": given["total_s"] * 1000,
        "prompt": given["prompt_tokens"],
        "written": given["written_tokens"],
        "cited": None if declined else float(has_citation),
    }
    if not gold["answerable"]:
        scores |= {"declined_rightly": float(declined), "served": float(declined)}
        return Scored(scores, "" if declined else "should have declined")
    correct = holds and not declined
    scores |= {
        "right": float(correct),
        "wrong": float(not correct and not declined),
        "declined_wrongly": float(declined),
        "served": float(correct),
    }
    return Scored(scores, "" if correct else "declined" if declined else "wrong answer")


FIGURES = (
    Figure("first token", ("first_ms",), "median; from the question to the first text",
           statistic=median, better="lower", unit="ms"),
    Figure("whole answer", ("total_ms",), "median; Dateline's is checked by then",
           statistic=median, better="lower", unit="ms"),
    Figure("right", ("right",), "of the answerable questions"),
    Figure("wrong", ("wrong",), "answered, but not with the gold answer", better="lower"),
    Figure("declined, though answerable", ("declined_wrongly",), "", better="lower"),
    Figure("declined rightly", ("declined_rightly",), "of the unanswerable questions"),
    Figure("served rightly", ("served",), "the right answer, or none where there is none"),
    Figure("with a citation", ("cited",), "of the answers given; not whether it holds"),
    Figure("prompt", ("prompt",), "median", statistic=median, better="", unit="tokens"),
    Figure("written", ("written",), "median", statistic=median, better="", unit="tokens"),
)  # fmt: skip
