"""Fits what kind of thing a question asks for: `python -m eval.fitting.kinds DATA`.

Trained on our own questions (`samples/kinds.train.jsonl`, each also in two mistyped copies) and on
sampled questions of xquad, CLAPnq and RAMDocs under DATA, which ask for facts or a yes or no;
compared with other ways on questions of another hand (`samples/real/kinds.dev.jsonl`) and on
follow-ups (`samples/followups.dev.jsonl`), which no model here is trained on; and written to
`rag/understanding/kinds.npz`. `--test FILE…` asks the shipped weights, trains nothing.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from eval.command import run
from eval.datasets import clapnq, find, json_lines, ramdocs, squad
from index.encoding.encoder import Encoder
from rag.understanding.grams import PLACES, grams
from rag.understanding.guessing import (
    CONTEXT,
    LEANINGS,
    TURNS,
    UNREAD,
    VECTOR_SCALE,
    WEIGHTS,
    Floats,
    Leaning,
    Weights,
    context,
    decided,
    guess,
    leaning_features,
    leaning_of,
)
from rag.understanding.kinds import KINDS, Kind

SAMPLES = Path(__file__).parents[1] / "samples"
TRAIN = SAMPLES / "kinds.train.jsonl"
DEV = (SAMPLES / "real" / "kinds.dev.jsonl", SAMPLES / "followups.dev.jsonl")
STRENGTH = 10.0  # C of the L2 penalty
COPIES, COPY_WEIGHT = 2, 0.5
OTHERS = {"xquad": 200, "clapnq": 100, "ramdocs": 50}  # questions of each
FOLDS = 5
_AUXILIARY = re.compile(r"(?:is|are|was|were|did|does|do|has|have|can|could)\b", re.IGNORECASE)

Guesses = Sequence[Kind]


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled question. `before`: the kind of the turn before; `copy`: mistyped by us."""

    question: str
    kind: Kind
    accept: tuple[Kind, ...] = ()
    history: tuple[str, ...] = ()
    leaning: Leaning = "alone"
    before: Kind | None = None
    article_open: bool = False
    copy: bool = False

    def fine(self, kind: Kind) -> bool:
        return kind == self.kind or kind in self.accept

    def lost(self, kind: Kind) -> bool:
        """Whether it would get no passages, though it needs some."""
        return kind in UNREAD and self.kind not in UNREAD and not self.fine(kind)


def read(path: Path) -> list[Asked]:
    return [
        Asked(
            row["question"],
            row["kind"],
            tuple(row.get("accept", ())),
            tuple(question for question, _ in row.get("history", ())),
            row.get("leaning") or _leaning(row),
            row.get("before"),
            row.get("open", False),
        )
        for _, row in json_lines(path)
    ]


def _leaning(row: Mapping[str, Any]) -> Leaning:
    """Of a question without that label: one with a conversation leans, unless it says otherwise."""
    alone = not row.get("history") or row.get("alone") or row["kind"] == "smalltalk"
    return "alone" if alone else "leans"


def others(data: Path, most: Mapping[str, int] = OTHERS) -> Iterator[Asked]:
    """Questions that other people asked of texts; whoever has none of the sets does without."""
    sets: dict[str, Callable[[Path], list[str]]] = {
        "xquad": lambda folder: [q.question for q in squad(next(folder.glob("*.json")))[1]],
        "clapnq": lambda folder: [q.question for q in clapnq(folder)],
        "ramdocs": lambda folder: [q.question for q in ramdocs(next(folder.glob("*.jsonl")))],
    }
    rng = random.Random(1)  # noqa: S311
    for name, questions in sets.items():
        for folder in find(data, name):
            found = sorted(set(questions(folder)))
            for text in rng.sample(found, min(most.get(name, 0), len(found))):
                yield Asked(text, "yesno" if _AUXILIARY.match(text) else "fact")


def mistyped(asked: Asked, rng: random.Random) -> Asked:
    """In lower case, without its question mark, with a letter wrong: each more often than not."""
    text = asked.question.lower() if rng.random() < 0.6 else asked.question
    words = (text.rstrip("?.! ") if rng.random() < 0.6 else text).split()
    if words and rng.random() < 0.6:
        at = rng.randrange(len(words))
        words[at] = typo(words[at], rng)
    return replace(asked, question=" ".join(words), copy=True)


