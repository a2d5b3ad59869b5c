"""Refit the check of a claim that answers a question.

    python -m eval.fitting.answers RUN… [--write]

A RUN is the folder of a run of the `answers` suite. A draft with the right answer in it is a claim
that is supported; the same sentence with another amount or name of its passages in the right
answer's place isn't, nor is a draft without the right answer though its passage was there. Each
goes the way that it goes in the product, with the question before it. What the generator says is
kept in `--cache` and never asked twice. Prints AUCs and the cross-validated figures, folds by
question; `--write` puts the weights into rag/checking/verifier_asked.json.

Where no other value of its kind stands in the passages a claim has no false twin. A twin is easier
to tell than a draft that the model made up itself and so finds likely: the thresholds are not
fitted here but chosen on whole runs (eval/DECISIONS.md).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from eval.command import run
from eval.fitting.verifier import Row, as_json, readings, table
from eval.folder import read_run
from eval.metrics.text import contains
from eval.suite import Record
from eval.suites.asking import context_texts
from index.article import Article
from index.encoding.encoder import Encoder
from index.search import Hit
from index.splitting.passages import Passage
from rag.checking import verify
from rag.checking.agreement import names
from rag.checking.attribute import Remembering, attribute
from rag.checking.facts.quantities import numbers, same_number
from rag.compose import sentence_spans, statement, unattributed
from rag.generating.generator import Generator, Judgement
from rag.understanding.parts import parts

THRESHOLDS = (0.7, 0.5)  # supported, partly supported
FILE = Path(verify.__file__).with_name("verifier_asked.json")


@dataclass(frozen=True, slots=True)
class Case:
    """A claim that answers a question, the passages before the model, and whether it's right."""

    question: str
    claim: str
    supported: bool
    context: tuple[Hit, ...]

    @property
    def key(self) -> str:
        return f"{self.question}/{self.claim}"


def cases(records: Iterable[Record]) -> Iterator[Case]:
    """Of each answerable question of `answers` once, but for those that are answered in parts."""
    seen: set[str] = set()
    for record in records:
        gold = record["gold"]
        if record["suite"] != "answers" or not gold["answerable"]:
            continue
        answer = record["answer"]
        question, raw = answer["query"], answer["raw_text"].strip()
        context = context_of(answer)
        if question in seen or not raw or not context or len(parts(question)) > 1:
            continue
        seen.add(question)
        wanted = gold["all"] or gold["any"]
        sentences = [statement(unattributed(raw[a:b])) for a, b in sentence_spans(raw)]
        held = [(s, w) for s in sentences for w in wanted if contains(s, w)]
        right = all(contains(raw, w) for w in wanted) if gold["all"] else bool(held)
        if right and held:
            claim, value = held[0]
            yield Case(question, claim, True, context)
            other = swapped(claim, value, " ".join(hit.passage.text for hit in context))
            if other is not None:
                yield Case(question, other, False, context)
        elif any(contains(text, w) for text in context_texts(record) for w in wanted):
            yield Case(question, sentences[0], False, context)


def context_of(answer: dict[str, Any]) -> tuple[Hit, ...]:
    """The hits before the model, of articles that hold no more than those passages."""
    found = []
    for h in answer["hits"]:
        if not h["in_context"]:
            continue
        published = date.fromisoformat(h["published"]) if h["published"] else None
        text = " " * h["start"] + h["text"]
        article = Article(h["article_id"], h["title"], text, published=published)
        passage = Passage(article.id, h["start"], h["end"], h["text"])
        found.append(Hit(passage, article, h["score"], h["rank"], h["dense"], None, None, None))
    return tuple(found)


def swapped(claim: str, value: str, text: str) -> str | None:
    """The claim with another amount (or, where the value has none, name) of the text in the
    place of `value`; None where the text has no other."""
    start = claim.casefold().find(value.casefold())
    if start < 0:
        return None
    amounts = numbers(claim[start : start + len(value)])
    if amounts:
        mine = amounts[0]
        taken = numbers(claim)
        for other in numbers(text):
            if other.unit == mine.unit and not any(
                same_number(other, n) or same_number(n, other) for n in taken
            ):
                first, last = start + mine.start, start + mine.end
                return claim[:first] + text[other.start : other.end] + claim[last:]
        return None
    if not value[:1].isupper():
        return None
    for name in names(text):
        if not any(part.casefold() in claim.casefold() for part in name.split()):
            return claim[:start] + name + claim[start + len(value) :]
    return None


def rows(
    found: Iterable[Case], generator: Generator | None, encoder: Encoder, cache: Path
) -> Iterator[Row]:
    """The signals of each case; the generator is only asked about those that the cache lacks, and
    those are left out without one."""
    known = readings(cache)
    encoder = Remembering(encoder, 50_000)
    with cache.open("a") as out:
        for case in found:
            spans = attribute(case.claim, case.context, encoder)
            if not spans or (case.key not in known and generator is None):
                continue
            if case.key not in known:
                assert generator is not None
                judged = verify.judge(generator, case.claim, spans, case.context, case.question)
                known[case.key] = {"key": case.key, **asdict(judged)}
                out.write(json.dumps(known[case.key]) + "\n")
                out.flush()
            kept = known[case.key]
            judged = Judgement(kept["yes"], tuple(kept["logprobs"]))
            signals = verify.signals(case.claim, spans, case.context, judged, encoder)
            yield Row("answers", case.question, case.key, case.supported, signals)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.answers", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("answer-readings.jsonl"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)

    from rag.generating.states import StateCache
    from rag.models import files as models
    from rag.opening import open_encoder, open_generator

    records = [record for run in given.runs for record in read_run(run)[1]]
    kept = StateCache(None, memory_bound=1 << 30, disk_bound=0)
    with_model = open_generator(states=kept)
    found = list(rows(cases(records), with_model, open_encoder(), given.cache))
    if not 0 < sum(row.supported for row in found) < len(found):
        print("These runs give no claims of both kinds to fit on.", file=sys.stderr)
        return 1
    print(f"{len(found)} claims, {sum(row.supported for row in found)} supported\n")
    print("\n".join(table(found)))
    about = "Weights of rag/checking/verify.py for claims that answer; refit: eval.fitting.answers"
    fitted = as_json(found, models.default("generator").name, about, THRESHOLDS)
    text = json.dumps(fitted, indent=2) + "\n"
    print(text)
    if given.write:
        FILE.write_text(text)
    return 0


if __name__ == "__main__":
    run(main)
