"""robustness: RGB's four abilities (Chen et al. 2024), in its files' layout.

    noise          five documents, a share of them noise: is the answer still right?
    rejection      noise only: abstained?
    integration    an answer in several parts, each in another document (en_int*)
    counterfactual documents that say the wrong thing, among noise (en_fact*): is the fake answer
                   given, is it noticed (abstained, or a conflict shown), is the right one given?

RGB asks a model that may know better than its documents. This product answers from its documents
by design, so counterfactual correction can come only from other documents: it is asked twice,
with the wrong documents alone and beside the right ones.
"""

from __future__ import annotations

from pathlib import Path

from eval.datasets import Noisy, document, require, rgb
from eval.metrics.text import contains_any
from eval.suite import Figure, Given, Item, Material, Record, Scored, Suite
from eval.suites.asking import ABSTAINED, SHOULD_ABSTAIN, WHOLE_ANSWER, answer_text, asking, times
from index.article import Article

DOCUMENTS = 5
RATES = (0.0, 0.2, 0.4, 0.6, 0.8)


class _Shelf:
    """Documents as articles, each text once."""

    def __init__(self) -> None:
        self.articles: dict[str, Article] = {}

    def sources(self, texts: list[str]) -> frozenset[str]:
        found = set()
        for text in texts:
            if text not in self.articles:
                self.articles[text] = document(f"rgb/{text}", len(self.articles), "", text)
            source = self.articles[text].source
            assert source is not None
            found.add(source)
        return frozenset(found)


def load(given: Given) -> Material:
    (folder,) = require(given.data, "robustness", "rgb")
    shelf, items = _Shelf(), []
    for path in sorted([*folder.glob("*.jsonl"), *folder.glob("*.json")]):
        for q in rgb(path):
            unit = f"{path.stem}/{q.id}"
            for setting, texts in settings(q, path):
                ability = setting.split(",")[0]
                items.append(
                    Item(
                        f"{unit}/{setting}",
                        f"{path.stem}: {setting}",
                        unit,
                        q.question,
                        {
                            "ability": ability,
                            "parts": [list(p) for p in q.parts],
                            "fake": list(q.fake),
                        },
                        shelf.sources(texts),
                    )
                )
    return Material(items, list(shelf.articles.values()))


def settings(q: Noisy, path: Path | None = None) -> list[tuple[str, list[str]]]:
    """(name, documents) of each setting that this question can be asked in."""
    found = []
    several = len(q.positive) > 1
    right = [text for texts in q.positive for text in texts]
    if q.wrong:
        noise = list(q.negative)
        found.append(("counterfactual, wrong alone", _mixed(list(q.wrong), noise, 0.4)))
        if right:
            half = [*q.wrong[:2], *right[:2]]
            found.append(("counterfactual, wrong and right", half + noise[:1]))
        return found
    if several:
        for rate in (0.0, 0.2, 0.4):
            count = DOCUMENTS - int(DOCUMENTS * rate)
            found.append(
                (
                    f"integration, noise {rate}",
                    _spread(q.positive, count) + list(q.negative[: DOCUMENTS - count]),
                )
            )
        return found
    for rate in RATES:
        noisy = int(DOCUMENTS * rate)
        if len(q.negative) >= noisy:
            found.append((f"noise {rate}", _mixed(right, list(q.negative), rate)))
    if q.negative:
        found.append(("rejection", list(q.negative[:DOCUMENTS])))
    return found


def _mixed(right: list[str], noise: list[str], rate: float) -> list[str]:
    count = int(DOCUMENTS * rate)
    return right[: DOCUMENTS - count] + noise[:count]


def _spread(lists: tuple[tuple[str, ...], ...], count: int) -> list[str]:
    """`count` documents, one of each list in turn."""
    turns = [texts[n] for n in range(count) for texts in lists if n < len(texts)]
    return turns[: max(count, len(lists))]


def score(record: Record) -> Scored:
    gold, answer = record["gold"], record["answer"]
    abstained, text = bool(answer["abstained"]), answer_text(record)
    scores: dict[str, float | None] = {"abstained": float(abstained), **times(record)}
    if gold["ability"] == "rejection":
        scores["rejected"] = float(abstained)
        return Scored(scores, "" if abstained else SHOULD_ABSTAIN)
    correct = float(all(contains_any(text, part) for part in gold["parts"]) and not abstained)
    scores["right"] = correct
    if gold["ability"] != "counterfactual":
        wrong = "" if correct else ("abstained" if abstained else "wrong answer")
        return Scored(scores, wrong)
    fake = contains_any(text, gold["fake"]) if gold["fake"] else 0.0
    noticed = float(abstained or bool(answer["conflicts"]))
    scores |= {"fake": fake, "noticed": noticed, "corrected": float(bool(noticed and correct))}
    return Scored(scores, "gave the wrong documents' answer" if fake and not noticed else "")


SUITE = Suite(
    name="robustness",
    about="RGB's abilities: noise, rejection, integration, counterfactual documents.",
    figures=(
        Figure("right", ("right",), "every part of the gold answer is in the answer"),
        Figure("rejected", ("rejected",), "abstained when there was noise only"),
        ABSTAINED,
        Figure("fake answer given", ("fake",), "the wrong documents' answer", better="lower"),
        Figure("error noticed", ("noticed",), "abstained, or a conflict shown"),
        Figure("error corrected", ("corrected",), "noticed, and the right answer given"),
        WHOLE_ANSWER,
    ),
    headline="right",
    load=load,
    start=asking,
    score=score,
    plots=("latency",),
)
