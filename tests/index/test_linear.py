"""No pattern over article text takes more than about linear time, whatever the text.

The hostile texts of `tests.pumps` go to the functions that the patterns serve.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from index import outlets, search
from index.cleaning import clean, dates, furniture, invisible, metadata
from index.following import following
from index.reading import (
    charset,
    css,
    documents,
    feeds,
    formats,
    html,
    items,
    load,
    marked,
    sitemaps,
)
from index.splitting import lines, passages, sentences, tokens
from index.storing import changes, copies
from tests.pumps import FREE, MOST, Function, cost, modules_with_patterns, slow

MODULES = [
    *(charset, css, documents, feeds, formats, html, items, load, outlets, search, copies),
    *(sitemaps, following, changes),
    *(clean, dates, furniture, invisible, metadata, lines, passages, sentences, tokens),
]


ELSEWHERE = {
    "index.storing.holdings",  # a question's words with what is no word between them
    "index.storing.candidates.milvus",  # words, one class of characters
    "index.storing.places",  # how an address begins, as a person types it
    "index.storing.postgres.address",  # what a person wrote
    "index.storing.postgres.dialect",  # Dateline's own tables
}


def feed_entries(text: str) -> None:
    item = {"title": text, "link": "http://x.example/a", "author": text}
    feeds._metadata(item, text, "http://x.example/a")


FUNCTIONS: list[Function] = [
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
    lambda text: html._key(text),
    lambda text: formats._NO_TITLE.search(text[:300]),
    search.match_expression,
    search.shingles,
    outlets.words,
    outlets.short_names,
    copies.shingles,
    changes._TOKENS.findall,
    lambda text: lines.BULLET.match(text),
    load._SCHEME.match,
    following._SCHEME.match,
    lambda text: sitemaps.is_sitemap(text.encode("utf-8", "replace")),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_eight_times_the_text_takes_about_eight_times_as_long(module: ModuleType) -> None:
    assert not slow(module, FUNCTIONS)


def test_no_module_with_patterns_is_left_out() -> None:
    seen = {m.__name__ for m in MODULES} - {marked.__name__}
    assert modules_with_patterns("index") == seen | ELSEWHERE


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
