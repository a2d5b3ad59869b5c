"""The decision to show an answer, on hand-worked numbers."""

import math
from datetime import date

import pytest

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.checking.abstain import (
    abstains,
    question_signals,
    reading_signals,
    retrieval_signals,
    shipped_weights,
    writing_signals,
)
from rag.checking.logistic import Logistic, log_odds
from rag.generating.prompt import context_parts
from tests.fakes import FakeGenerator

SURE = {"answer_probability": 0.9, "years_missing": 0.0, "ordinals_missing": 0.0, "adds": 2.0}


def test_probability_by_hand() -> None:
    weights = Logistic(0.5, ("a", "b"), (2.0, -1.0), (1.0, 0.0), (2.0, 4.0))
    expected = 1 / (1 + math.exp(-(0.5 + 2 * (3 - 1) / 2 - 1 * (8 - 0) / 4)))
    assert weights.probability({"a": 3, "b": 8, "other": 1}) == pytest.approx(expected)


@pytest.mark.parametrize("signals", [{}, {"a": 1.0}, {"a": 1.0, "b": math.nan}])
def test_what_cannot_be_judged_is_not_shown(signals: dict[str, float]) -> None:
    weights = Logistic(5.0, ("a", "b"), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0))
    assert weights.probability(signals) == 0.0


def test_extreme_signals_do_not_overflow() -> None:
    weights = Logistic(0.0, ("a",), (1.0,), (0.0,), (1.0,))
    assert weights.probability({"a": 1e9}) == pytest.approx(1)
    assert weights.probability({"a": -1e9}) == pytest.approx(0)


def test_the_shipped_weights_judge_a_whole_set_of_signals() -> None:
    weights = shipped_weights()
    good = {
        name: mean + scale * math.copysign(2, weight)
        for name, weight, mean, scale in zip(
            weights.names, weights.weights, weights.means, weights.scales, strict=True
        )
    }
    bad = {
        name: mean - scale * math.copysign(2, weight)
        for name, weight, mean, scale in zip(
            weights.names, weights.weights, weights.means, weights.scales, strict=True
        )
    }
    assert weights.probability(good) > 0.5 > weights.probability(bad)


def test_a_year_that_the_passages_lack_is_never_answered() -> None:
    assert not abstains(SURE, 0.4)
    assert abstains(SURE, 0.95)
    assert abstains({**SURE, "years_missing": 1.0}, 0.4)


def test_nor_is_an_ordinal_that_they_lack_or_a_sentence_that_says_nothing() -> None:
    assert abstains({**SURE, "ordinals_missing": 1.0}, 0.4)
    assert abstains({**SURE, "adds": 0.0}, 0.4)


def test_ordinals_are_looked_for_where_a_name_follows_them() -> None:
    def missing(query: str) -> float:
        text = "The eighth Russia-Harbin Expo opened, which the 2nd Brigade guarded."
        found = Hit(Passage("a", 0, len(text), text), Article("a", "", text), 1, 1, 0.5, 0, 1, 1)
        return question_signals(query, [found])["ordinals_missing"]

    assert missing("When did the first Russia-Harbin Expo open?") == 1
    assert missing("When did the 8th Russia-Harbin Expo open?") == 0
    assert missing("Did the Second Brigade guard the seventh Expo?") == 1
    assert missing("Who first opened the expo, and who was second?") == 0


@pytest.mark.parametrize(
    ("query", "text", "adds"),
    [
        ("Which leaders came to China?", "The leaders came to China.", 0),
        ("Which leaders came to China?", "Kim came to China.", 1),
        ("Did the leaders come to China?", "The leaders did come to China.", 1),
        ("And was it signed?", "It was signed.", 1),
        ("Who came first, Kim or Park?", "Kim came first.", 1),
    ],
)
def test_how_many_words_an_answer_adds(query: str, text: str, adds: float) -> None:
    assert writing_signals([-0.1], query, text)["adds"] == adds


def test_years_are_looked_for_in_text_title_and_date() -> None:
    def missing(query: str) -> float:
        text = "Trade rose to 240bn, more than in 2021."
        article = Article("a", "Outlook for 2025", text, published=date(2024, 5, 17))
        found = Hit(Passage("a", 0, len(text), text), article, 1.0, 1, 0.5, None, 1, 1)
        return question_signals(query, [found])["years_missing"]

    assert missing("How large was trade in 2022?") == 1
    assert missing("How did trade grow from 2019 to 2022?") == 2
    assert missing("How did trade grow from 2021 to 2024, and in 2025?") == 0
    assert missing("How large was trade?") == 0


def hit(rank: int, dense: float, dense_rank: int | None, lexical_rank: int | None) -> Hit:
    article = Article(id="a", title="T", text="x" * 100)
    passage = Passage("a", rank, rank + 1, "x")
    return Hit(passage, article, 1 / rank, rank, dense, None, dense_rank, lexical_rank)


def test_retrieval_signals_by_hand() -> None:
    signals = retrieval_signals([hit(1, 0.6, 1, 2), hit(2, 0.8, 2, None), hit(3, 0.2, 3, 1)])
    assert signals["dense"] == pytest.approx(0.8)
    assert signals["dense_lead"] == pytest.approx(0.8 - (0.6 + 0.2) / 2)
    assert signals["agreement"] == pytest.approx((1 / 1 + 1 / 2) / 2)


def test_a_single_passage_has_no_lead() -> None:
    signals = retrieval_signals([hit(1, 0.6, None, 4)])
    assert signals["dense_lead"] == pytest.approx(0.6)
    assert signals["agreement"] == pytest.approx(0.125)


def test_writing_signals_by_hand() -> None:
    assert writing_signals([-0.1, -0.5], "Who came?", "Park and Kim came late.") == {
        "mean_logprob": pytest.approx(-0.3),
        "min_logprob": -0.5,
        "adds": 3.0,
    }
    assert writing_signals([], "Who came?", "") == {}


def titled(title: str, text: str) -> Hit:
    article = Article(id=title, title=title, text=text)
    return Hit(Passage(title, 0, len(text), text), article, 1.0, 1, 0.5, None, 1, 1)


def test_the_question_is_covered_by_the_passage_that_holds_most_of_it() -> None:
    """Amounts weigh 3, names 2, other words 1; the title counts as part of its passage."""
    context = [
        titled("Harbour news", "The bridge is long."),
        titled("Sampleton", "Its bridge opened in 2023."),
    ]
    signals = question_signals("Was the Sampleton bridge opened in 2024?", context)
    # Sampleton 2, bridge 1, opened 1, 2024 3: the second passage holds all but the year.
    assert signals["question_covered"] == pytest.approx(4 / 7)


def test_log_odds_by_hand() -> None:
    assert log_odds(0.5) == pytest.approx(0)
    assert log_odds(0.9) == pytest.approx(math.log(9), abs=1e-4)
    assert math.isfinite(log_odds(0.0))
    assert math.isfinite(log_odds(1.0))


def test_the_model_is_asked_whether_the_passages_state_the_answer() -> None:
    generator = FakeGenerator()
    context = [titled("Sampleton", "The bridge is 812 metres long.")]
    signals = reading_signals(generator, "How long is the bridge?", context)
    [asked] = generator.prompts
    assert asked.ask.startswith("Question: How long is the bridge?\n")
    assert asked.parts == context_parts(context)
    assert signals == {"stated": pytest.approx(log_odds(generator.yes(asked)))}
