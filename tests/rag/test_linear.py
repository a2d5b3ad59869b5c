"""No pattern over a question or an article's text takes more than about linear time.

The hostile texts of `tests.pumps` go to the functions that the patterns serve. A question has no
longest length here: programs that ask (the API, other libraries) may send any.
"""

from __future__ import annotations

from datetime import date
from types import ModuleType

import pytest

from index.article import Article
from rag import compose
from rag.checking import corrections
from rag.checking.facts import facts, quantities, sentences, words
from rag.composing import article, comparison, yesno
from rag.composing.taking import difference, items, telling
from rag.generating import form
from rag.generating.remote import writer as remote
from rag.models import manifest
from rag.understanding import grams, holdings, spelling, tongue
from rag.understanding.conversation import follow_ups, listed, parts, pointing
from rag.understanding.filters import asked_filter, days, outlets, times
from tests.pumps import FREE, MOST, Function, cost, modules_with_patterns, slow

MODULES = [
    *(outlets, parts, times, asked_filter, follow_ups, listed, pointing, grams, holdings, spelling),
    *(tongue, days),
    *(facts, quantities, words, corrections, compose, form, manifest, remote),
    *(article, comparison, yesno, difference, items, telling),
]
ELSEWHERE = {
    "rag.models.sources",  # reads what pip says, and one header of a named server
    "rag.generating.remote.plain",  # what a named server wrote, at most 400 tokens
    "rag.generating.remote.address",  # an address that the user gave
    "rag.generating.remote.protocol",  # headers and errors of a named server
}
SOURCES = ("The Guardian", "Reuters", "BBC News", "Harbin Courier", "Saturday Post")
DAY = date(2024, 5, 17)

FUNCTIONS: list[Function] = [
    lambda text: outlets.attributed(text, SOURCES),
    parts.parts,
    lambda text: times.times(text, DAY),
    lambda text: asked_filter.found(text, SOURCES, DAY),
    pointing.points_back,
    grams.grams,
    tongue.is_english,
    lambda text: days.asked_days(text, DAY),
    lambda text: days.spoken_of(text, DAY),
    days.clock,
    lambda text: article._name(Article("a", text, text, path=text)),
    spelling.folded,
    lambda text: list(holdings._readings(text[:2_000])),
    listed.listed,
    lambda text: listed.named_in_list(text, [("q", text)]),
    remote.harmless,
    lambda text: comparison.sides(text, SOURCES),
    lambda text: items.listed(text, text),
    lambda text: difference.difference(text, text),
    lambda text: telling._whole(text),
    lambda text: yesno._LED.match(text),
    lambda text: follow_ups.adds_nothing(text, text, [(text, text)]),
    lambda text: follow_ups.keeps_asking(text, text),
    words.words,
    words.content,
    quantities.numbers,
    facts.read,
    facts.facts_of,
    sentences.split,
    compose.sentence_spans,
    form.passage_part,
    lambda text: corrections.is_correction(Article("a", text, text)),
    lambda text: corrections.takes_back(text, Article("a", "Correction", text)),
    lambda text: manifest.parse(text),
    lambda text: manifest._source(text, 1, "models.txt"),
    lambda text: manifest._file(text, 1, "models.txt"),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_eight_times_the_text_takes_about_eight_times_as_long(module: ModuleType) -> None:
    assert not slow(module, FUNCTIONS, count=12, large=8_000)


def test_no_module_with_patterns_is_left_out() -> None:
    assert modules_with_patterns("rag") == {module.__name__ for module in MODULES} | ELSEWHERE


@pytest.mark.parametrize(
    "unit",
    [
        *("the Guardian said ", "according to ", "in the Guardian, ", "the ", "reported by "),
        *("the Guardian and ", "the Guardian’s ", "and who ", "what ", "in 2021 ", "last week "),
        *(
            "articles about a ",
            "news from ",
            "40, 000",
            "1,000,000,",
            "one hundred ",
            "it ",
            "A.B. ",
        ),
    ],
)
def test_what_questions_are_made_of_is_linear(unit: str) -> None:
    for function in FUNCTIONS:
        small, large = (cost(function, unit * (size // len(unit))) for size in (1_000, 8_000))
        assert large < FREE or large < MOST * small
