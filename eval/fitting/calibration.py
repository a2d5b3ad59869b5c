"""Fit what the Judge's probabilities mean: rag/checking/calibration.json.

    python -m eval.fitting.calibration DATA [--limit N] [--cache FILE] [--read READ] [--out DIR]
                                      [--write]

DATA holds `xquad` and `clapnq`. Their paragraphs make a library, and every question goes the way
that it goes in the product: its search, its reading, its draft, its Judge. xquad's are asked again
with their own paragraph taken away. Only half of the pages take part, by a hash of their title
(`takes_part`), so that the suites can judge on the other half; all pages are in the library.

What was asked is kept in FILE, a line a question, and never asked twice; the first line says whose
probabilities they are. `--limit 0` asks nothing and fits what is there. Whether a draft is right is
decided by rules (`eval.fitting.verdicts`), unless somebody has read it: READ holds lines
`{id, draft, right}`. Prints cross-validated figures; `--out` draws reliability diagrams; `--write`
puts weights and thresholds into the file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from eval.bench import Bench
from eval.command import run
from eval.datasets import json_lines
from eval.fitting.verdicts import (
    MOST_FALSE,
    Asked,
    Labels,
    Thresholds,
    answer_features,
    chosen,
    cross_validated,
    fitted,
    holds,
    loss,
    rates,
    statement_features,
    statements,
)
from eval.metrics.calibration import auc, brier, ece, reliability
from eval.report.plots import as_file, plot, reliability_series
from eval.stats import Floats, interval
from eval.suite import Given, Item, Material
from eval.suites import answers, longform
from index.errors import UsageError
from index.search import Filter
from rag.assistant import Assistant
from rag.checking import verdict

FILE = Path(verdict.__file__).with_name("calibration.json")
ABOUT = (
    "What the Judge's probabilities mean; refit: python -m eval.fitting.calibration DATA --write"
)
LEAST = 40  # of right and of wrong drafts, to be fitted on
DIGITS = 5


# --- asking ---------------------------------------------------------------------------------------


def takes_part(title: str) -> bool:
    """Half of the pages (11 of the 22 of xquad.en): those of whose title's SHA-256 the third digit
    is even."""
    return int(hashlib.sha256(title.encode()).hexdigest()[2], 16) % 2 == 0


@dataclass(frozen=True, slots=True)
class Question:
    item: Item
    set: str
    page: str

    @property
    def id(self) -> str:
        return f"{self.set}/{self.item.id}"


def questions(data: Path) -> tuple[list[Question], Material]:
    """Those that take part, in an order by their hash, and all articles."""
    given = Given(data, 0, {})
    found: list[Question] = []
    every = Material([])
    for name, made in (("xquad", answers.load(given)), ("clapnq", longform.load(given))):
        title = {article.id: article.title for article in made.articles}
        pages = {i.unit: title[i.gold["article"]] for i in made.items if i.gold["article"]}
        for item in made.items:
            page = pages.get(item.unit)
            if page and takes_part(page) and item.group != longform.ALONE:
                found.append(Question(item, name, page))
        every.articles.extend(made.articles)
    return sorted(found, key=lambda q: hashlib.sha256(q.id.encode()).digest()), every


def ask(assistant: Assistant, question: Question) -> Asked:
    """As people ask it; then the draft over each passage that was read."""
    item, gold = question.item, question.item.gold
    answer = assistant.ask(item.question, filter=Filter(sources=item.sources))
    wanted = tuple(gold["any"] if question.set == "xquad" else gold["answers"])
    draft = answer.raw_text
    context = [hit for hit in answer.hits if hit.passage.id in answer.context_ids]
    known = question.set == "xquad" and bool(draft)
    over = assistant.judge.alone(draft, context) if known else ()
    return Asked(
        id=question.id,
        set=question.set,
        page=question.page,
        question=item.question,
        answerable=gold["answerable"],
        gold=wanted,
        sentences=tuple(gold.get("sentences", ())),
        draft=draft,
        stated=round(answer.signals["stated"], DIGITS),
        supported=round(answer.signals.get("supported", 0.0), DIGITS),
        alone=round(answer.signals.get("alone", 0.0), DIGITS),
        each=tuple(
            (holds(hit.passage.text, wanted), round(p, DIGITS))
            for hit, p in zip(context, over, strict=False)
        ),
    )


def cached(cache: Path, judge: dict[str, str] | None) -> tuple[dict[str, str], list[Asked]]:
    """Whose probabilities the cache holds, and its lines. Raises UsageError where it is another's
    than `judge`'s, or holds nothing and no judge is given."""
    lines = [row for _, row in json_lines(cache)] if cache.exists() else []
    whose = lines[0].get("judge") if lines else judge
    if whose is None:
        raise UsageError(f"{str(cache)!r} doesn't begin with whose probabilities it holds.")
    if judge is not None and whose != judge:
        raise UsageError(
            f"{str(cache)!r} holds what another judge said ({whose}): name another --cache."
        )
    return whose, [_asked(row) for row in lines[1:]]


