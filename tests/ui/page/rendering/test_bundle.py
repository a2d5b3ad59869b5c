"""Marked answers go into a folder that `dateline eval answers` takes, and come out measured."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from eval.folder import RunFolder
from eval.run import main
from index.article import Article
from index.reading.load import load
from tests.eval.fake_bench import fake_bench
from tests.ui.fake_assistant import invented
from tests.ui.page.rendering.test_render import answered, turn
from ui.page.rendering import bundle as bundles
from ui.page.rendering.bundle import bundle

SEEDS = Path(__file__).parents[4] / "seeds" / "articles"
VOTED = [
    turn(answered("What did the bridge cost?"), vote=1),
    turn(answered("Who is the tallest?"), vote=1),
    turn(answered("Since when has the ferry run?"), vote=-1, expected="May 2023"),
    turn(answered("Since when has the ferry run?"), vote=-1),
]


def unpacked(made: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert sorted(archive.namelist()) == ["articles/articles.jsonl", "questions.jsonl"]
        archive.extractall(folder)
    return folder


def test_what_was_marked_is_measured_by_the_benchmark(tmp_path: Path) -> None:
    made, left = bundle(VOTED, invented())
    assert left == 1
    data = unpacked(made, tmp_path / "marked")
    out = tmp_path / "run"
    assert main(["answers"], out, None, 0, None, {}, data, bench=fake_bench()) == 0
    records = sorted(RunFolder(out).records(), key=lambda r: str(r["id"]))
    assert [(r["answer"]["question"], r["gold"]["answerable"]) for r in records] == [
        ("What did the bridge cost?", True),
        ("Who is the tallest?", False),
        ("Since when has the ferry run?", True),
    ]
    assert records[0]["gold"]["all"] == ["41", "44"]
    assert records[2]["gold"]["any"] == ["May 2023"]
    assert not [r for r in records if "error" in r]
    titles = {hit["title"] for r in records for hit in r["answer"]["hits"]}
    assert "Solar ferry carries a million passengers" in titles


def test_the_articles_are_the_same_again_and_copies_stay_out(tmp_path: Path) -> None:
    articles = [a for a in load(str(SEEDS)) if isinstance(a, Article)]
    one = articles[0]
    copy = replace(one, id="c" * 12, copy_of=one.id)
    made, _ = bundle(VOTED, [*articles, copy])
    folder = unpacked(made, tmp_path)

    def told(a: object) -> tuple[object, ...]:
        return tuple(getattr(a, n) for n in ("title", "text", "source", "published", "authors"))

    assert [told(a) for a in load(str(folder / "articles"))] == [told(a) for a in articles]


def test_of_a_large_library_only_what_was_considered_goes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "WHOLE", 10)
    far = replace(invented()[0], id="f" * 12, title="Far away")
    made, _ = bundle(VOTED, [*invented(), far])
    lines = (unpacked(made, tmp_path) / "articles" / "articles.jsonl").read_text().splitlines()
    titles = [json.loads(line)["title"] for line in lines]
    assert "Far away" not in titles
    assert len(titles) == 4


def test_nothing_marked_is_no_file() -> None:
    assert bundle([], invented()) == (b"", 0)
    assert bundle([VOTED[3]], invented()) == (b"", 1)
