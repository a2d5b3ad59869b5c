"""A claim is aligned to the smallest span that holds it; the quote is exact by construction."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from index.article import Article
from index.search import Hit
from index.splitting.passages import split
from rag.checking.attribute import Remembering, Span, attribute, facts_of, held_by, nearest
from tests.fakes import FakeEncoder

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


def quotes(claim: str, *articles: Article) -> list[str]:
    hits = [hit(article, n) for n, article in enumerate(articles, 1)]
    spans = attribute(claim, hits, FakeEncoder())
    assert all(s.quote == s.hit.article.text[s.start : s.end] for s in spans)
    return [span.quote for span in spans]


def test_one_sentence_is_enough() -> None:
    assert quotes("A bridge over the Orla was approved for about 25m pounds.", TRAIN, RIVER) == [
        "It approved a bridge over the Orla river for 24.6m pounds."
    ]


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
    assert quotes(claim, correction) == ["The right figure for machine tools is 70%."]
    assert quotes(claim, replace(correction, title="Tools", text=correction.text)) != []


def test_two_neighbours_where_one_lacks_a_fact() -> None:
    assert quotes("The council met on Monday and approved a bridge over the Orla.", RIVER) == [
        "The council met on Monday. It approved a bridge over the Orla river for 24.6m pounds."
    ]


def test_two_passages_where_facts_are_joined() -> None:
    found = quotes(
        "Ines Falk called the bridge overdue, while 640 drivers are on strike.", RIVER, TRAIN
    )
    assert found == [  # what holds the amount goes first
        "The operator blamed a strike by 640 drivers.",
        "It approved a bridge over the Orla river for 24.6m pounds. Work starts in spring. "
        "The mayor, Ines Falk, called it overdue.",
    ]


def test_one_fact_is_not_joined_from_two_articles() -> None:
    """A regression: of one article on athletes and one on football a small model made "Kenya's
    athletes won the Ekstraklasa", and with both cited it passed for supported."""
    claim = "The strike by 640 drivers was approved by the council for 24.6m pounds."
    [quote] = quotes(claim, RIVER, TRAIN)
    assert quote in RIVER.text or quote in TRAIN.text


def test_two_things_may_rest_on_two_articles_only_if_each_is_held() -> None:
    river, train = (
        "The council approved a bridge for 24.6m pounds",
        "640 drivers went on strike at the operator",
    )
    both = [hit(RIVER), hit(TRAIN, 2)]
    for joint in (", and ", "; ", " while ", ", but "):
        assert len(attribute(f"{river}{joint}{train}.", both, FakeEncoder())) == 2
    assert len(attribute(f"{river} with {train}.", both, FakeEncoder())) == 1
    assert len(attribute(f"{river}, and 99 penguins sang with {train}.", both, FakeEncoder())) == 1


def test_the_number_decides_between_like_sentences() -> None:
    text = "Sales rose to 12 million in May. Sales rose to 15 million in June."
    assert quotes("Sales rose to 15 million.", Article("a", "", text)) == [
        "Sales rose to 15 million in June."
    ]


def test_the_span_holds_the_amount_even_where_another_article_holds_more_words() -> None:
    """A regression: the sentence was written from one article and cited to another one's figure."""
    one = Article(
        "one", "", "Trade between Russia and China was worth 240 billion dollars in 2023."
    )
    two = Article("two", "", "It has slowed. Two-way trade for 2023 added up to $240.1bn.")
    claim = "Trade between Russia and China in 2023 was worth $240.1 billion."
    assert quotes(claim, one, two) == ["Two-way trade for 2023 added up to $240.1bn."]


def test_nothing_alike_is_no_span() -> None:
    assert quotes("Penguins dislike jazz.", RIVER, TRAIN) == []
    assert quotes("", RIVER) == []
    assert quotes("It is what it is.", RIVER) == []
    assert attribute("Penguins dislike jazz.", [], FakeEncoder()) == ()


WORDS = st.sampled_from(
    ["bridge", "river", "40", "Paris", "the", "strike,", "said.", "in\n\n", "Mr.", "3.5m", "é!", ""]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=60).map(" ".join).filter(str.strip)


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_every_span_slices_back(text: str, claim: str) -> None:
    article = Article("a", "", text)
    hits = [
        Hit(passage, article, 1.0, rank, 0.5, None, rank, None)
        for rank, passage in enumerate(split("a", text, lambda t: len(t.split()), 20), 1)
    ]
    for span in attribute(claim, hits, FakeEncoder()):
        assert isinstance(span, Span)
        assert span.hit.passage.start <= span.start < span.end <= span.hit.passage.end
        assert article.text[span.start : span.end] == span.quote
        assert span.quote == span.quote.strip()


def test_facts_weigh_amounts_over_names_over_words() -> None:
    facts = facts_of("The mayor Ines Falk spent 40 pounds on bridges.")
    assert {fact.stem: fact.weight for fact in facts if fact.number is None} == {
        "mayor": 1.0, "ine": 2.0, "falk": 2.0, "spent": 1.0, "bridg": 1.0,
    }  # fmt: skip
    assert [fact.weight for fact in facts if fact.number] == [3.0]
    held = held_by(facts, "Bridging: £40, said Falk")
    assert {facts[i].stem or facts[i].number.value for i in held if facts[i]} == {  # type: ignore[union-attr]
        "bridg", "falk", 40.0,
    }  # fmt: skip


def test_nearest_passages_come_first() -> None:
    text = "\n\n".join([TRAIN.text, RIVER.text, "Cats sleep. " * 8])
    article = Article("all", "", text)
    passages = split("all", text, lambda t: len(t.split()), 30)
    found = nearest("The mayor Ines Falk approved the bridge.", article, passages, FakeEncoder(), 2)
    assert "Ines Falk" in found[0].passage.text
    assert [h.rank for h in found] == [1, 2]
    assert found[0].score > found[1].score


def test_remembering_encodes_a_text_once() -> None:
    inner = FakeEncoder()
    encoder = Remembering(inner, bound=2)
    first = encoder.encode(["one", "two", "one"])
    again = encoder.encode(["two", "one"])
    assert inner.encoded == ["one", "two"]
    assert (first[[1, 0]] == again).all()
    encoder.encode(["three"])  # drops "two", the longest unused
    encoder.encode(["one", "two"])
    assert inner.encoded == ["one", "two", "three", "two"]
    assert encoder.encode([]).shape == (0, inner.dimension)
