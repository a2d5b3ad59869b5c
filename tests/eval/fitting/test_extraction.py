"""The extraction benchmark's metric, by hand, and the table on a small folder of its own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from eval.fitting.extraction import Overlap, Score, main, overlap, score


def test_overlap_counts_four_grams_as_a_bag() -> None:
    assert overlap("a b c d e", "a b c d e") == Overlap(1.0, 0.0, 0.0)
    # truth: abcd bcde; found: abcd bcdx; one shared, one surplus, one missing
    assert overlap("a b c d e", "a b c d x") == Overlap(1 / 3, 1 / 3, 1 / 3)
    # the same 4-gram twice counts twice: found aaaa aaaa, truth aaaa
    assert overlap("a a a a", "a a a a a") == Overlap(1 / 2, 1 / 2, 0.0)
    assert overlap("a b", "a b") == Overlap(1.0, 0.0, 0.0)  # shorter than four: one gram
    assert overlap("a b c d", "") == Overlap(0.0, 0.0, 1.0)
    assert overlap("", "") == Overlap(0.0, 0.0, 0.0)


def test_f1_is_made_of_the_means_over_pages() -> None:
    pages = [Overlap(1.0, 0.0, 0.0), Overlap(0.25, 0.75, 0.0), Overlap(0.0, 0.0, 1.0)]
    # precision: mean of 1 and 1/4 (the third found nothing); recall: mean of 1, 1 and 0
    precision, recall = 0.625, 2 / 3
    assert score(pages) == Score(
        pytest.approx(precision),  # type: ignore[arg-type]
        pytest.approx(recall),  # type: ignore[arg-type]
        pytest.approx(2 * precision * recall / (precision + recall)),  # type: ignore[arg-type]
    )
    assert score([]) == Score(0.0, 0.0, 0.0)


def test_the_table_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentences = [f"The council took vote number {n} on the old stone bridge." for n in range(12)]
    paragraphs = [" ".join(sentences[i : i + 3]) for i in range(0, 12, 3)]
    shown = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    html = f"<html><head><title>Votes</title></head><body><article>{shown}</article></body></html>"
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "x.html.gz").write_bytes(gzip.compress(html.encode()))
    truth = {"x": {"articleBody": "\n\n".join(paragraphs)}}
    (tmp_path / "ground-truth.json").write_text(json.dumps(truth))
    assert main([str(tmp_path)]) == 0
    assert "| dateline | 1 | 1.000 (1.000–1.000) |" in capsys.readouterr().out


def test_a_folder_without_the_truth_is_a_usage_error(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2
