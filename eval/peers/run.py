"""`python -m eval.peers`: the same questions over the same articles, asked of Dateline and of
LlamaIndex's CitationQueryEngine in turn, on the same GGUF, encoder and threads.

Each question is asked of all sides before the next one is, so that a machine that gets slower
gets slower for all. Dateline answers it twice: with its passages not read before (nothing but the
system prompt is kept), and then with them read before, another prompt in between. The peer keeps
what llama-cpp-python keeps: whatever the last prompt and this one begin with.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from eval import machine
from eval.bench import Bench
from eval.datasets import own_questions
from eval.folder import RunFolder, of_suite
from eval.peers.environment import PINNED, interpreter
from eval.peers.judging import FIGURES, score
from eval.peers.own import OwnSide
from eval.peers.process import SCRIPT, Job, PeerStopped, peer, written
from eval.report import plain
from eval.report.tables import ScoredRecord, tables, with_scores
from eval.run import INTERRUPTED, ask_all, data_hash
from eval.stats import Floats, difference, interval, ratio_of_medians
from eval.suite import Ask, Item, Material, Suite
from index.cores import usable_cores
from index.errors import UsageError
from index.ingest import add
from index.reading.load import Refusal
from index.reading.load import load as load_articles
from rag.generating.reader import MAX_TOKENS
from rag.generating.states import StateCache
from rag.models import files as models
from rag.opening import MEMORY_BOUND, open_reader

COLD = "Dateline, passages not read before"
WARM = "Dateline, passages read before"
PEER = "LlamaIndex CitationQueryEngine"

LEAST_CHUNK = 64  # tokens; a chunk holds its article's title and source too
CONTEXT = 4096  # tokens, what `rag.generating.local` opens by default

SEEDS = Path(__file__).parents[2] / "seeds"


def peer_name(chunk_size: int | None) -> str:
    return PEER if chunk_size is None else f"{PEER}, chunks of {chunk_size} tokens"


def questions_and_articles(questions: Path | None, articles: Path | None) -> tuple[Path, Path]:
    """The file and the folder; each is looked for beside the other, both in `seeds` by default.

    Raises UsageError when one of them isn't there.
    """
    if questions is None:
        questions = (articles.resolve().parent if articles else SEEDS) / "questions.jsonl"
    if articles is None:
        articles = questions.parent / "articles"
    if not questions.is_file():
        raise UsageError(f"{str(questions)!r} is missing: name the questions with --questions.")
    if not articles.is_dir():
        raise UsageError(f"{str(articles)!r} is no folder: name the articles' with --articles.")
    return questions, articles


def items(questions: Path, chunk_sizes: Sequence[int | None]) -> list[Item]:
    """Every question once a side. Follow-ups are left out: the peer's engine has no history."""
    return [
        Item(
            f"{q.id}/{side}",
            side,
            q.id,
            q.question,
            q.gold,
        )
        for q in own_questions(questions)
        if not q.history
        for side in (COLD, WARM, *map(peer_name, chunk_sizes))
    ]


def peers_suite(
    material: Material,
    folder: Path,
    states: StateCache,
    python: Path,
    job: Job,
    chunk_sizes: Sequence[int | None],
    script: Path = SCRIPT,
) -> Suite:
    """The comparison as a suite, so that it is asked, kept and taken up again as those are.

    `folder` holds the articles, `states` what the bench's generator has read, `python` runs the
    peer, once for each of `chunk_sizes`.
    """

    @contextmanager
    def start(bench: Bench, material: Material) -> Iterator[Ask]:
        with ExitStack() as stack:
            own_files = tempfile.TemporaryDirectory(prefix="dateline-eval-")
            temporary = Path(stack.enter_context(own_files))
            library = stack.enter_context(bench.library([]))
            for _ in add(library, [str(folder)]):
                pass  # what was refused was so for the peer too
            own = OwnSide(bench, library, states)
            files = written(material.articles, temporary / "articles")
            peers = {}
            for n, size in enumerate(chunk_sizes):
                its_job = replace(job, articles=files, chunk_size=size)
                started = peer(python, its_job, temporary / str(n), script)
                peers[peer_name(size)] = stack.enter_context(started)

            def ask(item: Item) -> dict[str, Any]:
                if item.group in peers:
                    return {"given": peers[item.group].ask(item.question).to_dict()}
                given = own.ask(item.question, read_before=item.group == WARM)
                return {"given": given.to_dict()}

            yield ask

    return Suite(
        name="peers",
        about="The same questions, articles, model, encoder and threads.",
        figures=FIGURES,
        headline="served rightly",
        load=lambda _: material,
        start=start,
        score=score,
    )


