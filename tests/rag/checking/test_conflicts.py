"""Who says otherwise is the Judge's to find; which passages it is asked of, what the sides are and
how many voices they have are worked out here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.answer import Citation, Claim, Conflict
from rag.checking.conflicts import MOST, conflicts, says_otherwise, speaking, value
from rag.compose import answer_text, number_citations, number_sides
from rag.generating.generator import Piece, Prompt, Read, Stop

QUESTION = "By how much did trade between Russia and China grow from 2021 to 2023?"
COURIER = Article(
    "courier",
    "Trade leads",
    "Trade between Russia and China grew by 64% from 2021 to 2023, a record.",
    source="Courier",
    published=date(2024, 5, 17),
)
REVIEW = Article(
    "review",
    "Boom loses steam",
    "Prices rose. Trade between Russia and China grew by 46% from 2021 to 2023. Then it slowed.",
    source="Review",
    published=date(2024, 5, 18),
)
SAYS_46 = "Trade between Russia and China grew by 46% from 2021 to 2023."


def hit(article: Article, rank: int = 1) -> Hit:
    passage = Passage(article.id, 0, len(article.text), article.text)
    return Hit(passage, article, 1.0, rank, 0.5, None, rank, None)


def claim(text: str, article: Article) -> Claim:
    passage = hit(article).passage
    quote = Citation(1, article, passage.id, 0, len(article.text), article.text)
    return Claim(text, "stated", 0.9, (quote,))


CLAIM = claim("Trade between Russia and China grew by 64% from 2021 to 2023.", COURIER)


@dataclass
class Scripted:
    """Writer and Judge by what each article says: a sentence, which nothing else bears out."""

    says: dict[str, str]
    identity: dict[str, str] = field(default_factory=dict)
    name: str = "scripted"
    sha256: str = "0"
    asked: int = 0

    def write(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        yield Read(10, 0)
        yield Piece(self.says[hits[0].article.id])

    def each(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        self.asked += len(hits)
        return tuple(0.99 if hit.article.id in self.says else 0.01 for hit in hits)

    def alone(
        self, sentence: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        return tuple(0.97 if self.says.get(hit.article.id) == sentence else 0.02 for hit in hits)

    def alone_each(
        self, said: Sequence[tuple[str, Hit]], stop: Stop | None = None
    ) -> tuple[float, ...]:
        raise NotImplementedError

    def stated(self, question: str, hits: Sequence[Hit], stop: Stop | None = None) -> float:
        raise NotImplementedError

    def supported(
        self, sentence: str, hits: Sequence[Hit], question: str, stop: Stop | None = None
    ) -> float:
        raise NotImplementedError

    def each_supported(
        self, said: Sequence[tuple[str, Hit]], question: str, stop: Stop | None = None
    ) -> tuple[float, ...]:
        raise NotImplementedError

    def fits(self, question: str, hits: Sequence[Hit]) -> int:
        return len(hits)

    def reply(self, prompt: Prompt, max_tokens: int, stop: Stop | None = None) -> str:
        raise NotImplementedError

    def close(self) -> None:
        pass


def found(says: dict[str, str], *articles: Article, mine: Claim = CLAIM) -> tuple[Conflict, ...]:
    model = Scripted(says)
    hits = [hit(article, n) for n, article in enumerate([COURIER, *articles], 1)]
    claims = number_citations([mine])
    return number_sides(conflicts(claims, QUESTION, hits, model, model), claims)


def test_both_sides_with_their_words_and_the_newest_marked() -> None:
    (conflict,) = found({"courier": CLAIM.text, "review": SAYS_46}, REVIEW)
    assert [side.value for side in conflict.sides] == ["64%", "46%"]
    assert [side.newest for side in conflict.sides] == [False, True]
    assert [side.citation.n for side in conflict.sides] == [1, 2]
    quote = conflict.sides[1].citation
    assert quote.quote == SAYS_46 == REVIEW.text[quote.start : quote.end]
    assert answer_text(number_citations([CLAIM]), [conflict]).startswith(
        "Sources disagree: 64% [1] or 46% [2]. Trade between"
    )


def test_many_outlets_against_one_are_counted_and_the_one_is_shown() -> None:
    """A regression: what four outlets repeated was stated as if nobody said otherwise."""
    others = [replace(COURIER, id=f"c{n}", source=f"Outlet {n}") for n in range(2)]
    again = replace(others[0], id="again")  # the same outlet once more
    says = {a.id: CLAIM.text for a in (COURIER, *others, again)} | {"review": SAYS_46}
    (conflict,) = found(says, REVIEW, *others, again)
    assert [(side.value, side.outlets) for side in conflict.sides] == [("64%", 3), ("46%", 1)]


def test_two_that_say_the_same_are_one_side() -> None:
    second = replace(REVIEW, id="second", source="Second")
    says = {"courier": CLAIM.text, "review": SAYS_46, "second": SAYS_46}
    (conflict,) = found(says, REVIEW, second)
    assert [(side.value, side.outlets) for side in conflict.sides] == [("64%", 1), ("46%", 2)]


def test_a_correction_is_marked() -> None:
    corrected = replace(REVIEW, title="Correction: trade figures")
    (conflict,) = found({"courier": CLAIM.text, "review": SAYS_46}, corrected)
    assert [side.correction for side in conflict.sides] == [False, True]


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ("agrees", {"courier": CLAIM.text, "review": CLAIM.text}),
        ("states no answer", {"courier": CLAIM.text}),
        ("says something else of it", {"courier": CLAIM.text, "review": "It slowed down soon."}),
    ],
)
def test_no_conflict_where_the_other(about: str, says: dict[str, str]) -> None:
    assert found(says, REVIEW) == ()


def test_what_the_cited_passage_bears_out_as_well_is_no_conflict() -> None:
    class Both(Scripted):
        def alone(
            self, sentence: str, hits: Sequence[Hit], stop: Stop | None = None
        ) -> tuple[float, ...]:
            found = super().alone(sentence, hits, stop)
            return tuple(
                0.9 if hit.article.id == "courier" else p
                for hit, p in zip(hits, found, strict=True)
            )

    model = Both({"courier": CLAIM.text, "review": SAYS_46})
    hits = [hit(COURIER), hit(REVIEW, 2)]
    assert conflicts([CLAIM], QUESTION, hits, model, model) == ()


def spoken(*articles: Article) -> list[str]:
    hits = [hit(article, n) for n, article in enumerate(articles, 1)]
    return [h.article.id for h in speaking(CLAIM, QUESTION, hits)]


def test_asked_are_passages_of_other_articles_that_speak_of_the_question() -> None:
    wine = replace(REVIEW, id="wine", text="Exports of wine from Chile grew from 2021 to 2023.")
    year = replace(REVIEW, id="year", text=REVIEW.text.replace("2021", "2020"))
    copy = replace(REVIEW, id="copy", copy_of=COURIER.id)
    assert spoken(COURIER, wine, year, copy, REVIEW) == ["review"]
    # one passage an article, by the original where it is a copy
    assert spoken(REVIEW, REVIEW, replace(REVIEW, id="copy", copy_of="review")) == ["review"]


def test_at_most_a_few_are_asked() -> None:
    many = [replace(REVIEW, id=f"r{n}", source=f"R{n}") for n in range(MOST + 3)]
    model = Scripted({"courier": CLAIM.text})
    hits = [hit(article, n) for n, article in enumerate([COURIER, *many], 1)]
    assert conflicts([CLAIM], QUESTION, hits, model, model) == ()
    assert model.asked == MOST


@pytest.mark.parametrize(
    ("one", "other", "otherwise", "values"),
    [
        (CLAIM.text, SAYS_46, True, ("64%", "46%")),
        ("Ann Lee is a footballer.", "Ann Lee is a chess player.", True,
         ("footballer", "chess player")),
        ("The fair opened on 16 May.", "The fair opened on 17 May.", True, ("16", "17")),
        ("Blinken said the bank was sound.", "Blinken praised a treaty on rivers.", False, None),
        (CLAIM.text, CLAIM.text, False, None),
        ("Trade grew.", "Trade grew by a third.", False, None),
    ],
)  # fmt: skip
def test_sentences_that_differ_in_a_few_words_say_otherwise(
    one: str, other: str, otherwise: bool, values: tuple[str, str] | None
) -> None:
    assert says_otherwise(one, other) is otherwise
    assert says_otherwise(other, one) is otherwise
    if values:
        assert (value(one, other), value(other, one)) == values


def test_degenerate_input_has_no_conflicts() -> None:
    model = Scripted({"review": SAYS_46})
    hits = [hit(COURIER), hit(REVIEW, 2)]
    assert conflicts([], "", [], model, model) == ()
    assert speaking(CLAIM, "", hits) == []
    assert conflicts([replace(CLAIM, shown=False)], QUESTION, hits, model, model) == ()
    assert conflicts([replace(CLAIM, citations=())], QUESTION, hits, model, model) == ()
    assert model.asked == 0
