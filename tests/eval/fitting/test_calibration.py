"""The command: which questions are asked, what is kept, and what is written."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from eval.datasets import SAMPLES
from eval.fitting import calibration
from eval.fitting.calibration import (
    as_json,
    as_read,
    cached,
    draw,
    fit,
    gather,
    main,
    questions,
    table,
    takes_part,
)
from eval.fitting.verdicts import Asked
from index.errors import UsageError
from tests.eval.fake_bench import fake_bench
from tests.fakes import FakeGenerator

JUDGE = {"generator": "g", "adapter": "a", "form": "f"}


def rows(n: int) -> list[Asked]:
    """Half right; of every ten right and wrong ones, one looks like the other kind."""
    chance = np.random.default_rng(1)
    found = []
    for i in range(n):
        right = i % 2 == 0
        sure = right if i % 20 > 1 else not right
        p = [float(np.clip((0.85 if sure else 0.15) + e, 0, 1)) for e in chance.normal(0, 0.1, 3)]
        found.append(
            Asked(
                id=str(i), set="xquad", page=f"page {i % 11}", question="When?", answerable=True,
                gold=("1931",), sentences=(), draft="In 1931." if right else "In 1913.",
                stated=p[0], supported=p[1], alone=p[2],
                each=((True, p[2]), (False, 0.1 + p[0] / 10)),
            )
        )  # fmt: skip
    return found


def test_half_of_the_pages_take_part_and_always_the_same() -> None:
    titles = [f"Page {n}" for n in range(400)]
    part = [title for title in titles if takes_part(title)]
    assert 160 < len(part) < 240
    assert part == [title for title in titles if takes_part(title)]


def test_questions_are_of_pages_that_take_part_and_articles_are_all() -> None:
    found, every = questions(SAMPLES)
    assert {q.set for q in found} == {"xquad", "clapnq"}
    assert all(takes_part(q.page) for q in found)
    taken = [q for q in found if q.item.id.endswith("/taken")]
    assert taken
    assert not any(q.item.gold["answerable"] for q in taken)
    assert {a.title for a in every.articles} > {q.page for q in found}
    assert [q.id for q in found] == [q.id for q in questions(SAMPLES)[0]]


def test_what_was_asked_is_kept_and_not_asked_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache.jsonl"
    first = list(gather(fake_bench(), SAMPLES, cache, 3))
    judge, kept = cached(cache, None)
    assert kept == first
    assert judge["form"] == fake_bench().reader().identity["form"]
    generator = FakeGenerator()
    more = list(gather(fake_bench(generator), SAMPLES, cache, 5))
    assert len(more) == 2
    assert not {a.id for a in more} & {a.id for a in first}
    generator.prompts.clear()
    assert list(gather(fake_bench(generator), SAMPLES, cache, 5)) == []
    assert generator.prompts == []
    for one in [*first, *more]:
        assert 0 <= one.supported <= 1
        assert one.set == "xquad" or not one.each


def test_another_judges_cache_is_not_gone_on_with(tmp_path: Path) -> None:
    cache = tmp_path / "cache.jsonl"
    cache.write_text(json.dumps({"judge": JUDGE}) + "\n")
    with pytest.raises(UsageError, match="another judge"):
        list(gather(fake_bench(), SAMPLES, cache, 1))
    with pytest.raises(UsageError, match="whose probabilities"):
        cached(tmp_path / "nothing.jsonl", None)


def test_what_was_read_is_of_that_draft_only(tmp_path: Path) -> None:
    read = tmp_path / "read.jsonl"
    read.write_text('{"id": "0", "draft": "In 1931.", "right": false}\n')
    first, second = as_read([rows(1)[0], Asked(**{**asdict(rows(1)[0]), "draft": "1931."})], read)
    assert (first.read, second.read) == (False, None)


def test_too_little_to_fit_on_is_said() -> None:
    with pytest.raises(UsageError, match="at least 40 right and 40 wrong"):
        fit(rows(60))


def test_a_fit_says_what_it_rests_on_and_draws_itself(tmp_path: Path) -> None:
    found = fit(rows(240))
    data = as_json(found, JUDGE)
    assert data["judge"] == JUDGE
    assert data["data"]["xquad"]["drafts"] == 240
    assert data["data"]["xquad"]["right"] == 120
    assert set(data["answer"]) == {"intercept", "stated", "supported", "alone"}
    assert set(data["statement"]) == {"intercept", "alone"}
    verdicts = data["cross_validated"]["verdicts"]
    assert sum(v["n"] for v in verdicts.values()) == 240
    assert verdicts["stated"]["false"] <= 0.02 * verdicts["stated"]["n"]
    auc, low, high = data["cross_validated"]["answer"]["auc"]
    assert 0.8 < low < auc < high < 1
    assert "| all | stated |" in "\n".join(table(found))
    draw(found, tmp_path / "plots")
    pictures = sorted((tmp_path / "plots").glob("*.svg"))
    assert len(pictures) == 6
    for picture in pictures:
        text = picture.read_text()
        assert text.startswith("<svg xmlns=")
        assert re.search(r"<circle [^>]*>", text)
        assert text.count("<svg") == text.count("</svg>") == 1


def test_write_puts_the_fit_where_the_product_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, file = tmp_path / "cache.jsonl", tmp_path / "calibration.json"
    lines = [{"judge": JUDGE}, *map(asdict, rows(240))]
    cache.write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr(calibration, "FILE", file)
    main([str(SAMPLES), "--limit", "0", "--cache", str(cache)])
    assert not file.exists()
    main([str(SAMPLES), "--limit", "0", "--cache", str(cache), "--write"])
    written = json.loads(file.read_text())
    assert written["judge"] == JUDGE
    assert 0 <= written["thresholds"]["shown_from"] <= written["thresholds"]["stated_from"] <= 1
    assert "calibrated" in capsys.readouterr().out