def _asked(row: dict[str, Any]) -> Asked:
    lists = {name: tuple(row[name]) for name in ("gold", "sentences")}
    return Asked(**{**row, **lists, "each": tuple((held, p) for held, p in row.get("each", ()))})


def as_read(asked: Sequence[Asked], read: Path | None) -> list[Asked]:
    """With what somebody who read a draft says of it; of another draft it says nothing."""
    rows = [row for _, row in json_lines(read)] if read else []
    said = {(row["id"], row["draft"]): bool(row["right"]) for row in rows}
    return [replace(one, read=said.get((one.id, one.draft))) for one in asked]


def gather(bench: Bench, data: Path, cache: Path, limit: int | None) -> Iterator[Asked]:
    """Asks what the cache lacks, of the first `limit` questions, and keeps it."""
    found, every = questions(data)
    judge = bench.reader().identity
    done = {asked.id for asked in cached(cache, judge)[1]}
    waiting = [q for q in found[:limit] if q.id not in done]
    if not waiting:
        return
    with bench.library(every.articles) as library, cache.open("a", encoding="utf-8") as out:
        if not cache.stat().st_size:
            out.write(json.dumps({"judge": judge}) + "\n")
        assistant = bench.over(library)
        for question in waiting:
            asked = ask(assistant, question)
            out.write(json.dumps(asdict(asked), ensure_ascii=False) + "\n")
            out.flush()
            yield asked


# --- fitting --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """`rows` with a draft; `probability` of each, and of each statement, cross-validated."""

    rows: Sequence[Asked]
    right: Labels
    probability: Floats
    thresholds: Thresholds
    answer: dict[str, float]
    alone: Floats
    true: Labels
    statement_probability: Floats
    statement: dict[str, float]


def fit(asked: Sequence[Asked]) -> Fit:
    """Raises UsageError where there is too little of right or wrong."""
    rows = [row for row in asked if row.draft]
    right = np.array([row.right for row in rows], dtype=np.bool_)
    claims = [(p, true, row.page) for row in rows for p, true in statements(row)]
    alone = np.array([p for p, _, _ in claims], dtype=np.float64)
    true = np.array([t for _, t, _ in claims], dtype=np.bool_)
    for name, labels in (("drafts", right), ("statements", true)):
        if min(labels.sum(), (~labels).sum()) < LEAST:
            raise UsageError(
                f"Of {len(labels)} {name} {labels.sum()} are right: at least {LEAST} right and "
                f"{LEAST} wrong ones are needed; ask more with a larger --limit."
            )
    x, pages = answer_features(rows), [row.page for row in rows]
    probability = cross_validated(x, right, pages)
    z = statement_features(list(alone))
    return Fit(
        rows=rows,
        right=right,
        probability=probability,
        thresholds=chosen(probability, right),
        answer=fitted(x, right, ("stated", "supported", "alone")),
        alone=alone,
        true=true,
        statement_probability=cross_validated(z, true, [page for _, _, page in claims]),
        statement=fitted(z, true, ("alone",)),
    )


def figures(probability: Floats, right: Labels) -> dict[str, list[float | None]]:
    """AUC, ECE and Brier score, each with its 95% interval."""
    pairs = np.stack([probability, right.astype(np.float64)], axis=1)
    found = {}
    for name, statistic in (("auc", auc), ("ece", ece), ("brier", brier)):
        i = interval(pairs, statistic)
        found[name] = [None if v is None else round(v, 4) for v in (i.value, i.low, i.high)]
    return found


