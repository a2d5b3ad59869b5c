"""A claim is aligned to the smallest words that hold it; the quote is exact by construction."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from index.article import Article
from index.search import Hit
from index.splitting.passages import split
from rag.checking.attribute import Span, beside, candidates, lacking, span_of

RIVER = Article(
    "river",
    "River",
    "The council met on Monday. It approved a bridge over the Orla river for 24.6m pounds. "
    "Work starts in spring. The mayor, Ines Falk, called it overdue.",
)
TRAIN = Article(
    "train",
    "Train",
    "Trains to Norby stop at noon. The operator blamed a strike by 640 drivers. "
    "Buses will run instead.",
)


def hit(article: Article, rank: int = 1) -> Hit:
    (passage,) = split(article.id, article.text, lambda text: len(text.split()))
    return Hit(passage, article, 1.0, rank, 0.5, None, rank, None)


def quoted(claim: str, article: Article) -> str | None:
    span = span_of(claim, hit(article))
    assert span is None or span.quote == article.text[span.start : span.end]
    return span and span.quote


def test_one_sentence_is_enough() -> None:
    assert (
        quoted("A bridge over the Orla was approved for about 25m pounds.", RIVER)
        == "It approved a bridge over the Orla river for 24.6m pounds."
    )


def test_what_a_correction_takes_back_is_no_quote() -> None:
    """A regression: "70% of microelectronics" in a correction's account of its mistake was quoted
    for machine tools."""
    correction = Article(
        "correction",
        "Correction: machine tools",
        "We wrote that China accounts for 90% of the machine tools, and for 70% of the chips. "
        "Readers noticed. The right figure for machine tools is 70%.",
    )
    claim = "China accounts for 70% of the machine tools."
    assert quoted(claim, correction) == "The right figure for machine tools is 70%."
    assert "70% of the chips" in str(quoted(claim, replace(correction, title="Tools")))
    taken = replace(correction, text="We wrote that China accounts for 90% of the tools.")
    assert quoted(claim, taken) is None


def test_two_neighbours_where_one_lacks_a_fact() -> None:
    assert (
        quoted("The bridge costs 24.6m pounds and work on it starts in spring.", RIVER)
        == "It approved a bridge over the Orla river for 24.6m pounds. Work starts in spring."
    )


def test_the_number_decides_between_like_sentences() -> None:
    article = Article(
        "ferry",
        "Ferry",
        "The ferry carried 300 people across the strait in March. "
        "The old ferry carried 410 people across the strait in April.",
    )
    claim = "The ferry carried 300 people across the strait."
    assert quoted(claim, article) == "The ferry carried 300 people across the strait in March."


def test_a_second_quote_holds_what_the_first_one_lacks() -> None:
    hits = [hit(RIVER), hit(TRAIN, 2)]
    claim = "The bridge over the Orla costs 24.6m pounds while 640 drivers strike."
    first = span_of(claim, hits[0])
    assert first is not None
    second = beside(claim, first, hits)
    assert second is not None
    assert second.quote == "The operator blamed a strike by 640 drivers."
    assert beside("A bridge over the Orla was approved.", first, hits) is None
    assert beside(claim, first, hits[:1]) is None


def test_candidates_hold_nearly_as_much_as_the_best_and_equals_keep_their_order() -> None:
    hits = [hit(TRAIN), hit(RIVER, 2)]
    assert candidates("The bridge over the Orla river was approved.", hits) == [hits[1]]
    # of drivers, strike, river, bridge: two and two
    assert candidates("Drivers strike: river, bridge.", hits) == hits
    assert candidates("Nothing of it is said.", hits) == hits
    assert candidates("A claim.", []) == []
    assert len(candidates("A bridge.", [hit(RIVER, n) for n in range(1, 7)])) == 3


def lacks(claim: str, known: str) -> list[str]:
    return [claim[start:end] for start, end in lacking(claim, known)]


def test_what_a_quote_lacks_is_named_as_the_claim_writes_it() -> None:
    known = "It approved a bridge over the Orla river for 24.6m pounds."
    assert lacks("The council approved a bridge for 24.6 million pounds.", known) == ["council"]
    assert lacks("The bridge costs 26m pounds.", known) == ["costs", "26m pounds"]
    assert lacks("The bridge over the Orla.", known) == []
    assert lacks("", known) == []


@settings(deadline=None)
@given(
    text=st.lists(
        st.sampled_from(
            ["Oslo has 12 ferries.", "The ferry is red.", "A storm came in 1998.", "No."]
        ),
        min_size=1,
        max_size=8,
    ).map(" ".join),
    claim=st.text(max_size=60),
)
def test_every_span_slices_back(text: str, claim: str) -> None:
    article = Article("a", "A", text)
    for span in (span_of(claim, hit(article)), span_of("The ferry of 1998 is red.", hit(article))):
        assert isinstance(span, Span)
        assert span.quote == text[span.start : span.end]
        assert span.quote.strip()
    for start, end in lacking(claim, text):
        assert claim[start:end].strip()
