"""The stage `build`: contexts and drafts into RUN/examples.jsonl.gz. No model is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.fitting.adapter import runs
from eval.fitting.adapter.examples.contexts import (
    Context,
    context_of,
    part_of,
    read_contexts,
    read_drafts,
    some_of,
    with_drafts,
)
from eval.fitting.adapter.examples.mixing import mixed
from eval.fitting.adapter.examples.tails import Example, Sentence, Tail
from eval.fitting.adapter.form import VERSION
from eval.fitting.adapter.runs import Run
from index.errors import UsageError

EXAMPLES, DRAFTS = "examples.jsonl.gz", "drafts.jsonl"


def build(
    run: Run,
    contexts: Path,
    drafts: Sequence[Path],
    *,
    part: str = "all",
    limit: int | None = None,
    seed: int = 0,
) -> Counter[str]:
    """How many tails of each kind there are. RUN/drafts.jsonl is taken along where it is."""
    own = run.file(DRAFTS)
    files = [*drafts, *([own] if own.exists() else [])]
    run.begin(
        "build",
        {
            "contexts": runs.sha256(contexts),
            "drafts": [runs.sha256(path) for path in files],
            "seed": seed,
            "part": part,
            "limit": limit,
            "form": VERSION,
        },
    )
    kinds: Counter[str] = Counter()
    made_of: Counter[str] = Counter()

    def rows() -> Iterator[dict[str, Any]]:
        some = some_of(part_of(drafted(contexts, files), part), limit, seed)
        for example in mixed(some, seed):
            kinds.update(tail.kind for tail in example.tails)
            made_of[example.origin.partition(" ")[2] or "as they are"] += 1
            yield asdict(example)

    made = run.whole(EXAMPLES, lambda path: runs.write_gzip_lines(path, rows()))
    run.note("build", examples=runs.sha256(made), kinds=dict(sorted(kinds.items())),
             contexts=dict(sorted(made_of.items())))  # fmt: skip
    return kinds


def drafted(contexts: Path, drafts: Sequence[Path]) -> list[Context]:
    """Contexts with their drafts; then those that only the drafts' files hold."""
    written = read_drafts(drafts)
    found = [with_drafts(c, written.pop(c.key, [])) for c in read_contexts(contexts)]
    return found + [with_drafts(context_of(rows[0]), rows) for rows in written.values()]


def examples(run: Run) -> list[Example]:
    """What was built, in order. Raises UsageError where nothing was."""
    path = run.file(EXAMPLES)
    if not path.exists():
        raise UsageError(f"'{run.path}' holds no examples; make them with: build {run.path}")
    return [_example(row) for row in runs.gzip_lines(path)]


def _example(row: dict[str, Any]) -> Example:
    tails = tuple(
        Tail(**{**tail, "sentences": tuple(Sentence(**s) for s in tail["sentences"])})
        for tail in row["tails"]
    )
    return Example(row["origin"], tuple(row["passages"]), tails)