def as_json(found: Fit, judge: dict[str, str]) -> dict[str, Any]:
    measured = rates(found.probability, found.right, found.thresholds)
    return {
        "about": ABOUT,
        "fitted": date.today().isoformat(),
        "judge": judge,
        "data": {name: _counts(found, name) for name in sorted({r.set for r in found.rows})},
        "answer": found.answer,
        "statement": found.statement,
        "thresholds": asdict(found.thresholds),
        "cross_validated": {
            "answer": figures(found.probability, found.right),
            "statement": figures(found.statement_probability, found.true),
            "verdicts": {rate.verdict: rate.as_json() for rate in measured},
        },
    }


def _counts(found: Fit, name: str) -> dict[str, int]:
    rows = [row for row in found.rows if row.set == name]
    return {
        "drafts": len(rows),
        "right": sum(row.right for row in rows),
        "read": sum(row.read is not None for row in rows),
        "pages": len({row.page for row in rows}),
        "statements": sum(len(statements(row)) for row in rows),
    }


def table(found: Fit) -> list[str]:
    """Rates by verdict, in all and by data set; then each probability by itself and together."""
    names = sorted({row.set for row in found.rows})
    groups = {"all": np.ones(len(found.rows), dtype=np.bool_)}
    groups |= {name: np.array([row.set == name for row in found.rows]) for name in names}
    lines = ["| | verdict | sentences | false | 95% |", "| --- | --- | ---: | ---: | --- |"]
    for name, here in groups.items():
        for rate in rates(found.probability[here], found.right[here], found.thresholds):
            low, high = rate.as_json()["low"], rate.as_json()["high"]
            span = "" if low is None else f"{low:.3f} to {high:.3f}"
            lines.append(f"| {name} | {rate.verdict} | {rate.n} | {rate.false} | {span} |")
    lines += ["", "| | n | AUC | ECE | Brier |", "| --- | ---: | --- | --- | --- |"]
    for name, (probability, right) in _probabilities(found).items():
        cells = [
            f"{v:.3f} ({low:.3f} to {high:.3f})" if None not in (v, low, high) else "–"
            for v, low, high in figures(probability, right).values()
        ]
        lines.append(f"| {name} | {len(right)} | {' | '.join(cells)} |")
    cost = loss(found.probability, found.right, found.thresholds) / len(found.rows)
    lines += ["", f"Loss {cost:.3f} a draft; at most {MOST_FALSE:.0%} of what is stated is false."]
    return lines


def _probabilities(found: Fit) -> dict[str, tuple[Floats, Labels]]:
    def column(name: str) -> Floats:
        return np.array([getattr(row, name) for row in found.rows], dtype=np.float64)

    return {
        "stated": (column("stated"), found.right),
        "supported": (column("supported"), found.right),
        "alone": (column("alone"), found.right),
        "together, calibrated": (found.probability, found.right),
        "a statement alone": (found.alone, found.true),
        "a statement, calibrated": (found.statement_probability, found.true),
    }


def draw(found: Fit, out: Path) -> None:
    """A reliability diagram of each probability, as SVG."""
    out.mkdir(parents=True, exist_ok=True)
    for name, (probability, right) in _probabilities(found).items():
        bins = reliability(np.stack([probability, right.astype(np.float64)], axis=1))
        title = f"{name}: how often it is right (n = {len(right)})"
        figure = plot(title, [reliability_series("", bins)], "probability", "right", diagonal=True)
        (out / f"{name.replace(',', '').replace(' ', '-')}.svg").write_text(as_file(figure))


def main(arguments: Sequence[str] | None = None, bench: Bench | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.calibration", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--cache", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--read", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    if given.limit != 0:
        for n, asked in enumerate(gather(bench or Bench({}), given.data, given.cache, given.limit)):
            print(n + 1, asked.id, "right" if asked.right else "wrong", asked.draft, flush=True)
    judge, rows = cached(given.cache, None)
    found = fit(as_read(rows, given.read))
    print("\n".join(table(found)))
    text = json.dumps(as_json(found, judge), indent=2) + "\n"
    print(text)
    if given.out:
        draw(found, given.out)
    if given.write:
        FILE.write_text(text)


if __name__ == "__main__":
    run(main)