def typo(word: str, rng: random.Random) -> str:
    """A letter inside the word left out, changed, or swapped with the next; short words stay."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    wrong = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + rng.choice("etaoinsr") + word[at + 1 :],
    )
    return rng.choice(wrong)


def examples(data: Path) -> list[Asked]:
    rng = random.Random(3)  # noqa: S311
    found = []
    for asked in (*read(TRAIN), *others(data)):
        copies = {mistyped(asked, rng) for _ in range(COPIES)}
        found += [asked, *sorted((c for c in copies if c.question != asked.question), key=repr)]
    return found


# --- fitting -------------------------------------------------------------------------------------


def _words(asked: Sequence[Asked]) -> Floats:
    return np.stack([grams(one.question) for one in asked])


def _regression() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=600)


def _matrix(fitted: LogisticRegression, labels: int) -> Floats:
    """Coefficients with the intercept as the last row; labels in their own order."""
    found = np.vstack([fitted.coef_.T, fitted.intercept_]).astype(np.float32)
    assert found.shape[1] == labels
    return found


def fit(asked: Sequence[Asked], words: Floats, vectors: Floats, encoder: str) -> Weights:
    """`words` and `vectors` row by row of `asked`, which holds each question before its copies."""
    weight = np.array([COPY_WEIGHT if one.copy else 1.0 for one in asked])
    labels = np.array([LEANINGS.index(one.leaning) for one in asked])
    # cross-fitted, or what leans would look surer in training than it is
    pointing = leaning_features([one.question for one in asked])
    leaning = cross_val_predict(
        _regression(),
        pointing,
        labels,
        groups=np.cumsum([not one.copy for one in asked]),
        cv=GroupKFold(FOLDS),
        method="predict_proba",
        params={"sample_weight": weight},
    )
    turns = np.stack(
        [
            context(p, _one_hot(one.before), one.article_open)
            for p, one in zip(leaning, asked, strict=True)
        ]
    )
    kinds = np.array([KINDS.index(one.kind) for one in asked])

    def fitted(*parts: Floats) -> Floats:
        return _matrix(_regression().fit(np.hstack(parts), kinds, weight), len(KINDS))

    return Weights(
        _matrix(_regression().fit(pointing, labels, weight), len(LEANINGS)),
        fitted(words, turns),
        fitted(words, VECTOR_SCALE * vectors, turns),
        encoder,
    )


def _one_hot(kind: Kind | None) -> Floats | None:
    return None if kind is None else np.eye(len(KINDS), dtype=np.float32)[KINDS.index(kind)]


# --- comparing -----------------------------------------------------------------------------------


def row(name: str, asked: Sequence[Asked], guesses: Guesses) -> str:
    strict = sum(one.kind == kind for one, kind in zip(asked, guesses, strict=True))
    fine = sum(one.fine(kind) for one, kind in zip(asked, guesses, strict=True))
    lost = sum(one.lost(kind) for one, kind in zip(asked, guesses, strict=True))
    return f"| {name} | {strict} | {fine} | {len(asked)} | {lost} |"


HEADER = "| way | strict | with accept | of | lost |\n| --- | --- | --- | --- | --- |"


def by_kind(asked: Sequence[Asked], guesses: Guesses) -> str:
    """Per kind: how many, how many of them found, and what the others were taken for."""
    lines = ["| kind | of | strict | with accept | taken for |", "| --- | --- | --- | --- | --- |"]
    for kind in KINDS:
        pairs = [(a, g) for a, g in zip(asked, guesses, strict=True) if a.kind == kind]
        wrong = Counter(g for a, g in pairs if not a.fine(g))
        taken = ", ".join(f"{g} {n}" for g, n in wrong.most_common())
        strict, fine = sum(g == kind for _, g in pairs), sum(a.fine(g) for a, g in pairs)
        lines.append(f"| {kind} | {len(pairs)} | {strict} | {fine} | {taken} |")
    return "\n".join(lines)


def thresholds(asked: Sequence[Asked], probabilities: Floats) -> str:
    """What the two thresholds of `guessing.decided` would do."""
    lines = [HEADER]
    for sure in (0.0, 0.3, 0.4, 0.5):
        for unread in (0.0, 0.4, 0.5, 0.6, 0.8):
            guesses = [decided(p, sure, unread) for p in probabilities]
            lines.append(row(f"any {sure}, unread {unread}", asked, guesses))
    return "\n".join(lines)


def leanings(asked: Sequence[Asked], weights: Weights) -> str:
    """How many of those that lean are found, and how many of those that don't are taken to."""
    taken = [leaning_of(one.question, weights) != "alone" for one in asked]
    pairs = list(zip(asked, taken, strict=True))
    found = [here for one, here in pairs if one.leaning != "alone"]
    wrong = [here for one, here in pairs if one.leaning == "alone"]
    return f"{sum(found)} of {len(found)} that lean found, {sum(wrong)} of {len(wrong)} others"


