"""No pattern over article text takes more than about linear time, whatever the text.

Hostile texts are made from the patterns themselves: what matches up to a repetition, the repeated
part many times, and something that can't follow. They go to the functions that the patterns serve,
at two sizes. Time is the thread's own, the least of three; a quadratic
pattern would take 64 times as long for the eightfold text, a linear one takes 8 times.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest

from index.cleaning import clean, dates, furniture, metadata
from index.errors import Refused
from index.reading import charset, css, documents, feeds, formats, items, load, marked
from index.splitting import lines, passages, sentences

try:  # the parser of patterns is public, its module's name isn't
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    pytest.skip("needs the parser of patterns", allow_module_level=True)

MODULES = [
    *(charset, css, documents, feeds, formats, items, load),
    *(clean, dates, furniture, metadata, lines, passages, sentences),
]
SMALL, LARGE = 2_000, 16_000
PUMPS = 80  # tried of each module
MOST = 8**1.6  # times longer for eight times the text
FREE = 0.1  # seconds that need no looking at
ANY = "aA1 -.,:<>\"'([*_!\n/#=\\“é|…"
OF_CATEGORY = {
    sre.CATEGORY_DIGIT: "7",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: "x",
    sre.CATEGORY_NOT_WORD: "-",
    sre.CATEGORY_NOT_SPACE: "a",
}
Pump = tuple[str, str]  # what leads up to a repetition, and what is repeated


def patterns(module: ModuleType) -> Iterator[re.Pattern[str]]:
    def found(value: object) -> Iterator[re.Pattern[str]]:
        if isinstance(value, re.Pattern):
            source = value.pattern
            text = source if isinstance(source, str) else source.decode("latin-1")
            yield re.compile(text, value.flags & ~re.UNICODE)
        elif isinstance(value, list | tuple):
            for item in value:
                yield from found(item)

    for value in vars(module).values():
        yield from found(value)


def pumps(tree: Any, chance: random.Random, prefix: str, into: list[Pump]) -> str:
    """A text that the pattern's part matches, more or less; its repetitions go `into`."""
    said = ""
    for kind, value in tree:
        before = prefix + said
        if kind == sre.LITERAL:
            said += chr(value)
        elif kind in (sre.ANY, sre.NOT_LITERAL):
            said += chance.choice(ANY)
        elif kind == sre.IN:
            said += one_of(value, chance)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, part = value
            unit = pumps(part, chance, before, into)
            if most > 1 and unit:
                into.append((before, unit))
            said += unit * (least if most > 1 else chance.randint(least, 1))
        elif kind == sre.SUBPATTERN:
            said += pumps(value[3], chance, before, into)
        elif kind == sre.ATOMIC_GROUP:
            said += pumps(value, chance, before, into)
        elif kind == sre.BRANCH:
            said += pumps(chance.choice(value[1]), chance, before, into)
    return said


def one_of(parts: Any, chance: random.Random) -> str:
    if parts[0][0] == sre.NEGATE:
        barred = {chr(value) for kind, value in parts if kind == sre.LITERAL}
        return chance.choice([c for c in ANY if c not in barred])
    kind, value = chance.choice(parts)
    if kind == sre.RANGE:
        return chr(value[0])
    return OF_CATEGORY.get(value, "a") if kind == sre.CATEGORY else chr(value)


def hostile(pattern: re.Pattern[str], chance: random.Random) -> list[Pump]:
    tree = parser.parse(pattern.pattern, pattern.flags)
    found: list[Pump] = []
    for _ in range(6):
        whole = pumps(tree, chance, "", found)
        found += [("", whole), ("", whole[: len(whole) // 2])]
    return sorted({pump for pump in found if pump[1]})


def text_of(pump: Pump, size: int) -> str:
    lead, unit = pump
    return (lead + unit * (size // len(unit) + 1))[:size] + "\x01\n\x01"


def feed_entries(text: str) -> None:
    item = {"title": text, "link": "http://x.example/a", "author": text}
    feeds._metadata(item, text, "http://x.example/a")


FUNCTIONS: list[Callable[[str], object]] = [
    clean.clean,
    metadata.from_text,
    metadata.people,
    metadata.web_address,
    dates.parse,
    lambda text: list(map(furniture.rule, text.split("\n"))),
    lambda text: [(furniture.is_byline(x), furniture.is_role(x)) for x in text.split("\n") if x],
    sentences.sentences,
    lambda text: documents.sniff(text.encode("utf-8", "replace")),
    lambda text: documents._CHARSET.search(text.encode("utf-8", "replace")[:4096]),
    lambda text: feeds.is_feed(text.encode("utf-8", "replace"), "xml"),
    feed_entries,
    lambda text: charset.decode(text.encode("utf-8", "replace")),
    lambda text: charset.is_western(text.encode("cp1252", "replace")),
    css.lengths,
    lambda text: css.holds(text[:500]),
    marked.text,
]


def cost(function: Callable[[str], object], text: str) -> float:
    """The thread's own seconds, the least of three."""
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        with suppress(Refused):
            function(text)
        least = min(least, time.thread_time() - began)
        if least < FREE:
            break
    return least


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_eight_times_the_text_takes_about_eight_times_as_long(module: ModuleType) -> None:
    chance = random.Random(20240517)
    every = [pump for pattern in patterns(module) for pump in hostile(pattern, chance)]
    slow = []
    for pump in chance.sample(every, min(PUMPS, len(every))):
        for number, function in enumerate(FUNCTIONS):
            took = cost(function, text_of(pump, LARGE))
            if took > FREE and took > MOST * cost(function, text_of(pump, SMALL)):
                slow.append((number, took, pump))
    assert not slow


@pytest.mark.parametrize("unit", ["<!---->", "<!--x-->\n", "<?xml ?>", " ", "<!--", "<?xml <!--"])
def test_a_page_that_never_begins_is_told_at_once(unit: str) -> None:
    """Forty empty comments never ended."""
    assert documents.sniff(unit.encode() * 10_000) is None


def test_a_page_begins_after_comments() -> None:
    assert documents.sniff(b"\xef\xbb\xbf \n<?xml version='1.0'?><!-- a --> <!----><!DOCTYPE html>")
    assert documents.sniff(b"<!doctype\n  HTML><title>") == "html"
    assert documents.sniff(b"<header>is no <head>") is None
    assert documents.sniff(b"<!-- only a comment -->") is None


@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "[",
        "**a ",
        "# # ",
        "_a *",
        "![",
        "\n---\n",
        "\n> > ",
        "`",
        "[a](",
        "- a\n",
        "&#",
        "*",
    ],
)
def test_markdown_is_linear(unit: str) -> None:
    small, large = cost(marked.text, unit * 2_000), cost(marked.text, unit * 16_000)
    assert large < FREE or large < MOST * small
