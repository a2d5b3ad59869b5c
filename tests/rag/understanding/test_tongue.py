"""Questions in another language than the articles'."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from eval.datasets import SAMPLES
from index.article import Article
from index.library import Library
from rag.understanding.tongue import Tongue, is_english, language
from tests.fakes import FakeEncoder, fake_reader

ENGLISH = "The new bridge over the river was opened by the mayor on Monday, a year late."
GERMAN = "Die neue Brücke über den Fluss wurde am Montag von der Bürgermeisterin eröffnet."
ASKED = "Wann wurde die Brücke über den Fluss eröffnet?"
MEANT = "When was the bridge over the river opened?"


def library(path: Path, *texts: str) -> Library:
    made = Library.open(path, FakeEncoder(), create=True)
    for n, text in enumerate(texts):
        made.put(Article(f"a{n}", f"Article {n}", text, published=date(2024, 5, 1 + n)))
    return made


@pytest.mark.parametrize(
    "row",
    [json.loads(line) for line in (SAMPLES / "translated.jsonl").open(encoding="utf-8")],
    ids=lambda row: row["id"],
)
def test_a_question_is_never_taken_for_a_third_language(row: dict[str, str]) -> None:
    assert language(row["question"]) in (row["language"], None)
    assert not is_english(row["question"])


def test_a_question_is_put_into_the_articles_language(tmp_path: Path) -> None:
    writer = fake_reader({"Translate into English": f'"{MEANT}"\nMore words'})
    tongue = Tongue(library(tmp_path / "one", ENGLISH))
    assert tongue.of_articles() == "en"
    assert tongue.translated(ASKED, writer) == MEANT


def test_what_the_articles_are_in_stays_as_it_is(tmp_path: Path) -> None:
    writer = fake_reader({"Translate": "never asked"})
    assert Tongue(library(tmp_path / "one", ENGLISH)).translated(MEANT, writer) == MEANT
    german = Tongue(library(tmp_path / "two", GERMAN, GERMAN, ENGLISH))
    assert german.of_articles() == "de"
    assert german.translated(ASKED, writer) == ASKED


def test_an_english_question_over_german_articles_is_translated(tmp_path: Path) -> None:
    writer = fake_reader({"Translate into German": ASKED})
    assert Tongue(library(tmp_path / "one", GERMAN)).translated(MEANT, writer) == ASKED


def test_the_language_follows_the_library(tmp_path: Path) -> None:
    held = library(tmp_path / "one", ENGLISH)
    tongue = Tongue(held)
    assert tongue.of_articles() == "en"
    held.put(Article("b", "B", GERMAN))
    held.put(Article("c", "C", GERMAN))
    assert tongue.of_articles() == "de"


@pytest.mark.parametrize("question", ["Harbin?", "ok", "2021", "???", "summary", "x" * 2000, ""])
def test_what_says_too_little_is_left(tmp_path: Path, question: str) -> None:
    writer = fake_reader({"Translate": "never asked"})
    assert Tongue(library(tmp_path / "one", ENGLISH)).translated(question, writer) == question


def test_an_empty_translation_is_none(tmp_path: Path) -> None:
    writer = fake_reader({"Translate": "\n"})
    assert Tongue(library(tmp_path / "one", ENGLISH)).translated(ASKED, writer) == ASKED
