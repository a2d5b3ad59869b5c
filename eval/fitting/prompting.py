"""Ways of asking for an answer, side by side.

    python -m eval.fitting.prompting SQUAD_FILE [--limit N]

Drafts only, by the product's own generator and search, over all paragraphs of a file in SQuAD
layout: with the passages in either order, with one or two worked examples, with other numbers of
passages. A draft is right where a gold string stands in it; words of an example that come up in
one have leaked. The same questions for every way, drawn by a fixed seed; wins and losses are
against what ships.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from eval.bench import Bench
from eval.command import run
from eval.datasets import document, squad
from eval.metrics.text import contains_any
from index.errors import UsageError
from index.search import Hit
from rag.generating.generator import Generator, Piece, Prompt
from rag.generating.prompt import answer_prompt

SEED = 7
MOST = 120  # tokens of a draft
SHIPPED = "as shipped"
EXAMPLES = (
    (
        "The lighthouse of Quillmere was lit in 1904. It is 31 metres tall.",
        "How tall is the lighthouse of Quillmere?",
        "The lighthouse of Quillmere is 31 metres tall.",
    ),
    (
        "Tova Brandl runs the ferry to Osk. Her brother Henning keeps the inn there.",
        "Who keeps the inn in Osk?",
        "Henning Brandl keeps the inn in Osk.",
    ),
)
_MADE_UP = ("Quillmere", "Brandl", "Osk", "Henning", "lighthouse", "31 metres")

Way = Callable[[str, Sequence[Hit]], Prompt]


def with_examples(n: int) -> Way:
    """The examples stand in the system prompt, which is read once for all questions."""
    shots = "\n\n".join(f"Passage: {p}\nQuestion: {q}\nAnswer: {a}" for p, q, a in EXAMPLES[:n])

    def way(question: str, hits: Sequence[Hit]) -> Prompt:
        asked = answer_prompt(question, hits)
        return replace(asked, system=f"{asked.system}\n\nFor example:\n\n{shots}")

    return way


def best_first(question: str, hits: Sequence[Hit]) -> Prompt:
    asked = answer_prompt(question, hits)
    return replace(asked, parts=tuple(reversed(asked.parts)))


def without_sentence(question: str, hits: Sequence[Hit]) -> Prompt:
    """Without "Answer in one complete sentence."."""
    return replace(answer_prompt(question, hits), ask=f"Question: {question}")


def ways(passages: int) -> dict[str, tuple[int, Way]]:
    """By name, how many passages, and the prompt."""
    return {
        f"{SHIPPED}: {passages}, the best last": (passages, answer_prompt),
        "the best first": (passages, best_first),
        "without “in one complete sentence”": (passages, without_sentence),
        "three passages": (3, answer_prompt),
        "one passage": (1, answer_prompt),
        "one example": (passages, with_examples(1)),
        "two examples": (passages, with_examples(2)),
    }


@dataclass(frozen=True, slots=True)
class Draft:
    text: str
    right: bool
    leaked: bool


def draft(generator: Generator, asked: Prompt, gold: Sequence[str]) -> Draft:
    pieces = [p.text for p in generator.write(asked, MOST) if isinstance(p, Piece)]
    text = "".join(pieces).strip()
    given = " ".join((*asked.parts, asked.ask))
    leaked = any(word in text and word not in given for word in _MADE_UP)
    return Draft(text, bool(contains_any(text, gold)), leaked)


def row(name: str, found: Sequence[Draft], base: Sequence[Draft]) -> str:
    pairs = list(zip(found, base, strict=True))
    won = sum(f.right and not b.right for f, b in pairs)
    lost = sum(b.right and not f.right for f, b in pairs)
    return (
        f"| {name} | {sum(f.right for f in found)} of {len(found)} | {won} | {lost} "
        f"| {mean(len(f.text.split()) for f in found):.1f} | {sum(f.leaked for f in found)} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.prompting", description=__doc__)
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
        hits = [library.search(q.question, 3) for q in asked]
    print("| way | right | won | lost | words | leaked |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    base: list[Draft] = []
    for name, (most, way) in ways(bench.settings.passages).items():
        found = [
            draft(bench.generator(), way(q.question, h[:most]), q.answers)
            for q, h in zip(asked, hits, strict=True)
        ]
        base = base or found
        print(row(name, found, base), flush=True)


if __name__ == "__main__":
    run(main)
