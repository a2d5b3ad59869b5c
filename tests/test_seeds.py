"""The sample articles: whole, in our own words, with what the README says is planted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from index.article import Article
from index.reading.load import load

ROOT = Path(__file__).parent.parent
ARTICLES = ROOT / "seeds" / "articles"
PAGES = ROOT.parent / "shared" / "articles"
KINDS = {
    "number",
    "name",
    "date",
    "list",
    "yes/no",
    "comparison",
    "two articles",
    "quotation",
    "follow-up",
    "unanswerable",
    "conflict",
}


@dataclass(frozen=True)
class Sample:
    head: dict[str, str]
    body: str


def read(path: Path) -> Sample:
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return Sample(dict(line.split(": ", 1) for line in head.splitlines()), body.strip())


SAMPLES = {path.name: read(path) for path in sorted(ARTICLES.iterdir())}
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def overlap(one: str, other: str) -> float:
    """Jaccard similarity of the runs of five words."""
    a, b = runs(SAMPLES[one].body, 5), runs(SAMPLES[other].body, 5)
    return len(a & b) / len(a | b)


def named(prefix: str) -> str:
    (name,) = (name for name in SAMPLES if name.startswith(prefix))
    return name


@pytest.mark.parametrize("name", SAMPLES)
def test_each_says_who_when_and_that_it_is_a_sample(name: str) -> None:
    head = SAMPLES[name].head
    assert set(head) == {"title", "published", "source", "authors"}
    assert all(value and ": " not in value and value[0] not in "\"'[" for value in head.values())
    assert date(2024, 5, 16) <= date.fromisoformat(head["published"]) <= date(2024, 5, 31)
    assert re.search(r"\b(Sample|Specimen|Example)\b", head["source"])
    for author in head["authors"].split(", "):
        assert re.search(r"\b(Sample|Specimen|Example|Placeholder|Testcase|Mockup)\b", author)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_is_as_long_as_a_short_news_article(name: str) -> None:
    assert 250 <= len(SAMPLES[name].body.split()) <= 600


@pytest.mark.parametrize("name", SAMPLES)
def test_nobody_is_quoted_at_length(name: str) -> None:
    quoted = re.findall(r'["“](.*?)["”]', SAMPLES[name].body, flags=re.DOTALL)
    assert [words for words in quoted if len(words.split()) > 5] == []


@pytest.mark.skipif(not PAGES.is_dir(), reason="../shared/articles is not beside this checkout")
def test_no_run_of_eight_words_is_shared_with_the_pages_that_the_facts_are_from() -> None:
    pages = sorted(PAGES.glob("*.txt"))
    assert pages
    theirs = set().union(*(runs(page.read_text(encoding="utf-8"), 8) for page in pages))
    ours = {
        (name, " ".join(run))
        for name, sample in SAMPLES.items()
        for run in runs(sample.head["title"] + "\n" + sample.body, 8) & theirs
    }
    assert ours == set()


def test_the_loader_reads_every_field_and_keeps_every_word() -> None:
    loaded = {
        Path(item.path or "").name: item
        for item in load(str(ARTICLES))
        if isinstance(item, Article)
    }
    assert list(loaded) == list(SAMPLES)
    for name, article in loaded.items():
        head = SAMPLES[name].head
        assert article.title == head["title"]
        assert article.source == head["source"]
        assert str(article.published) == head["published"]
        assert list(article.authors) == head["authors"].split(", ")
        words = re.sub(r"^## |\*\*", "", SAMPLES[name].body, flags=re.MULTILINE).split()
        assert article.text.split() == words


def test_one_pair_and_no_other_is_a_near_copy() -> None:
    close = {pair for pair in combinations(SAMPLES, 2) if overlap(*pair) > 0.1}
    assert close == {(named("04"), named("05"))}
    assert 0.9 < overlap(named("04"), named("05")) < 1
    wire, ledger = SAMPLES[named("04")].head, SAMPLES[named("05")].head
    assert wire["source"] != ledger["source"]
    assert wire["published"] < ledger["published"]


def test_two_outlets_disagree_on_how_much_trade_grew() -> None:
    courier, post = SAMPLES[named("01")], SAMPLES[named("02")]
    assert "64% more than in 2021" in courier.body
    assert "rise of 46% since 2021" in post.body
    assert courier.head["source"] != post.head["source"]
    assert "46%" not in courier.body
    assert "64%" not in post.body


def test_the_correction_is_later_by_the_same_outlet_and_puts_the_two_figures_right() -> None:
    wrong, right = SAMPLES[named("11")], SAMPLES[named("12")]
    assert wrong.head["source"] == right.head["source"]
    assert wrong.head["published"] == "2024-05-18" < right.head["published"]
    assert "On 18 May we published" in right.body
    assert "90% of Russia's imported machine tools" in wrong.body
    assert "machine tools 70%, microelectronics 90%" in right.body


def test_no_two_questions_are_the_same() -> None:
    assert [q for q, n in Counter(q["question"] for q in QUESTIONS).items() if n > 1] == []


def test_there_are_questions_of_every_kind_and_enough_that_cannot_be_answered() -> None:
    kinds = Counter(question["kind"] for question in QUESTIONS)
    assert set(kinds) == KINDS
    assert kinds["unanswerable"] >= 8
    assert sum(kinds.values()) - kinds["unanswerable"] >= 20


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["question"])
def test_what_a_right_answer_must_hold_is_in_the_article(question: dict[str, Any]) -> None:
    text = SAMPLES[question["article"]].body.lower()
    if "also" in question:
        text += "\n" + SAMPLES[question["also"]].body.lower()
    if question["answerable"]:
        assert {"any", "all"} & set(question)
        assert all(string.lower() in text for string in question.get("all", []))
        if "any" in question:
            assert any(string.lower() in text for string in question["any"])
    else:
        assert question["kind"] == "unanswerable"
        assert not {"any", "all"} & set(question)
    assert ("history" in question) == (question["kind"] == "follow-up")


def test_where_an_answer_needs_two_articles_neither_is_enough() -> None:
    needing_both = [q for q in QUESTIONS if "also" in q and "all" in q]
    assert needing_both
    for question in needing_both:
        for name in (question["article"], question["also"]):
            body = SAMPLES[name].body.lower()
            some = any(s.lower() in body for s in question.get("any", [""]))
            every = all(s.lower() in body for s in question["all"])
            assert not (some and every), question["question"]


def test_the_readme_lists_every_article() -> None:
    readme = (ROOT / "seeds" / "README.md").read_text(encoding="utf-8")
    assert [name for name in SAMPLES if f"`{name.removesuffix('.md')}`" not in readme] == []
