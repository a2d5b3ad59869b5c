"""kinds: requests of every kind (the trial of `eval/samples/real`), by the facts that a good answer
holds.

Asked over `seeds/articles` and, where `--articles` names the folder of the five published pages,
over those. Every request is asked twice: what the second answer took is its time with its passages
cached, and is set against the median of a few facts', asked in the same way.

`--set kinds.half=held` asks the held half (only to report a figure), `kinds.only=day,timeline` some
kinds, and `kinds.kind=read` leaves the kind to the Assistant, which is else told the labelled one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.bench import Bench
from eval.datasets import SAMPLES, json_lines
from eval.stats import Floats, mean, median
from eval.suite import Ask, Figure, Given, Item, Material, Record, Scored, Suite
from eval.suites.asking import shown_claims
from index.article import Article
from index.errors import UsageError
from index.reading.load import Refusal
from index.reading.load import load as read_articles
from rag.assistant import Assistant
from rag.events import ClaimChecked, Done, Token
from rag.understanding.kinds import KINDS, Kind

SEEDS = Path(__file__).parents[2] / "seeds" / "articles"
FACTS = {
    "seeds": (
        "How large was trade between Russia and China in 2023?",
        "How many deputy prime ministers travelled with Putin?",
        "When was the Harbin Institute of Technology founded?",
    ),
    "real": (
        "How large was trade between Russia and China in 2023?",
        "When was the Harbin Institute of Technology founded?",
        "Who stayed in Iran?",
    ),
}
_HALVES = ("dev", "held")
_UNCLAIMED = frozenset({"smalltalk", "other"})  # kinds that an abstention may serve

MISSED, SPOILED, NOTHING = "no nugget there", "spoiled by a false fact", "abstained"


def load(given: Given) -> Material:
    half = given.options.get("kinds.half", "dev")
    if half not in _HALVES:
        raise UsageError(f"kinds.half={half!r}: write {' or '.join(map(repr, _HALVES))}.")
    wanted = set(given.options.get("kinds.only", ",".join(KINDS)).split(","))
    if unknown := wanted - set(KINDS):
        raise UsageError(f"kinds.only={min(unknown)!r}: there are {', '.join(KINDS)}.")
    told = given.options.get("kinds.kind", "given")
    if told not in ("given", "read"):
        raise UsageError(f"kinds.kind={told!r}: write 'given' or 'read'.")
    libraries = {"seeds": _articles(SEEDS), "real": _articles(given.articles)}
    items = []
    for _, row in json_lines(SAMPLES / "real" / f"trial.{half}.jsonl"):
        articles = libraries[row["library"]]
        if not articles or row["kind"] not in wanted:
            continue
        gold = {
            "kind": row["kind"],
            "told": told == "given",
            "library": row["library"],
            "articles": [a.id for a in articles],
            "nuggets": [n["pattern"] for n in row["nuggets"]],
            "never": [n["pattern"] for n in row["never"]],
            "ordered": bool(row.get("ordered")),
        }
        history = tuple((q, a) for q, a in row.get("history", ()))
        items.append(
            Item(row["id"], row["kind"], row["id"], row["question"], gold, history=history)
        )
    return Material(items, [a for articles in libraries.values() for a in articles])


def _articles(folder: Path | None) -> list[Article]:
    """Those of a folder, in the order of its files; of where they lie, the files' names."""
    if folder is None or not folder.is_dir():
        return []
    found = [a for a in read_articles(str(folder)) if not isinstance(a, Refusal)]
    return [replace(a, path=Path(a.path).name if a.path else None) for a in found]


@contextmanager
def start(bench: Bench, material: Material) -> Iterator[Ask]:
    with ExitStack() as opened:
        over: dict[str, tuple[Assistant, dict[str, float]]] = {}

        def ask(item: Item) -> dict[str, Any]:
            library = item.gold["library"]
            if library not in over:
                ids = set(item.gold["articles"])
                some = [a for a in material.articles if a.id in ids]
                assistant = bench.over(opened.enter_context(bench.library(some)))
                over[library] = assistant, _facts(assistant, FACTS[library])
            assistant, facts = over[library]
            kind: Kind | None = item.gold["kind"] if item.gold["told"] else None
            _, new_ms = timed(assistant, item.question, kind, item.history)
            answer, cached_ms = timed(assistant, item.question, kind, item.history)
            return {"answer": answer, "new_ms": new_ms, "cached_ms": cached_ms, "fact_ms": facts}

        yield ask


