"""The check of a claim: signals worked by hand, verdicts at thresholds, failing closed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import pytest

from index.article import Article
from index.search import Hit
from rag.checking.attribute import attribute
from rag.checking.facts.words import content, stem, stems
from rag.checking.verify import UNCHECKED, Verifier, Weights, fragments, shipped_weights
from rag.generating.generator import Judgement, Prompt, Stop, Stopped
from tests.fakes import FakeEncoder, FakeGenerator
from tests.rag.checking.test_attribute import RIVER, TRAIN, hit

CLAIM = "The council approved a bridge over the Orla river for 24.6m pounds."
SIMPLE = Weights(0.0, ("likelihood",), (2.0,), (-1.0,), (0.5,), 0.8, 0.3)


def checked(claim: str, hits: Sequence[Hit], generator: FakeGenerator, weights: Weights = SIMPLE):  # type: ignore[no-untyped-def]
    encoder = FakeEncoder()
    verifier = Verifier(generator, encoder, weights)
    return verifier.check(claim, attribute(claim, hits, encoder), context=hits)


def test_a_claim_that_the_passage_holds_is_supported() -> None:
    check = checked(CLAIM, [hit(RIVER), hit(TRAIN, 2)], FakeGenerator())
    # every word is in the passages: -0.1 each, so (−0.1 + 1) / 0.5 · 2 = 3.6
    assert check.signals["likelihood"] == pytest.approx(-0.1)
    assert check.score == pytest.approx(1 / (1 + math.exp(-3.6)))
    assert check.verdict == "supported"
    assert check.signals["missing_amounts"] == 0


def test_a_figure_that_no_passage_holds_is_unsupported_whatever_the_score() -> None:
    check = checked(CLAIM.replace("24.6m", "42.6m"), [hit(RIVER)], FakeGenerator())
    assert check.signals["missing_figures"] == 1
    assert check.score > SIMPLE.supported_from
    assert check.verdict == "unsupported"


def test_an_ordinal_or_a_date_that_no_passage_holds_is_never_supported() -> None:
    for opening in ("For the ninth time the", "On 3 May the"):
        check = checked(CLAIM.replace("The", opening, 1), [hit(RIVER)], FakeGenerator())
        assert check.signals["missing_amounts"] == 1
        assert check.score > SIMPLE.supported_from
        assert check.verdict == "partly supported"


def test_a_name_that_no_passage_holds_is_never_supported() -> None:
    check = checked("The council of Norby " + CLAIM[12:], [hit(RIVER)], FakeGenerator())
    assert check.signals["missing_names"] == 1
    assert check.verdict == "partly supported"


def test_a_claim_of_other_words_is_unsupported() -> None:
    check = checked("The bridge pleases penguins, fans of jazz.", [hit(RIVER)], FakeGenerator())
    # four of its seven words are in no passage: -3 each
    assert check.signals["likelihood"] < -1.5
    assert check.verdict == "unsupported"


@pytest.mark.parametrize("claim", ["", "  ", "Penguins dislike jazz."])
def test_no_span_is_unsupported(claim: str) -> None:
    generator = FakeGenerator()
    assert checked(claim, [hit(RIVER)], generator) == UNCHECKED
    assert generator.prompts == []


class Failing(FakeGenerator):
    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        raise RuntimeError("llama_decode returned -1")


class NotANumber(FakeGenerator):
    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        return math.nan


class Stopping(FakeGenerator):
    def judge(self, prompt: Prompt, statement: str, stop: Stop | None = None) -> Judgement:
        raise Stopped


def test_what_cannot_be_checked_is_unsupported() -> None:
    assert checked(CLAIM, [hit(RIVER)], Failing()) == UNCHECKED
    with_yes = Weights(5.0, ("yes",), (1.0,), (0.0,), (1.0,), 0.8, 0.3)
    check = checked(CLAIM, [hit(RIVER)], NotANumber(), with_yes)
    assert (check.score, check.verdict) == (0.0, "unsupported")
    unknown = Weights(5.0, ("a signal that nobody computes",), (1.0,), (0.0,), (1.0,), 0.8, 0.3)
    assert checked(CLAIM, [hit(RIVER)], FakeGenerator(), unknown).verdict == "unsupported"


def test_a_prompt_that_does_not_fit_is_unsupported() -> None:
    assert checked(CLAIM, [hit(RIVER)], FakeGenerator(context_tokens=20)) == UNCHECKED


def test_stopping_is_no_verdict() -> None:
    with pytest.raises(Stopped):
        checked(CLAIM, [hit(RIVER)], Stopping())


def test_a_claim_is_read_once_with_the_passage_that_it_cites() -> None:
    from rag.generating.prompt import context_parts

    generator = FakeGenerator()
    checked(CLAIM, [hit(TRAIN), hit(RIVER, 2)], generator)
    [asked] = generator.prompts
    assert asked.parts == context_parts([hit(RIVER, 2)])
    assert CLAIM in asked.ask


def test_a_claim_joined_from_two_articles_is_told_by_what_one_of_them_holds() -> None:
    """`alone` is the best single span's share, `facts` that of both together."""
    check = checked(
        "The council approved a bridge over the Orla, and the train to Norby was late.",
        [hit(RIVER), hit(TRAIN, 2)],
        FakeGenerator(),
    )
    assert check.signals["spans"] == 2
    assert check.signals["alone"] < check.signals["facts"]


