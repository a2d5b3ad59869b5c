"""Refit the verifier.

    python -m eval.fitting.verifier FOLDER [--cache FILE] [--minutes N] [--write]

FOLDER holds labelled claims in the layout of QAGS (`*.jsonl`). Every claim goes the way that it
goes in the product: its article's passages, the nearest of them, the span, the signals. What the
generator says is slow, so it is kept in FILE (a line a claim) and never asked twice; with
`--minutes` the asking stops in time and goes on at the next call. Prints each signal's AUC and the
cross-validated figures of several combinations; `--write` puts the chosen one's weights into
rag/checking/verifier.json.

Folds are grouped by article. The thresholds are chosen within the training folds; the shipped ones
on all the data: from `supported_from` by balanced accuracy on the set whose claims are near their
source's words, as those of answers are; below `partly_from` lie two in a hundred supported claims.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.command import run
from eval.datasets import Labelled, qags
from eval.metrics.calibration import auc, balanced_accuracy, ece
from index.article import Article
from index.encoding.encoder import Encoder
from index.errors import UsageError
from index.search import Hit
from index.splitting.passages import Passage
from rag.checking import verify
from rag.checking.attribute import Remembering, attribute
from rag.generating.generator import Generator, Judgement

Floats = NDArray[np.float64]

CHOSEN = ("least_likely", "yes", "copied")
COMBINATIONS: dict[str, tuple[str, ...]] = {
    "chosen": CHOSEN,
    "likelihood only": ("least_likely",),
    "yes only": ("yes",),
    "words only": ("copied", "pairs", "cosine", "facts", "missing_amounts"),
    "without yes": tuple(s for s in CHOSEN if s != "yes"),
    "without likelihood": tuple(s for s in CHOSEN if s != "least_likely"),
    "without copied": tuple(s for s in CHOSEN if s != "copied"),
    "mean likelihood instead": ("likelihood", "yes", "copied"),
    "with mean likelihood": (*CHOSEN, "likelihood"),
    "with cosine": (*CHOSEN, "cosine"),
    "with facts": (*CHOSEN, "facts_around"),
    "with the best span's facts": (*CHOSEN, "alone"),
    "with amounts": (*CHOSEN, "missing_amounts"),
    "with pairs": (*CHOSEN, "pairs_around"),
    "with length": (*CHOSEN, "length"),
    "all": (
        *CHOSEN, "likelihood", "cosine", "pairs", "pairs_around", "facts", "facts_around", "alone",
        "missing_amounts", "missing_figures", "missing_names", "negation_differs", "spans",
        "length",
    ),
}  # fmt: skip
FOLDS = 5
STRENGTH = 0.1  # C of the L2 penalty
LIKE_ANSWERS = "cnndm"  # the set that the threshold is chosen on, where it is there
DROPPED = 0.02  # share of the supported claims that may be called unsupported


@dataclass(frozen=True, slots=True)
class Row:
    dataset: str
    article: str
    key: str
    supported: bool
    signals: dict[str, float]


# --- gathering ----------------------------------------------------------------------------------


def labelled(folder: Path) -> list[tuple[str, Labelled]]:
    """Claims by data set, in an order that is random but the same every time."""
    found = [(path.stem, claim) for path in sorted(folder.glob("*.jsonl")) for claim in qags(path)]
    articles = sorted({(name, claim.text) for name, claim in found})
    random.Random(5).shuffle(articles)  # noqa: S311 - an order, not a secret
    place = {article: n for n, article in enumerate(articles)}
    return sorted(found, key=lambda pair: (place[pair[0], pair[1].text], pair[1].id))


def gather(
    claims: Sequence[tuple[str, Labelled]],
    generator: Generator,
    encoder: Encoder,
    cache: Path,
    deadline: float,
) -> bool:
    """Ask the generator about claims that the cache lacks; False if time ran out."""
    verifier = verify.Verifier(generator, encoder, weights=NOTHING)
    known = readings(cache)
    with cache.open("a") as out:
        for name, claim in claims:
            key = f"{name}/{claim.id}"
            if key in known:
                continue
            if time.monotonic() > deadline:
                return False
            context = verifier.passages(claim.claim, claim.text)
            spans = attribute(claim.claim, context, verifier.encoder)
            if not spans:
                continue  # unsupported whatever the generator says
            judged = verify.judge(generator, claim.claim, spans, context)
            places = [(hit.passage.start, hit.passage.end) for hit in context]
            out.write(json.dumps({"key": key, "passages": places, **asdict(judged)}) + "\n")
            out.flush()
    return True


def rows(claims: Sequence[tuple[str, Labelled]], encoder: Encoder, cache: Path) -> Iterator[Row]:
    """The signals of every claim that the cache holds."""
    known = readings(cache)
    encoder = Remembering(encoder, 50_000)
    for name, claim in claims:
        found = known.get(f"{name}/{claim.id}")
        if found is None:
            continue
        article = Article(f"{name} {claim.text[:40]}", "", claim.text)
        context = tuple(
            _hit(article, start, end, rank)
            for rank, (start, end) in enumerate(found["passages"], 1)
        )
        judged = Judgement(found["yes"], tuple(found["logprobs"]))
        spans = attribute(claim.claim, context, encoder)
        if spans:
            signals = verify.signals(claim.claim, spans, context, judged, encoder)
            yield Row(name, claim.text, f"{name}/{claim.id}", claim.supported, signals)


def _hit(article: Article, start: int, end: int, rank: int) -> Hit:
    passage = Passage(article.id, start, end, article.text[start:end])
    return Hit(passage, article, 0.0, rank, 0.0, None, None, None)


def readings(cache: Path) -> dict[str, Any]:
    """What the generator said of each claim, by its key."""
    if not cache.exists():
        return {}
    return {row["key"]: row for row in map(json.loads, cache.read_text().splitlines())}


# --- fitting ------------------------------------------------------------------------------------

NOTHING = verify.Weights(0.0, (), (), (), (), 1.0, 1.0)


def fit(rows: Sequence[Row], names: Sequence[str]) -> verify.Weights:
    """Logistic regression on standardised signals, with the threshold of best balanced accuracy."""
    from sklearn.linear_model import LogisticRegression

    matrix = _matrix(rows, names)
    means, scales = matrix.mean(axis=0), matrix.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    model.fit((matrix - means) / scales, _yes(rows))
    weights = verify.Weights(
        float(model.intercept_[0]),
        tuple(names),
        tuple(map(float, model.coef_[0])),
        tuple(map(float, means)),
        tuple(map(float, scales)),
        0.5,
        0.5,
    )
    score = scores(rows, weights)
    supported = threshold(rows, score)
    partly = min(supported - 0.01, float(np.quantile(score[_yes(rows) > 0], DROPPED)))
    return replace(weights, supported_from=supported, partly_from=partly)


def scores(rows: Sequence[Row], weights: verify.Weights) -> Floats:
    return np.array([weights.probability(row.signals) for row in rows])


def threshold(rows: Sequence[Row], score: Floats) -> float:
    """The lowest whose balanced accuracy is within two points of the best (a difference that some
    hundred claims don't tell), on the claims that are like answers' (on all, without any)."""
    grid = np.arange(20, 90) / 100
    chosen = LIKE_ANSWERS if any(row.dataset == LIKE_ANSWERS for row in rows) else "all"
    part = _paired(rows, score, chosen)
    if not 0 < part[:, 1].sum() < len(part):
        return 0.5
    found = [balanced_accuracy(float(at))(part) for at in grid]
    return float(grid[np.array(found) >= max(found) - 0.02][0])


def cross_validated(rows: Sequence[Row], names: Sequence[str]) -> tuple[Floats, Floats]:
    """Each row's score, and its verdict as 1, 0.5 or 0, by a fit that hasn't seen its article."""
    from sklearn.model_selection import GroupKFold

    score, said = np.zeros(len(rows)), np.zeros(len(rows))
    groups = [row.article for row in rows]
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(np.zeros(len(rows)), groups=groups):
        weights = fit([rows[i] for i in train], names)
        score[test] = scores([rows[i] for i in test], weights)
        said[test] = (score[test] >= weights.supported_from) / 2.0
        said[test] += (score[test] >= weights.partly_from) / 2.0
    return score, said


def figures(rows: Sequence[Row], score: Floats, said: Floats) -> dict[str, dict[str, float]]:
    found = {}
    for name in [*sorted({row.dataset for row in rows}), "all"]:
        paired = _paired(rows, score, name)
        called = _paired(rows, said, name)
        yes = called[:, 1] > 0
        found[name] = {
            "n": float(len(paired)),
            "auc": auc(paired),
            "balanced_accuracy": balanced_accuracy(1.0)(called),
            "ece": ece(paired),
            "supported_not_called_so": float((called[yes, 0] < 1).mean()),
            "supported_called_unsupported": float((called[yes, 0] == 0).mean()),
            "unsupported_called_supported": float((called[~yes, 0] == 1).mean()),
            "unsupported_not_called_so": float((called[~yes, 0] > 0).mean()),
        }
    return found


def _paired(rows: Sequence[Row], score: Floats, name: str) -> Floats:
    keep = [i for i, row in enumerate(rows) if name in (row.dataset, "all")]
    return np.column_stack([score[keep], _yes([rows[i] for i in keep])])


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> Floats:
    return np.array([[row.signals[name] for name in names] for row in rows], dtype=np.float64)


def _yes(rows: Sequence[Row]) -> Floats:
    return np.array([row.supported for row in rows], dtype=np.float64)


# --- telling ------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> Iterator[str]:
    sets = sorted({row.dataset for row in rows})
    yield f"| signal | {' | '.join(sets)} |"
    yield f"| --- |{' --- |' * len(sets)}"
    for name in rows[0].signals:
        values = np.array([row.signals[name] for row in rows])
        yield f"| {name} | {' | '.join(f'{auc(_paired(rows, values, s)):.3f}' for s in sets)} |"
    yield ""
    yield "| combination | " + " | ".join(f"{s} AUC | {s} bal. acc. | {s} ECE" for s in sets) + " |"
    yield f"| --- |{' --- |' * 3 * len(sets)}"
    for label, names in COMBINATIONS.items():
        found = figures(rows, *cross_validated(rows, names))
        cells = [
            f"{found[s]['auc']:.3f} | {found[s]['balanced_accuracy']:.3f} | {found[s]['ece']:.3f}"
            for s in sets
        ]
        yield f"| {label} | {' | '.join(cells)} |"


ABOUT = "Weights of rag/checking/verify.py; refit with: python -m eval.fitting.verifier"


def as_json(
    rows: Sequence[Row],
    generator: str,
    about: str = ABOUT,
    thresholds: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """The weights and what they are worth; `thresholds` (supported, partly) instead of fitted."""
    weights = fit(rows, CHOSEN)
    score, said = cross_validated(rows, CHOSEN)
    if thresholds:
        supported, partly = thresholds
        weights = replace(weights, supported_from=supported, partly_from=partly)
        said = ((score >= supported) + 1.0 * (score >= partly)) / 2
    measured = figures(rows, score, said)
    each = zip(weights.names, weights.weights, weights.means, weights.scales, strict=True)
    return {
        "about": about,
        "fitted": date.today().isoformat(),
        "data": {name: int(found["n"]) for name, found in measured.items()},
        "generator": generator,
        "cross_validated": {
            name: {key: round(value, 3) for key, value in found.items() if key != "n"}
            for name, found in measured.items()
        },
        "thresholds": {
            "supported_from": weights.supported_from,
            "partly_from": round(weights.partly_from, 2),
        },
        "intercept": round(weights.intercept, 4),
        "signals": {
            name: {"weight": round(w, 4), "mean": round(m, 4), "scale": round(s, 4)}
            for name, w, m, s in each
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.verifier", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("verifier-readings.jsonl"))
    parser.add_argument("--states", type=Path, help="keep the passages' states here")
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--gather-only", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    deadline = time.monotonic() + 60 * given.minutes

    from index.encoding.minilm import SentenceEncoder
    from rag.models import files as models

    claims = labelled(given.folder)
    if not claims:
        raise UsageError(f"{str(given.folder)!r} holds no claims: name a folder of *.jsonl files.")
    encoder = SentenceEncoder(models.path(models.default("encoder").name))
    model = models.default("generator")
    if any(f"{name}/{claim.id}" not in readings(given.cache) for name, claim in claims):
        from rag.generating.local import LocalGenerator
        from rag.generating.states import StateCache

        generator = LocalGenerator.open(
            models.path(model.name),
            name=model.name,
            sha256=model.files[0].sha256,
            threads=given.threads,
            cache=StateCache(given.states, memory_bound=1 << 29, disk_bound=16 << 30),
        )
        if not gather(claims, generator, encoder, given.cache, deadline):
            print("Time is up; the same command goes on from here.", file=sys.stderr)
            if given.gather_only:
                return 3
    if given.gather_only:
        return 0
    found = list(rows(claims, encoder, given.cache))
    print("\n".join(table(found)))
    result = as_json(found, model.name)
    text = json.dumps(result, indent=2) + "\n"
    print(text)
    if given.write:
        Path(verify.__file__).with_name("verifier.json").write_text(text)
    return 0


if __name__ == "__main__":
    run(main)
