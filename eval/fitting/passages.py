"""How many passages are read, and in which order, side by side.

    python -m eval.fitting.passages SQUAD_FILE [--limit N]

Drafts only, by the product's own reader and search, over all paragraphs of a file in SQuAD layout:
other numbers of passages at once, either order, and the next ones too where the first don't state
the answer. A draft is right where a gold string stands in it. The same questions for every way,
drawn by a fixed seed; wins and losses are against what ships.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from eval.bench import Bench
from eval.command import run
from eval.datasets import document, squad
from eval.metrics.calibration import auc
from eval.metrics.text import contains_any
from index.errors import UsageError
from index.search import Hit
from rag.generating.generator import Piece
from rag.generating.reader import LocalReader

SEED = 7
SHIPPED = "as shipped"
ENOUGH = 0.5  # P(stated) from which no further passages are read

Way = Callable[[LocalReader, str, Sequence[Hit]], Sequence[Hit]]
"""The passages to read, of those that were found, as the form takes them: best first."""


def first(n: int) -> Way:
    return lambda reader, question, hits: hits[:n]


def reversed_(n: int) -> Way:
    """The best is then farthest from the question."""
    return lambda reader, question, hits: hits[:n][::-1]


def until_stated(n: int) -> Way:
    """By `n`s, the ones that most likely state it; no further ones once that is likely enough."""

    def way(reader: LocalReader, question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
        best, most = hits[:0], -1.0
        for start in range(0, len(hits), n):
            context = hits[start : start + n]
            stated = reader.stated(question, context)
            if stated > most:
                best, most = context, stated
            if stated >= ENOUGH:
                break
        return best

    return way


def ways(passages: int) -> dict[str, Way]:
    others = [n for n in (1, 3, 4, 6) if n != passages]
    return {
        f"{SHIPPED}: {passages}, the next where it's not stated": until_stated(passages),
        f"{passages}": first(passages),
        "the best farthest from the question": reversed_(passages),
        **{str(n): first(n) for n in others},
        "3, the next where it's not stated": until_stated(3),
    }


@dataclass(frozen=True, slots=True)
class Draft:
    text: str
    right: bool
    supported: float


def draft(reader: LocalReader, question: str, hits: Sequence[Hit], gold: Sequence[str]) -> Draft:
    pieces = [p.text for p in reader.write(question, hits) if isinstance(p, Piece)]
    text = "".join(pieces).strip()
    return Draft(text, bool(contains_any(text, gold)), reader.supported(text, hits, question))


def row(name: str, found: Sequence[Draft], base: Sequence[Draft]) -> str:
    pairs = list(zip(found, base, strict=True))
    won = sum(f.right and not b.right for f, b in pairs)
    lost = sum(b.right and not f.right for f, b in pairs)
    checked = auc(np.array([(f.supported, f.right) for f in found], dtype=np.float64))
    return (
        f"| {name} | {sum(f.right for f in found)} of {len(found)} | {won} | {lost} "
        f"| {checked:.3f} | {mean(len(f.text.split()) for f in found):.1f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.passages", description=__doc__)
    parser.add_argument("file", type=Path, help="questions and paragraphs in SQuAD layout")
    parser.add_argument("--limit", type=int, default=40)
    given = parser.parse_args(arguments)
    paragraphs, questions = squad(given.file)
    asked = [q for q in questions if q.answers]
    if not asked or given.limit < 1:
        raise UsageError(
            "There is nothing to ask: name a file of answered questions and a --limit of 1 or more."
        )
    asked = random.Random(SEED).sample(asked, min(given.limit, len(asked)))  # noqa: S311
    articles = [
        document(f"{given.file.name} {n}", n, title, text)
        for n, (title, text) in enumerate(paragraphs)
    ]
    bench = Bench({})
    with bench.library(articles) as library:
        hits = [library.search(q.question, bench.settings.budget) for q in asked]
    print("| passages | right | won | lost | check's AUC | words |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    reader = bench.reader()
    base: list[Draft] = []
    for name, way in ways(bench.settings.passages).items():
        found = [
            draft(reader, q.question, way(reader, q.question, h), q.answers)
            for q, h in zip(asked, hits, strict=True)
        ]
        base = base or found
        print(row(name, found, base), flush=True)


if __name__ == "__main__":
    run(main)