def timed(
    assistant: Assistant,
    question: str,
    kind: Kind | None = None,
    history: Sequence[tuple[str, str]] = (),
) -> tuple[dict[str, Any], dict[str, float]]:
    """The answer, and after how many milliseconds the first of it was there and the whole."""
    began, first = time.perf_counter(), None
    for event in assistant.stream(question, kind=kind, history=history):
        now = (time.perf_counter() - began) * 1000
        if isinstance(event, Token | ClaimChecked) and first is None:
            first = now
        if isinstance(event, Done):
            return event.answer.to_dict(), {"first": now if first is None else first, "whole": now}
    raise AssertionError("a stream ends with Done")


def _facts(assistant: Assistant, questions: Sequence[str]) -> dict[str, float]:
    for question in questions:
        timed(assistant, question, "fact")
    taken = [timed(assistant, question, "fact")[1] for question in questions]
    return {name: sorted(t[name] for t in taken)[len(taken) // 2] for name in ("first", "whole")}


def score(record: Record) -> Scored:
    gold, answer = record["gold"], record["answer"]
    claims = [f"{c['label']}: {c['text']}" for c in shown_claims(record)]
    abstained = bool(answer["abstained"])
    silent = abstained and gold["kind"] not in _UNCLAIMED
    text = "" if silent else shown(answer)
    places = [_place(pattern, text) for pattern in gold["nuggets"]]
    found = [place for place in places if place is not None]
    spoiled = any(_place(pattern, text) is not None for pattern in gold["never"])
    telling = [any(_place(p, claim) is not None for p in gold["nuggets"]) for claim in claims]
    speaks = bool(claims) and not abstained
    scores: dict[str, float | None] = {
        "recall": len(found) / len(places),
        "spoiled": float(spoiled),
        "in_order": float(found == sorted(found)) if gold["ordered"] and len(found) > 1 else None,
        "sentences": float(len(claims)) if speaks else None,
        "precision": sum(telling) / len(claims) if speaks else None,
        "abstained": float(abstained),
        "kind_right": float(answer["kind"] == gold["kind"]),
        "first_ms": record["cached_ms"]["first"],
        "total_ms": record["cached_ms"]["whole"],
        "new_ms": record["new_ms"]["whole"],
        "fact_first_ms": record["fact_ms"]["first"],
        "fact_ms": record["fact_ms"]["whole"],
    }
    wrong = SPOILED if spoiled else NOTHING if silent else "" if found else MISSED
    return Scored(scores, wrong)


def shown(answer: dict[str, Any]) -> str:
    """All that is shown of an answer: its text, and the articles that it lists."""
    articles = [
        f"{a['title']} ({a['source'] or ''}, {a['published'] or ''})" for a in answer["articles"]
    ]
    return "\n".join([answer["text"], *articles])


def _place(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text, re.IGNORECASE)
    return match.start() if match else None


def ratio(rows: Floats) -> float:
    """Mean over the rows of the first column over the second."""
    return mean(rows[:, :1] / rows[:, 1:2]) if len(rows) else float("nan")


SUITE = Suite(
    name="kinds",
    about="Requests of every kind: how many of the facts of a good answer does the answer hold?",
    figures=(
        Figure("nugget recall", ("recall",), "share of the wanted facts that the answer holds"),
        Figure("spoiled", ("spoiled",), "a false or misplaced fact is in it", better="lower"),
        Figure("in order", ("in_order",), "where they have an order, they come in it"),
        Figure(
            "sentences",
            ("sentences",),
            "shown, of an answer that has some",
            better="",
            unit="number",
        ),
        Figure("telling", ("precision",), "share of the shown sentences that hold a wanted fact"),
        Figure("abstained", ("abstained",), "share without an answer", better="lower"),
        Figure("kind right", ("kind_right",), "the kind that the labeller wanted"),
        Figure(
            "first / fact's",
            ("first_ms", "fact_first_ms"),
            "time to the first words over a fact's, passages cached",
            statistic=ratio,
            better="lower",
            unit="ratio",
        ),
        Figure(
            "whole / fact's",
            ("total_ms", "fact_ms"),
            "time of the whole answer over a fact's, passages cached",
            statistic=ratio,
            better="lower",
            unit="ratio",
        ),
        Figure(
            "whole answer",
            ("total_ms",),
            "median time, passages cached",
            statistic=median,
            better="lower",
            unit="ms",
        ),
    ),
    pooled=True,
    headline="nugget recall",
    load=load,
    start=start,
    score=score,
)
