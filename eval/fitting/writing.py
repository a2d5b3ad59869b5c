"""Ways of writing, side by side.

    python -m eval.fitting.writing [QUESTIONS] [ARTICLES] [--limit N]

The same prompts (the questions of a file over a folder's articles, by default those of `seeds/`),
greedy, by the product's own generator: as it ships, without its adapter, with key-value states of
8 bits, and with other numbers of threads. Reading is of the passages when none of them was read
before; writing from the first token to the last, passages read. But for the adapter, a way is only
as good if its text is the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from eval.bench import Bench
from eval.command import run
from eval.datasets import own_questions
from eval.peers.run import questions_and_articles
from index.cores import usable_cores
from index.ingest import add
from rag.generating.form import PlainForm, TrainedForm
from rag.generating.generator import Piece, Prompt, Read
from rag.generating.local import LocalGenerator
from rag.generating.states import StateCache
from rag.models import files as models

MOST = 120  # tokens of an answer
SHIPPED = "as shipped"


def ways(cores: int) -> dict[str, dict[str, int | bool | None]]:
    """By name, the options of `LocalGenerator.open` in which a way differs from what ships."""
    others = [n for n in (1, 2, cores // 2, cores + 1, 2 * cores) if 0 < n != cores]
    return {
        SHIPPED: {},
        "without the adapter": {"adapter": None},
        "states of 8 bits (q8_0)": {"q8_state": True},
        **{f"{n} thread{'s' * (n > 1)}": {"threads": n} for n in sorted(set(others))},
    }


@dataclass(frozen=True, slots=True)
class Written:
    """`read` tokens of the prompt anew, in `reading_s`; then `tokens` written."""

    text: str
    read: int
    reading_s: float
    tokens: int
    writing_s: float

    @property
    def per_s(self) -> float:
        """Tokens a second, after the first."""
        return (self.tokens - 1) / self.writing_s


def prompts(questions: Path | None, articles: Path | None, limit: int | None) -> list[Prompt]:
    file, folder = questions_and_articles(questions, articles)
    bench = Bench({})
    with bench.library([]) as library:
        list(add(library, [str(folder)]))
        asked = [q.question for q in own_questions(file) if q.answerable][:limit]
        most = bench.settings.passages
        form = TrainedForm() if models.adapter(models.default("generator")) else PlainForm()
        return [form.answer(q, library.search(q, most)) for q in asked]


def write(generator: LocalGenerator, prompt: Prompt) -> Written:
    """Once to have everything read, then the writing timed."""
    began = time.perf_counter()
    (read,) = (e for e in generator.write(prompt, 0) if isinstance(e, Read))
    reading = time.perf_counter() - began
    first, pieces = 0.0, []
    for event in generator.write(prompt, MOST):
        if isinstance(event, Read):
            continue
        first = first or time.perf_counter()
        pieces.append(event)
    ended = time.perf_counter()
    text = "".join(p.text for p in pieces if isinstance(p, Piece))
    anew = read.tokens - read.reused
    return Written(text, anew, reading, len(pieces), ended - first)


def measure(
    asked: Sequence[Prompt], options: Mapping[str, int | bool | None]
) -> tuple[list[Written], int]:
    """What was written to each prompt, and the bytes of all states kept."""
    chosen = models.default("generator")
    cache = StateCache(None, memory_bound=1 << 30, disk_bound=0)
    generator = LocalGenerator.open(
        models.path(chosen.name),
        name=chosen.name,
        sha256=chosen.files[0].sha256,
        cache=cache,
        **{  # type: ignore[arg-type]
            "threads": usable_cores(),
            "adapter": models.adapter(chosen),
            **options,
        },
    )
    try:
        return [write(generator, prompt) for prompt in asked], cache.status().memory_bytes
    finally:
        generator.close()


def row(name: str, found: Sequence[Written], base: Sequence[Written], kept: int) -> str:
    """A line of the table; ratios are medians over the questions, those of writing by the token."""
    both = list(zip(found, base, strict=True))
    pairs = [(f, b) for f, b in both if f.tokens > 1 and b.tokens > 1]
    writing = _median([f.per_s / b.per_s for f, b in pairs])
    reading = _median([b.reading_s / f.reading_s for f, b in both if f.read == b.read])
    each = _median([f.per_s for f in found if f.tokens > 1])
    anew = sum(f.read for f in found) / sum(f.reading_s for f in found)
    same = sum(f.text == b.text for f, b in both)
    return (
        f"| {name} | {anew:.0f} | {reading:.2f} | {each:.1f} | {writing:.2f} "
        f"| {same} of {len(found)} | {kept / 2**20:.0f} |"
    )


def _median(values: Sequence[float]) -> float:
    return median(values) if values else float("nan")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.writing", description=__doc__)
    parser.add_argument("questions", nargs="?", type=Path)
    parser.add_argument("articles", nargs="?", type=Path)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args(arguments)
    asked = prompts(given.questions, given.articles, given.limit)
    print(
        "| way | read, tokens/s | as fast as shipped | written, tokens/s | as fast as shipped "
        "| same text | states, MB |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    base: list[Written] = []
    for name, options in ways(usable_cores()).items():
        found, kept = measure(asked, options)
        base = base or found
        print(row(name, found, base, kept), flush=True)


if __name__ == "__main__":
    run(main)
