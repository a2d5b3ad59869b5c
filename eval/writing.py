"""Ways of writing, side by side: `python -m eval.writing [QUESTIONS] [ARTICLES] [--limit N]`.

The same prompts (the questions of a file over a folder's articles, by default those of `seeds/`),
passages read before, greedy, by the product's own generator: as it ships, with drafts from the
passages (prompt lookup), and with key-value states of 8 bits. Times are of the writing alone, from
the first token to the last; a way is only as good if its text is the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from eval.bench import Bench
from eval.datasets import own_questions
from eval.peers.run import questions_and_articles
from index.cores import usable_cores
from index.ingest import add
from rag import models
from rag.generator import Piece, Prompt, Read
from rag.local import LocalGenerator
from rag.prompt import answer_prompt
from rag.states import StateCache

MOST = 120  # tokens of an answer
WAYS: dict[str, dict[str, int | bool]] = {
    "as shipped": {},
    "drafts of 4 tokens": {"draft": 4},
    "drafts of 8 tokens": {"draft": 8},
    "states of 8 bits (q8_0)": {"q8_state": True},
}


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    tokens: int
    first_s: float
    writing_s: float


def prompts(questions: Path | None, articles: Path | None, limit: int | None) -> list[Prompt]:
    file, folder = questions_and_articles(questions, articles)
    bench = Bench({})
    with bench.library([]) as library:
        list(add(library, [str(folder)], counter=bench.counter()))
        asked = [q.question for q in own_questions(file) if q.answerable][:limit]
        most = bench.settings.passages
        return [answer_prompt(q, library.search(q, most)) for q in asked]


def write(generator: LocalGenerator, prompt: Prompt) -> Written:
    """Once to have everything read, then timed."""
    generator.yes(prompt)
    began = time.perf_counter()
    first, pieces = 0.0, []
    for event in generator.write(prompt, MOST):
        if isinstance(event, Read):
            continue
        first = first or time.perf_counter()
        pieces.append(event)
    ended = time.perf_counter()
    text = "".join(p.text for p in pieces if isinstance(p, Piece))
    return Written(text, len(pieces), first - began, ended - first)


def measure(asked: Sequence[Prompt], options: dict[str, int | bool]) -> tuple[list[Written], int]:
    """What was written to each prompt, and the bytes of all states kept."""
    chosen = models.default("generator")
    cache = StateCache(None, memory_bound=1 << 30, disk_bound=0)
    generator = LocalGenerator.open(
        models.path(chosen.name),
        name=chosen.name,
        sha256=chosen.files[0].sha256,
        threads=usable_cores(),
        cache=cache,
        **options,  # type: ignore[arg-type]
    )
    try:
        return [write(generator, prompt) for prompt in asked], cache.status().memory_bytes
    finally:
        generator.close()


def row(name: str, found: Sequence[Written], base: Sequence[Written], kept: int) -> str:
    pairs = [(f, b) for f, b in zip(found, base, strict=True) if f.text == b.text and b.tokens > 1]
    ratio = median(b.writing_s / f.writing_s for f, b in pairs) if pairs else float("nan")
    each = median((f.tokens - 1) / f.writing_s for f in found if f.tokens > 1)
    same = sum(f.text == b.text for f, b in zip(found, base, strict=True))
    return (
        f"| {name} | {each:.1f} | {ratio:.2f} | {same} of {len(found)} "
        f"| {1000 * median(f.first_s for f in found):.0f} | {kept / 2**20:.0f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.writing", description=__doc__)
    parser.add_argument("questions", nargs="?", type=Path)
    parser.add_argument("articles", nargs="?", type=Path)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args(arguments)
    asked = prompts(given.questions, given.articles, given.limit)
    print("| way | tokens/s | as fast as shipped | same text | first token, ms | states, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    base: list[Written] = []
    for name, options in WAYS.items():
        found, kept = measure(asked, options)
        base = base or found
        print(row(name, found, base, kept), flush=True)


if __name__ == "__main__":
    main()