def test_a_long_text_is_checked_by_its_nearest_passages() -> None:
    text = "\n\n".join([*(["Cats sleep all day and cats eat all night. " * 9] * 8), RIVER.text])
    generator = FakeGenerator()
    verifier = Verifier(generator, FakeEncoder(), SIMPLE)
    assert verifier.score(CLAIM, text) > 0.8
    assert verifier.score(CLAIM, "Cats sleep all day. " * 200) < 0.5
    assert verifier.score(CLAIM, "") == 0.0
    assert max(map(generator.prompt_tokens, generator.prompts)) < len(text.split())


@pytest.mark.parametrize(
    ("claim", "source", "runs"),
    [
        ("a b c", "a b c", [3]),
        ("a b c", "c b a", [1, 1, 1]),
        ("a b x c d", "c d a b", [2, 2]),
        ("a b c d", "a b a b c", [3]),  # the longest match, not the first
        ("x y", "a b", []),
        ("", "a", []),
    ],
)
def test_fragments(claim: str, source: str, runs: list[int]) -> None:
    assert fragments(claim.split(), source.split()) == runs


def test_weights_by_hand() -> None:
    weights = Weights(1.0, ("a", "b"), (2.0, -1.0), (0.5, 0.0), (0.25, 2.0), 0.8, 0.3)
    # 1 + 2·(0.75 − 0.5)/0.25 − 1·4/2 = 1
    assert weights.probability({"a": 0.75, "b": 4.0}) == pytest.approx(1 / (1 + math.exp(-1)))
    assert weights.probability({"a": 0.75}) == 0.0
    assert weights.probability({"a": math.inf, "b": 0.0}) == 0.0
    known = {"missing_amounts": 0.0, "missing_figures": 0.0, "missing_names": 0.0}
    assert [weights.verdict(s, known) for s in (0.8, 0.79, 0.3, 0.29, math.nan)] == [
        "supported", "partly supported", "partly supported", "unsupported", "unsupported",
    ]  # fmt: skip
    assert weights.verdict(0.99, {}) == "unsupported"
    assert weights.verdict(0.99, {**known, "missing_names": 1.0}) == "partly supported"


def test_the_question_stands_before_the_claim_that_answers_it() -> None:
    generator, encoder = FakeGenerator(), FakeEncoder()
    hits = [hit(RIVER)]
    spans = attribute(CLAIM, hits, encoder)
    verifier = Verifier(generator, encoder)
    asked = verifier.check(CLAIM, spans, "What was approved?", context=hits)
    alone = verifier.check(CLAIM, spans, context=hits)
    first, second = (prompt.ask for prompt in generator.prompts)
    assert first == f"Question: What was approved?\n{second}"
    assert second.startswith(f"Statement: {CLAIM}\n")
    assert asked.signals == alone.signals  # the stand-in looks at the statement only
    assert asked.score == shipped_weights(True).probability(asked.signals)
    assert alone.score == shipped_weights().probability(alone.signals)


@pytest.mark.parametrize("asked", [False, True])
def test_the_shipped_weights_use_signals_that_are_computed(asked: bool) -> None:
    weights = shipped_weights(asked)
    check = checked(CLAIM, [hit(RIVER)], FakeGenerator(), weights)
    assert set(weights.names) <= set(check.signals)
    assert all(scale > 0 for scale in weights.scales)
    assert 0 < weights.partly_from < weights.supported_from < 1
    json.dumps(check.signals)


@pytest.mark.parametrize(
    ("one", "other"),
    [("approved", "approves"), ("bridges", "bridge"), ("stopped", "stops"), ("Biden's", "Biden"),
     ("elections", "election"), ("studies", "study"), ("1,200", "1200"), ("warned", "warning")],
)  # fmt: skip
def test_inflections_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("iran", "iraq"), ("1998", "1999")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_content_leaves_function_words_out() -> None:
    assert content("It said the well-known bridge is 40, 000 years old.") == (
        "well", "known", "bridg", "40000", "year", "old",
    )  # fmt: skip
    assert stems("The bridge") == ("the", "bridg")


def test_an_article_with_a_date_is_read_with_it() -> None:
    from datetime import date

    article = Article(
        "a", "Bridge", "The bridge was closed on Friday.", published=date(2024, 5, 17)
    )
    same = checked("The bridge was closed on 17 May.", [hit(article)], FakeGenerator())
    other = checked("The bridge was closed on 16 May.", [hit(article)], FakeGenerator())
    assert (same.signals["missing_amounts"], other.signals["missing_amounts"]) == (0, 1)
