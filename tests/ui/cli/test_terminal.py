"""What a terminal shows of answers, hits and the library, as plain text."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

from index.article import Article
from index.library import Status
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Answer, Citation, Claim, Conflict, Side, Timings
from rag.understanding.asked_filter import Reading
from ui.cli import terminal

ARTICLE = Article(
    "aaaaaaaaaaaa",
    "Trade at a record",
    "Trade was worth 240 billion dollars. Some say 200 billion dollars. Both were counted.",
    "The Courier",
    date(2024, 5, 17),
    ("Ada Writer",),
    path="/articles/trade.txt",
)
OTHER = Article("bbbbbbbbbbbb", "Pipeline [bold]\x1b[31munsigned", "No pipeline was signed.")


def shown(what: RenderableType, width: int = 200) -> list[str]:
    console = Console(file=StringIO(), width=width, highlight=False, markup=False, emoji=False)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def cite(n: int, article: Article, quote: str) -> Citation:
    start = article.text.index(quote)
    end = start + len(quote)
    return Citation(n, article, f"{article.id}:0-{len(article.text)}", start, end, quote)


def hit(article: Article, rank: int, lexical: float | None = None) -> Hit:
    passage = Passage(article.id, 0, len(article.text), article.text, "18:05")
    return Hit(passage, article, 0.03, rank, 0.5, lexical, rank, None)


def answer(**changes: object) -> Answer:
    given = {
        "question": "How large was trade?",
        "query": "How large was trade?",
        "text": "Trade was worth $240bn. [1]",
        "raw_text": "Trade was worth $240bn.",
        "abstained": False,
        "claims": (
            Claim(
                "Trade was worth $240bn.",
                "supported",
                0.97,
                (cite(1, ARTICLE, "Trade was worth 240 billion dollars."),),
            ),
        ),
        **changes,
    }
    return Answer(**given)  # type: ignore[arg-type]


def test_an_answer_comes_with_its_quotes_titles_outlets_and_dates() -> None:
    assert shown(terminal.answer_view(answer())) == [
        "Trade was worth $240bn. [1]",
        "",
        "[1] Trade at a record · The Courier · 2024-05-17",
        "    “Trade was worth 240 billion dollars.” (supported)",
    ]


def test_sources_are_in_order_and_unknown_facts_left_out() -> None:
    claims = (
        Claim("It was signed.", "partly supported", 0.5, (cite(2, OTHER, "No pipeline"),)),
        Claim("Trade.", "supported", 0.9, (cite(1, ARTICLE, "Trade"),)),
    )
    lines = shown(terminal.answer_view(answer(claims=claims)))
    assert [line for line in lines if line.startswith("[")] == [
        "[1] Trade at a record · The Courier · 2024-05-17",
        "[2] Pipeline [bold][31munsigned",
    ]
    assert "    “No pipeline” (partly supported)" in lines


def test_a_quote_that_two_sentences_rest_on_is_shown_once_with_the_worse_verdict() -> None:
    quote = cite(1, ARTICLE, "Trade was worth 240 billion dollars.")
    claims = (
        Claim("One.", "supported", 0.9, (quote,)),
        Claim("Two.", "partly supported", 0.6, (quote,)),
    )
    lines = shown(terminal.answer_view(answer(claims=claims)))
    assert [line for line in lines if "“" in line] == [
        "    “Trade was worth 240 billion dollars.” (partly supported)"
    ]


def test_sentences_that_were_dropped_are_told_apart() -> None:
    claims = (
        *answer().claims,
        Claim("It doubled.", "unsupported", 0.1, (cite(1, ARTICLE, "Both"),), shown=False),
    )
    lines = shown(terminal.answer_view(answer(claims=claims)))
    assert lines[-2:] == ["Left out, because no article supports it", "    It doubled."]
    assert not any("Both" in line for line in lines)


def test_what_was_drafted_for_an_unanswered_part_is_not_told_as_unsupported() -> None:
    drafted = Claim("It is old.", "supported", 0.8, (cite(1, ARTICLE, "Both"),), shown=False)
    made = answer(claims=(*answer().claims, drafted), unanswered=("How old is it?",))
    lines = shown(terminal.answer_view(made))
    assert lines[-2:] == ["Left out", "    It is old."]


def test_what_the_question_narrowed_stands_first_and_only_if_it_did() -> None:
    reading = Reading(("last week",))
    narrowed = answer(filter=Filter(since=date(2024, 5, 6)), reading=reading)
    lines = shown(terminal.answer_view(narrowed))
    assert lines[0].startswith("Only articles from 2024-05-06 on (from “last week”)")
    assert lines[1:] == ["", *shown(terminal.answer_view(answer()))]
    given = answer(filter=Filter(since=date(2024, 5, 6)))
    assert shown(terminal.answer_view(given)) == shown(terminal.answer_view(answer()))


def test_an_abstention_shows_what_is_nearest_and_no_citation() -> None:
    given = answer(
        text="The library doesn't hold the answer to this.",
        abstained=True,
        hits=(hit(ARTICLE, 1), hit(ARTICLE, 2), hit(OTHER, 3)),
    )
    assert shown(terminal.answer_view(given)) == [
        "The library doesn't hold the answer to this.",
        "",
        "Nearest in the library",
        "    Trade at a record · The Courier · 2024-05-17",
        "    Pipeline [bold][31munsigned",
    ]


def test_a_conflict_shows_both_sides() -> None:
    sides = (
        Side("240 billion", cite(1, ARTICLE, "240 billion dollars"), newest=True),
        Side("200 billion", cite(1, ARTICLE, "200 billion dollars"), correction=True),
    )
    lines = shown(terminal.answer_view(answer(conflicts=(Conflict("trade", sides),))))
    assert lines[-3:] == [
        "The articles disagree about trade",
        "    [1] 240 billion: “240 billion dollars” (newest)",
        "    [1] 200 billion: “200 billion dollars” (a correction)",
    ]


def test_the_last_line_says_how_long_it_took() -> None:
    given = answer(timings=Timings(first_token_s=0.25, total_s=1.26), model={"generator": "small"})
    assert shown(terminal.made_by(given)) == ["1.3 s · first word after 0.2 s · small"]


def test_hits_are_numbered_with_their_scores() -> None:
    assert shown(terminal.hits_view([hit(ARTICLE, 1, 7.25), hit(OTHER, 2)])) == [
        "1. Trade at a record · The Courier · 2024-05-17 · 0.0300 · cosine 0.50 · words 7.2",
        f"   18:05 — {ARTICLE.text}",
        "",
        "2. Pipeline [bold][31munsigned · 0.0300 · cosine 0.50",
        "   18:05 — No pipeline was signed.",
        "",
    ]
    assert shown(terminal.hits_view([])) == ["No passage was found."]


def test_an_article_is_shown_with_what_is_known_of_it() -> None:
    lines = shown(terminal.article_view(ARTICLE, [Passage(ARTICLE.id, 0, 5, "Trade")]))
    assert lines[:6] == [
        "Trade at a record",
        "Source: The Courier",
        "Published: 2024-05-17",
        "Authors: Ada Writer",
        "From: /articles/trade.txt",
        "Passages: 1",
    ]
    assert lines[-1] == ARTICLE.text


def test_rows_of_the_library_and_its_status() -> None:
    copy = Article("cccccccccccc", "Copy", "x", copy_of=ARTICLE.id)
    assert terminal.article_rows([ARTICLE, copy]) == [
        ["aaaaaaaaaaaa", "2024-05-17", "The Courier", "Trade at a record", ""],
        ["cccccccccccc", "", "", "Copy", "copy of aaaaaaaaaaaa"],
    ]
    status = Status(Path("/l"), 2, 40, 1, 1, 7, "small", 384, 1_250_000)
    assert shown(terminal.facts(terminal.status_rows(status))) == [
        "Library:    /l",
        "Articles:   2 from 1 source, 1 copy, 0 without a date",
        "Passages:   40",
        "Size:       1 MB",
        "Encoder:    small, 384 dimensions",
    ]


def test_counts_of_outcomes_are_in_a_fixed_order() -> None:
    assert terminal.summary({"refused": 1, "added": 3, "unchanged": 0}) == "3 added, 1 refused"
    assert terminal.summary({}) == "nothing found"


def test_sizes() -> None:
    assert [terminal.size(n) for n in (0, 999, 1000, 91_567_913, 1_117_320_768)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "92 MB",
        "1.1 GB",
    ]
