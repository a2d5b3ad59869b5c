"""What judges an adapter: questions and claims of sets that nothing of was trained on.

xquad: two paragraphs of a page, questions of these and of the page's other paragraphs, whose answer
doesn't stand in the two. qags: a summary's sentence over the whole article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from eval.datasets import Labelled, qags, require, squad
from eval.fitting.adapter.examples.values import cut
from eval.metrics.text import contains_any

T = TypeVar("T")
OWN, FOREIGN = 6, 4  # questions of a pair of paragraphs, at most
_WORDS, _MOST = 160, 10  # of a passage; passages of an article


@dataclass(frozen=True, slots=True)
class Reading:
    """Passages with questions: (question, its answers; none where they aren't in the passages)."""

    passages: tuple[str, ...]
    questions: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """Passages with statements: (statement, whether it's borne out)."""

    passages: tuple[str, ...]
    claims: tuple[tuple[str, bool], ...]


def readings(data: Path, seed: int = 5) -> list[Reading]:
    found = []
    (folder,) = require(data, "xquad", "xquad")
    for path in sorted(folder.glob("*.json")):
        paragraphs, questions = squad(path)
        chance = Random(f"{seed}/{path.name}")  # noqa: S311
        for title in dict.fromkeys(title for title, _ in paragraphs):
            mine = [n for n, (named, _) in enumerate(paragraphs) if named == title]
            chance.shuffle(mine)
            for pair in zip(mine[::2], mine[1::2], strict=False):
                text = " ".join(paragraphs[n][1] for n in pair)
                own = [(q.question, q.answers) for q in questions if q.paragraph in pair]
                foreign: list[tuple[str, tuple[str, ...]]] = [
                    (q.question, ())
                    for q in questions
                    if q.paragraph in mine
                    and q.paragraph not in pair
                    and not contains_any(text, q.answers)
                ]
                chance.shuffle(own)
                chance.shuffle(foreign)
                passages = tuple(f"{title}\n{paragraphs[n][1]}" for n in pair)
                found.append(Reading(passages, (*own[:OWN], *foreign[:FOREIGN])))
    return found


def claims(data: Path, name: str) -> list[Claims]:
    """`name`: cnndm or xsum."""
    (path,) = require(data, name, f"qags/{name}.jsonl")
    by_text: dict[str, list[Labelled]] = {}
    for claim in qags(path):
        by_text.setdefault(claim.text, []).append(claim)
    return [
        Claims(passages_of(text), tuple((claim.claim, claim.supported) for claim in some))
        for text, some in by_text.items()
    ]


def passages_of(text: str) -> tuple[str, ...]:
    """Whole sentences, up to 160 words a passage; ten passages at most."""
    found: list[list[str]] = [[]]
    size = 0
    for sentence in cut(text):
        words = len(sentence.split())
        if found[-1] and size + words > _WORDS:
            found.append([])
            size = 0
        found[-1].append(sentence)
        size += words
    return tuple(" ".join(some) for some in found if some)[:_MOST]


def some_of(things: Sequence[T], limit: int | None, seed: int = 0) -> list[T]:
    """A part, chosen with the seed; a larger one holds a smaller one."""
    order = list(things)
    Random(seed).shuffle(order)  # noqa: S311
    return order[:limit]
