"""`dateline eval`: ask every question of some suites, keep every answer, write the report.

A run is a folder (see `eval.folder`); the same command goes on where it stopped. The questions
are shuffled with the seed and `--limit` takes the first of them, so that an unfinished run is a
random sample, and a larger limit adds to a smaller one.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eval import machine
from eval.bench import Bench
from eval.datasets import DataMissing
from eval.folder import RunFolder, of_suite, read_run
from eval.report import plain
from eval.report.compare import Comparison, compare
from eval.report.report import html
from eval.report.tables import tables, with_scores
from eval.suite import Given, Item, Material, Record, Suite
from eval.suites import NAMES
from eval.suites import suite as find_suite
from index.errors import DatelineError, UsageError

INTERRUPTED = 130  # as a shell reports Ctrl-C


def main(
    suites: list[str],
    out: Path | None,
    limit: int | None,
    seed: int,
    against: Path | None,
    settings: dict[str, str],
    data: Path | None,
    *,
    questions: Path | None = None,
    articles: Path | None = None,
    bench: Bench | None = None,
) -> int:
    """Run the suites and write the report; returns the exit code.

    `questions` are asked by `answers` in place of its data, over `articles` (default: the folder
    of that name beside them).
    `settings` are the Assistant's, and `speed.NAME` those of the suite `speed`. Raises
    DatelineError (a UsageError for a call that makes no sense).
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit}: it takes a number of questions, 1 or more.")
    options = {name: value for name, value in settings.items() if "." in name}
    settings = {name: value for name, value in settings.items() if "." not in name}
    out = out or Path("eval-runs") / f"{'-'.join(suites)}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    folder = RunFolder(out)
    chosen = _chosen(suites, folder)
    earlier = read_run(against) if against else None
    console = Console(stderr=True)

    if bench is None:
        bench = Bench(settings)
    given = Given(data, seed, options, questions=questions, articles=articles)
    materials: dict[str, Material] = {}
    for suite in chosen:
        if suite.needs:
            continue
        try:
            materials[suite.name] = suite.load(given)
        except DataMissing:
            if "all" not in suites:
                raise
            # "all" means all: better the small sample, said to be one, than no run.
            materials[suite.name] = suite.load(replace(given, data=None))
            console.print(f"{suite.name}: no data in {data}, so its small sample is used.")
    run = folder.open(
        {
            "dateline eval": 1,
            "suites": [s.name for s in chosen],
            "seed": seed,
            "limit": limit,
            "settings": {**settings, **options},
            "models": bench.models(),
            "data": {name: data_hash(material) for name, material in materials.items()},
            "versions": machine.versions(),
            "machine": machine.describe(),
            "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
    )
    try:
        for suite in chosen:
            material = materials.get(suite.name)
            if material is None:
                needed = [r for r in folder.records() if r["suite"] in suite.needs]
                material = suite.load(Given(data, seed, options, needed))
            ask_all(suite, material, bench, folder, limit, seed, console)
    except KeyboardInterrupt:
        _finish(folder, run, earlier, console)
        console.print(f"Interrupted; the same command with --out {out} goes on from there.")
        return INTERRUPTED
    _finish(folder, run, earlier, console)
    return 0


def _chosen(names: list[str], folder: RunFolder) -> list[Suite]:
    """In the suites' own order, so that those that others need come first."""
    if not names:
        raise UsageError(f"Name one or more suites: {', '.join(NAMES)}, or 'all'.")
    wanted = set(NAMES) if "all" in names else set(names)
    for name in sorted(wanted):
        find_suite(name)
    held = {r["suite"] for r in folder.records()}
    for name in [n for n in NAMES if n in wanted]:
        needs = find_suite(name).needs
        if needs and not (held | wanted) & set(needs):
            wanted.add(needs[0])
    return [find_suite(name) for name in NAMES if name in wanted]


def sample(
    items: Sequence[Item], limit: int | None, seed: int, *, by_group: bool = False
) -> list[Item]:
    """All settings of the first `limit` questions (`by_group`: of each group), in an order that the
    seed decides."""
    if by_group:
        groups = sorted({item.group for item in items})
        apart = ([i for i in items if i.group == group] for group in groups)
        return [item for some in apart for item in sample(some, limit, seed)]
    units = sorted({item.unit for item in items})
    random.Random(seed).shuffle(units)  # noqa: S311 - a sample, not a secret
    place = {unit: n for n, unit in enumerate(units[:limit])}
    return sorted((i for i in items if i.unit in place), key=lambda i: place[i.unit])


def data_hash(material: Material) -> str:
    """Of the questions, their gold and their articles, whatever the limit."""
    digest = hashlib.sha256()
    for item in material.items:
        row = {**asdict(item), "sources": sorted(item.sources)}
        if not item.history:  # so that runs from before there were any still compare
            del row["history"]
        digest.update(json.dumps(row, sort_keys=True).encode())
    for article in material.articles:
        digest.update(json.dumps([article.id, article.title, article.content_hash]).encode())
    return digest.hexdigest()[:16]


def ask_all(
    suite: Suite,
    material: Material,
    bench: Bench,
    folder: RunFolder,
    limit: int | None,
    seed: int,
    console: Console,
) -> None:
    """Ask what isn't answered yet, a line each in answers.jsonl."""
    records = of_suite(folder.records(), suite.name)
    done = {r["id"] for r in records}
    # (what is computed from other suites' answers takes as many of each)
    items = sample(material.items, limit, seed, by_group=bool(suite.needs))
    waiting = [item for item in items if item.id not in done]
    if not waiting:
        return
    scored = [suite.score(r) for r in records if "error" not in r]
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[score]}"),
    )  # fmt: skip
    with (
        Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar,
        suite.start(bench, _needed(material, items)) as ask,
    ):
        task = bar.add_task(
            suite.name, total=len(items), completed=len(items) - len(waiting), score=""
        )
        headline = suite.figure(suite.headline)
        for item in waiting:
            record: Record = {
                "suite": suite.name, "id": item.id, "group": item.group, "unit": item.unit,
                "question": item.question, "gold": item.gold,
            }  # fmt: skip
            try:
                record |= ask(item)
                found = suite.score(record)
                record |= {"scores": found.scores, "wrong": found.wrong}
                scored.append(found)
            except DatelineError as error:  # counted and shown, never scored
                record["error"] = str(error)
            folder.append(record)
            value = headline.statistic(headline.rows(scored)) if scored else float("nan")
            bar.update(task, advance=1, score=f"{headline.name} {value:.3f}")


