"""How well the article is found in a web page: `python -m eval.fitting.extraction FOLDER`.

FOLDER is laid out like the benchmark of scrapinghub (article-extraction-benchmark, 2019, MIT):
`ground-truth.json` (page id -> `articleBody`) and `html/ID.html.gz`. The metric is that
benchmark's: a text is the bag of its 4-grams of tokens (runs of word characters). A page's
true and false positives and false negatives are counted on those bags; precision and recall are
means over pages (of those where they are defined), and F1 is made of the two means.
Intervals are 95% bootstrap percentiles over pages; the difference is bootstrapped in pairs.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.cleaning.clean import clean
from index.errors import Refused
from index.reading import html as formats_html
from index.reading.charset import decode

_TOKEN = re.compile(r"\w+")
_GRAM = 4
_SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shared, surplus and missing 4-grams of one page, as shares of their sum (0 if all are 0)."""

    tp: float
    fp: float
    fn: float


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 over pages, each in 0..1."""

    precision: float
    recall: float
    f1: float


def overlap(truth: str, found: str) -> Overlap:
    """Compare two texts by their bags of token 4-grams (a shorter text is one gram by itself)."""
    wanted, got = _grams(truth), _grams(found)
    tp = (wanted & got).total()
    fp, fn = got.total() - tp, wanted.total() - tp
    total = tp + fp + fn or 1
    return Overlap(tp / total, fp / total, fn / total)


def score(pages: Sequence[Overlap]) -> Score:
    """precision = mean tp/(tp+fp), recall = mean tp/(tp+fn), F1 = 2pr/(p+r) of those means.

    A page without any gram on a side doesn't count for that side's mean, as in the benchmark.
    """
    precisions = [page.tp / (page.tp + page.fp) for page in pages if page.tp + page.fp]
    recalls = [page.tp / (page.tp + page.fn) for page in pages if page.tp + page.fn]
    precision = sum(precisions) / len(precisions) if precisions else 0.0
    recall = sum(recalls) / len(recalls) if recalls else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Score(precision, recall, f1)


def interval(value: Callable[[Sequence[int]], float], pages: int) -> tuple[float, float]:
    """The 95% bootstrap percentile interval of a statistic of a sample of page numbers."""
    chance = random.Random(7)  # noqa: S311 (a seed, so that a run can be repeated)
    values = sorted(value(chance.choices(range(pages), k=pages)) for _ in range(_SAMPLES))
    return values[round(0.025 * _SAMPLES)], values[round(0.975 * _SAMPLES) - 1]


def ours(html: str) -> str:
    """The article as `index.reading.load` would keep it."""
    try:
        return clean(formats_html.read(html).text)
    except Refused:
        return ""


def measure(folder: Path, extract: Callable[[str], str]) -> list[Overlap]:
    """The overlap of each page, in order of the pages' ids."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    return [
        overlap(truth[page].get("articleBody", ""), extract(read_page(folder, page)))
        for page in sorted(truth)
    ]


def read_page(folder: Path, page: str) -> str:
    return decode(gzip.decompress((folder / "html" / f"{page}.html.gz").read_bytes()))


def table(results: dict[str, list[Overlap]]) -> str:
    """A Markdown table of the extractors' scores, and the last one's F1 less the first one's."""
    lines = [
        "| extractor | pages | F1 | precision | recall |",
        "| --- | ---: | --- | --- | --- |",
    ]
    for name, pages in results.items():
        cells = []
        for field in ("f1", "precision", "recall"):
            value = _field(pages, field, range(len(pages)))
            low, high = interval(partial(_field, pages, field), len(pages))
            cells.append(f"{value:.3f} ({low:.3f}–{high:.3f})")
        lines.append(f"| {name} | {len(pages)} | {' | '.join(cells)} |")
    (first, base), *_, (last, better) = results.items()

    def gain(drawn: Sequence[int]) -> float:
        return score([better[i] for i in drawn]).f1 - score([base[i] for i in drawn]).f1

    low, high = interval(gain, len(base))
    value = gain(range(len(base)))
    lines += ["", f"F1 of {last} less {first}: {value:+.4f} (95% {low:+.4f} to {high:+.4f})"]
    return "\n".join(lines)


def _field(pages: Sequence[Overlap], field: str, drawn: Sequence[int]) -> float:
    return float(getattr(score([pages[i] for i in drawn]), field))


def _grams(text: str) -> Counter[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    starts = range(max(1, len(tokens) - _GRAM + 1))
    return Counter(gram for i in starts if (gram := tuple(tokens[i : i + _GRAM])))


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0], "ground-truth.json").is_file():
        print(
            "usage: python -m eval.fitting.extraction FOLDER (with ground-truth.json)",
            file=sys.stderr,
        )
        return 2
    folder = Path(arguments[0])
    extractors = {"trafilatura, defaults": formats_html.plain, "dateline": ours}
    print(table({name: measure(folder, extract) for name, extract in extractors.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
