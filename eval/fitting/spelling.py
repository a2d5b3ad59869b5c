"""What putting words right does and harms: `python -m eval.fitting.spelling DATA`.

Questions as people asked them, over the library that they belong to and over ones that they don't:
whatever is changed there is looked at (`harm`; most of it were right words). And the same questions
with a letter wrong in one word that the library has: how many come back (`back`), stay, or become
another word (`other`).
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.command import run
from eval.datasets import beir, document, find, own_articles, own_questions, squad
from eval.fitting.kinds import typo
from index.article import Article
from index.encoding.encoder import Kind, Prefixes
from index.library import Library
from rag.understanding import spelling
from rag.understanding.spelling import SHORTEST, Speller

SEEDS = Path(__file__).parents[2] / "seeds"


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    articles: Sequence[Article]
    questions: Sequence[str]


def collections(data: Path) -> Iterator[Collection]:
    for folder in find(data, "xquad"):
        paragraphs, short = squad(next(folder.glob("*.json")))
        articles = [document(f"xquad/{n}", n, t, text) for n, (t, text) in enumerate(paragraphs)]
        yield Collection("xquad", articles, [q.question for q in short])
    for folder in find(data, "time"):
        found = beir(folder)
        articles = [
            document(f"time/{doc}", n, title, text)
            for n, (doc, (title, text)) in enumerate(found.corpus.items())
            if text.strip()
        ]
        yield Collection("time", articles, list(found.queries.values()))
    for path in find(SEEDS, "questions.jsonl"):
        yield Collection(
            "seeds", own_articles(path), [q.question for q in own_questions(path) if not q.history]
        )


class _NoVectors:
    """Spelling needs words only."""

    name, sha256, dimension, prefixes = "none", "0" * 64, 1, Prefixes()

    def encode(self, texts: Sequence[str], kind: Kind = "passage") -> NDArray[np.float32]:
        return np.ones((len(texts), 1), np.float32)

    def fits(self, text: str) -> bool:
        return len(text) <= 1200

    def count(self, text: str) -> int:
        return len(text.split())


def library(folder: Path, articles: Sequence[Article]) -> Library:
    opened = Library.open(folder, _NoVectors(), create=True)
    with opened.writing():
        for article in articles:
            opened.put(article)
    return opened


def mistyped(
    questions: Sequence[str], holds: Callable[[str], bool]
) -> Iterator[tuple[str, str, str]]:
    """(question with one word wrong, the word, how it was typed)."""
    rng = random.Random(5)  # noqa: S311
    for question in questions:
        words = [w for w in re.findall(r"[^\W\d_]+", question) if len(w) >= SHORTEST and holds(w)]
        if not words:
            continue
        word = rng.choice(words)
        wrong = typo(word, rng)
        if wrong != word:
            yield re.sub(rf"\b{word}\b", wrong, question, count=1), word, wrong


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.spelling", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=500, help="questions of each set")
    args = parser.parse_args()
    from rag.opening import open_encoder

    encoder = open_encoder()
    sets = list(collections(args.data))
    rules: Mapping[str, Callable[[str], bool]] = {
        "library or encoder's word": lambda word: encoder.count(word) == 1,
        "library's word": lambda word: False,
    }
    print("| library | questions | known by | changed | back | stay | other | of |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="dateline-eval-") as folder:
        for one in sets:
            with library(Path(folder) / one.name, one.articles) as opened:
                for name, known in rules.items():
                    speller = Speller(opened, known)
                    for other in sets:
                        _row(one, other, name, speller, opened, args.most)
    print(f"\nletters: {spelling.SHORTEST}, {spelling.LONG}; clearly: {spelling.CLEARLY}")


def _row(
    one: Collection, other: Collection, name: str, speller: Speller, opened: Library, most: int
) -> None:
    questions = other.questions[:most]
    began = time.perf_counter()
    changed = [pair for question in questions for pair in speller.correct(question)[1]]
    each_ms = 1000 * (time.perf_counter() - began) / len(questions)
    back = stay = wrong = 0
    if one is other:
        for question, word, typed in mistyped(questions, opened.holds):
            taken = dict(speller.correct(question)[1]).get(typed)
            back += taken is not None and taken.casefold() == word.casefold()
            stay += taken is None
            wrong += taken is not None and taken.casefold() != word.casefold()
    print(
        f"| {one.name} | {len(questions)} of {other.name} | {name} | {len(changed)}"
        f" | {back} | {stay} | {wrong} | {back + stay + wrong} | <!-- {each_ms:.2f} ms"
        f" {changed[:12]} -->",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
