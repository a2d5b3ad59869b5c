"""What a terminal shows of answers, hits and the library, as plain text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

from index.article import Article
from index.library import Status
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Answer, Citation, Claim, Conflict, Side, Timings
from rag.understanding.filters.asked_filter import Reading
from ui.cli import answers, terminal

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
                "stated",
                0.97,
                (cite(1, ARTICLE, "Trade was worth 240 billion dollars."),),
            ),
        ),
        **changes,
    }
    return Answer(**given)  # type: ignore[arg-type]


def test_an_answer_comes_with_its_quotes_titles_outlets_and_dates() -> None:
    assert shown(answers.answer_view(answer())) == [
        "Trade was worth $240bn. [1]",
        "    Stated in the source",
        "",
        "[1] Trade at a record · The Courier · 2024-05-17",
        "    “Trade was worth 240 billion dollars.”",
    ]


def test_sources_are_in_order_and_unknown_facts_left_out() -> None:
    claims = (
        Claim("It was signed.", "check this", 0.5, (cite(2, OTHER, "No pipeline"),)),
        Claim("Trade.", "stated", 0.9, (cite(1, ARTICLE, "Trade"),)),
    )
    lines = shown(answers.answer_view(answer(claims=claims)))
    assert lines[:3] == [
        "It was signed. [2] Trade. [1]",
        "    Check this against its quote",
        "    Stated in the source",
    ]
    assert [line for line in lines if line.startswith("[")] == [
        "[1] Trade at a record · The Courier · 2024-05-17",
        "[2] Pipeline [bold][31munsigned",
    ]


def test_the_words_that_a_quote_lacks_are_underlined_and_named() -> None:
    quote = cite(1, ARTICLE, "Trade was worth 240 billion dollars.")
    doubtful = Claim("Trade was worth 250bn.", "check this", 0.6, (quote,), ((16, 21),))
    view = answers.answer_view(answer(claims=(doubtful,)))
    assert "    Check this: “250bn” isn’t in the quote" in shown(view)
    console = Console(file=StringIO(), width=200, force_terminal=True, color_system="standard")
    console.print(view)
    assert isinstance(console.file, StringIO)
    assert "\x1b[4m250bn\x1b[0m" in console.file.getvalue()


def test_a_quote_that_two_sentences_rest_on_is_shown_once() -> None:
    quote = cite(1, ARTICLE, "Trade was worth 240 billion dollars.")
    claims = (Claim("One.", "stated", 0.9, (quote,)), Claim("Two.", "check this", 0.6, (quote,)))
    lines = shown(answers.answer_view(answer(claims=claims)))
    assert [line for line in lines if "“" in line] == ["    “Trade was worth 240 billion dollars.”"]


def test_what_was_withheld_is_seen_only_where_that_is_wanted() -> None:
    withheld = Claim("It doubled.", "withheld", 0.1, (cite(1, ARTICLE, "Both"),), shown=False)
    claims = (*answer().claims, withheld)
    assert not any("doubled" in x for x in shown(answers.answer_view(answer(claims=claims))))
    claims = (*answer().claims, replace(withheld, shown=True))
    lines = shown(answers.answer_view(answer(claims=claims)))
    assert lines[0] == "Trade was worth $240bn. [1] It doubled."
    assert lines[2] == "    Withheld: the articles don’t bear it out"


def test_a_part_without_an_answer_is_said_after_the_sentences() -> None:
    lines = shown(answers.answer_view(answer(unanswered=("How old is it?",))))
    assert lines[1] == "The library doesn't hold the answer to “How old is it?”"


def test_what_the_question_narrowed_stands_first_and_only_if_it_did() -> None:
    reading = Reading(("last week",))
    narrowed = answer(filter=Filter(since=date(2024, 5, 6)), reading=reading)
    lines = shown(answers.answer_view(narrowed))
    assert lines[0].startswith("Only articles from 2024-05-06 on (from “last week”)")
    assert lines[1:] == ["", *shown(answers.answer_view(answer()))]
    given = answer(filter=Filter(since=date(2024, 5, 6)))
    assert shown(answers.answer_view(given)) == shown(answers.answer_view(answer()))


def test_an_abstention_shows_what_is_nearest_and_no_citation() -> None:
    given = answer(
        text="The library doesn't hold the answer to this.",
        abstained=True,
        hits=(hit(ARTICLE, 1), hit(ARTICLE, 2), hit(OTHER, 3)),
    )
    assert shown(answers.answer_view(given)) == [
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
    lines = shown(answers.answer_view(answer(conflicts=(Conflict("trade", sides),))))
    assert lines[:3] == [
        "Sources disagree: 240 billion or 200 billion",
        "    [1] 240 billion: “240 billion dollars” (newest)",
        "    [1] 200 billion: “200 billion dollars” (a correction)",
    ]


def test_the_last_line_says_how_long_it_took() -> None:
    given = answer(timings=Timings(first_token_s=0.25, total_s=1.26), model={"generator": "small"})
    assert shown(answers.made_by(given)) == ["1.3 s · first word after 0.2 s · small"]


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


def test_between_two_hits_is_an_empty_line_however_wide_the_terminal() -> None:
    out = StringIO()
    Console(file=out, width=200).print(terminal.hits_view([hit(ARTICLE, 1), hit(OTHER, 2)]))
    blank = [line for line in out.getvalue().split("\n")[:-1] if not line.strip()]
    assert blank == ["", ""]