def asked_of(asked: Sequence[Asked], encoder: Encoder | None, weights: Weights) -> Floats:
    """Probabilities, shape (questions, kinds)."""
    found = [
        guess(
            one.question,
            one.history[-TURNS:],
            encoder,
            article_open=one.article_open,
            weights=weights,
        )
        for one in asked
    ]
    return np.array([[g.probabilities[kind] for kind in KINDS] for g in found], np.float32)


def nearest(rows: Floats, train: Floats, asked: Sequence[Asked], k: int) -> Guesses:
    """By the k likeliest neighbours' kinds, weighed by cosine."""
    found: list[Kind] = []
    for likeness in rows @ train.T:
        votes: Counter[Kind] = Counter()
        for n in np.argsort(-likeness)[:k]:
            votes[asked[n].kind] += float(likeness[n])  # type: ignore[assignment]
        found.append(votes.most_common(1)[0][0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.kinds", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="folder with xquad, clapnq, ramdocs")
    parser.add_argument("--test", type=Path, nargs="+", metavar="FILE", help="ask, train nothing")
    args = parser.parse_args()
    from rag.opening import open_encoder

    encoder = open_encoder()
    if args.test:
        for path in args.test:
            tested(path, encoder)
        return
    if args.data is None:
        parser.error("name the folder of the data sets, or --test FILE")
    asked = examples(args.data)
    words = _words(asked)
    vectors = encoder.encode([one.question for one in asked])
    weights = fit(asked, words, vectors, encoder.sha256)
    weights.save(WEIGHTS)
    weights = Weights.load(WEIGHTS)  # compared as it is shipped, in float16
    print(f"{len(asked)} examples, {WEIGHTS.stat().st_size} bytes\n")
    for path in DEV:
        dev = read(path)
        print(f"{path.name}\n\n{HEADER}")
        print(row("all facts", dev, ["fact"] * len(dev)))
        own = encoder.encode([one.question for one in dev])
        for k in (1, 7):
            print(row(f"{k} nearest", dev, nearest(own, vectors, asked, k)))
        alone = replace(weights, joined=_without_words(asked, vectors, weights))
        ways = {
            "vector alone": asked_of(dev, encoder, alone),
            "n-grams alone": asked_of(dev, None, weights),
            "both": asked_of(dev, encoder, weights),
        }
        for name, found in ways.items():
            print(row(name, dev, [decided(p) for p in found]))
        print(f"\n{thresholds(dev, ways['both'])}\n")
        print(by_kind(dev, [decided(p) for p in ways["both"]]))
        print(f"\n{leanings(dev, weights)}\n")
        for one, p in zip(dev, ways["both"], strict=True):
            if not one.fine(decided(p)):
                print(f"{one.kind} as {decided(p)} ({p.max():.2f}): {one.question}")
    held = {one.question for one in asked}
    rest = [
        one for one in others(args.data, dict.fromkeys(OTHERS, 10**6)) if one.question not in held
    ]
    print(f"questions of the sets that weren't sampled: {leanings(rest, weights)}")


def _without_words(asked: Sequence[Asked], vectors: Floats, weights: Weights) -> Floats:
    """Weights in `joined`'s shape that take nothing from n-grams."""
    silent = np.zeros((len(asked), PLACES), np.float32)
    found = fit(asked, silent, vectors, weights.encoder).joined
    assert found.shape[0] == PLACES + vectors.shape[1] + CONTEXT + 1
    return found


def tested(path: Path, encoder: Encoder) -> None:
    """Prints how the shipped weights do on a file: figures only, none of its questions."""
    asked = read(path)
    shipped = Weights.load(WEIGHTS)
    print(f"{path.name}\n\n{HEADER}")
    for name, one in (("both", encoder), ("n-grams alone", None)):
        guesses = [decided(p) for p in asked_of(asked, one, shipped)]
        print(row(name, asked, guesses))
        if one is not None:
            table = by_kind(asked, guesses)
    print(f"\n{table}\n\n{leanings(asked, shipped)}\n")


if __name__ == "__main__":
    run(main)