def beside(records: Sequence[ScoredRecord], peer: str, seed: int) -> list[str]:
    """Sentences that compare each side of Dateline with one peer, on the questions that both
    answered: times as the ratio of medians, right answers as a paired difference."""
    found = []
    for side in (COLD, WARM):
        ours, theirs = _scores(records, side), _scores(records, peer)
        both = sorted(ours.keys() & theirs.keys())
        for name, column in (("first token", "first_ms"), ("whole answer", "total_ms")):
            pairs = [(theirs[unit][column], ours[unit][column]) for unit in both]
            ratio = interval(_rows(pairs, 2), ratio_of_medians, seed=seed)
            if ratio.value is not None:
                span = "" if ratio.low is None else f" [{ratio.low:.2f}, {ratio.high:.2f}]"
                found.append(
                    f"{side}: {peer} takes {ratio.value:.2f}{span} times as long to the "
                    f"{name} (n={ratio.n})."
                )
        served = [(theirs[unit]["served"], ours[unit]["served"]) for unit in both]
        old, new = (_rows([(pair[n],) for pair in served], 1) for n in (0, 1))
        gap = difference(new, old, seed=seed)
        if gap is not None:
            found.append(
                f"{side}: served rightly {100 * gap.value:+.1f} points "
                f"[{100 * gap.low:+.1f}, {100 * gap.high:+.1f}] against {peer}; "
                f"{gap.wins} won, {gap.losses} lost, {gap.ties} the same, p={gap.p:.3f}."
            )
    return found


def _scores(records: Sequence[ScoredRecord], group: str) -> dict[str, dict[str, float | None]]:
    """By question."""
    return {
        r.record["unit"]: r.scored.scores
        for r in records
        if r.scored and r.record["group"] == group
    }


def _rows(pairs: Sequence[Sequence[float | None]], width: int) -> Floats:
    return np.array(pairs, dtype=np.float64).reshape(len(pairs), width)


def main(
    articles: Path | None,
    questions: Path | None,
    out: Path | None,
    limit: int | None,
    seed: int,
    model: str | None,
    chunk_sizes: Sequence[int | None] = (None,),
) -> int:
    """Ask, print the table, write it to the run's folder; returns the exit code.

    Raises DatelineError.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit}: it takes a number of questions, 1 or more.")
    for size in chunk_sizes:
        if size is not None and size < LEAST_CHUNK:
            raise UsageError(f"--chunk-size {size}: it takes tokens, {LEAST_CHUNK} or more.")
    console = Console(stderr=True)
    questions, articles = questions_and_articles(questions, articles)
    loaded = [a for a in load_articles(str(articles)) if not isinstance(a, Refusal)]
    material = Material(items(questions, chunk_sizes), loaded)
    for what, path in ((material.items, questions), (loaded, articles)):
        if not what:
            raise UsageError(f"{str(path)!r} holds nothing to ask with: name another.")
    chosen = models.get(model) if model else models.default("generator")
    job = Job(
        articles=(),
        generator=str(models.path(chosen.name)),
        encoder=str(models.path(models.default("encoder").name)),
        threads=usable_cores(),
        context=CONTEXT,
        max_tokens=MAX_TOKENS,
    )
    python = interpreter(console.print)
    states = StateCache(None, memory_bound=MEMORY_BOUND, disk_bound=0)
    bench = Bench({}, reader=open_reader(model, states=states))
    suite = peers_suite(material, articles, states, python, job, chunk_sizes)
    folder = RunFolder(out or Path("eval-runs") / f"peers-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    run = folder.open(
        {
            "dateline eval": 1,
            "suites": [suite.name],
            "seed": seed,
            "limit": limit,
            "settings": {},
            "models": {**bench.models(), "peer": " ".join(PINNED)},
            # Whichever peers are asked: another one is added to the same run.
            "data": {suite.name: data_hash(Material(items(questions, ()), loaded))},
            "versions": machine.versions(),
            "machine": machine.describe(),
            "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
    )
    code = 0
    try:
        ask_all(suite, material, bench, folder, limit, seed, console)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except PeerStopped as error:
        console.print(str(error), markup=False)
        code = 1
    _finish(suite, folder, run, console)
    if code:
        console.print(f"Not finished; the same command with --out {folder.path} goes on from here.")
    return code


def _finish(suite: Suite, folder: RunFolder, run: dict[str, Any], console: Console) -> None:
    """Scored anew from the answers, so that an old run gets a new scoring."""
    records = with_scores(suite, of_suite(folder.records(), suite.name))
    if not records:
        return
    made = tables(suite, records, run["seed"])
    peers = sorted({r.record["group"] for r in records} - {COLD, WARM})
    lines = [line for name in peers for line in beside(records, name, run["seed"])]
    text = plain.markdown(run, made, ()) + "\n".join(["", *(f"- {line}" for line in lines), ""])
    path = folder.write("report.md", text)
    plain.show(made, (), console)
    for line in lines:
        console.print(line, markup=False, highlight=False)
    console.print(f"Report: {path}")