def _needed(material: Material, items: Sequence[Item]) -> Material:
    """Without the articles that none of these questions may see: they'd be encoded for nothing."""
    if any(not item.sources for item in items):
        return material
    seen = frozenset[str]().union(*(item.sources for item in items))
    return Material(material.items, [a for a in material.articles if a.source in seen])


def _finish(
    folder: RunFolder,
    run: dict[str, Any],
    earlier: tuple[dict[str, Any], list[Record]] | None,
    console: Console,
) -> None:
    """Scores are made anew from the answers, so an old run gets a new scoring."""
    suites = [find_suite(name) for name in NAMES if name in run["suites"]]
    records = folder.records()
    held = [(s, with_scores(s, of_suite(records, s.name))) for s in suites]
    held = [(s, r) for s, r in held if r]
    found: list[Comparison] = []
    if earlier is not None:
        before = {s.name: with_scores(s, of_suite(earlier[1], s.name)) for s, _ in held}
        found = [
            c for s, r in held if before[s.name]
            for c in compare(s, r, before[s.name], run["seed"])
        ]  # fmt: skip
    made = [t for s, r in held for t in tables(s, r, run["seed"])]
    folder.write("report.md", plain.markdown(run, made, found))
    before_run = earlier[0] if earlier else None
    path = folder.write("report.html", html(run, held, made, found, before_run))
    plain.show(made, found, console)
    console.print(f"Report: {path}")
