"""Disputes are found by words alone, and only what the check bears out becomes a conflict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.answer import Citation, Claim
from rag.checking.conflicts import conflicts, disputes
from rag.compose import answer_text, number_citations, number_sides
from rag.generating.form import TrainedForm
from rag.generating.generator import Prompt, Stop
from rag.generating.reader import LocalReader
from tests.fakes import FakeGenerator

QUESTION = "By how much did trade between Russia and China grow from 2021 to 2023?"
COURIER = Article(
    "courier",
    "Trade leads",
    "Trade between Russia and China grew by 64% from 2021 to 2023, a record.",
    published=date(2024, 5, 17),
)
REVIEW = Article(
    "review",
    "Boom loses steam",
    "Prices rose. Trade between Russia and China grew by 46% from 2021 to 2023. Then it slowed.",
    published=date(2024, 5, 18),
)


def hit(article: Article, rank: int = 1) -> Hit:
    passage = Passage(article.id, 0, len(article.text), article.text)
    return Hit(passage, article, 1.0, rank, 0.5, None, rank, None)


def claim(text: str, article: Article) -> Claim:
    quote = Citation(1, article, f"{article.id}:0", 0, len(article.text), article.text)
    return Claim(text, "stated", 0.9, (quote,))


CLAIM = claim("Trade between Russia and China grew by 64% from 2021 to 2023.", COURIER)


def found(text: str, published: date | None = None, about: Claim = CLAIM) -> list[str]:
    other = Article("other", "Another", text, published=published)
    return [d.other for d in disputes(about, QUESTION, [hit(COURIER), hit(other, 2)])]


class Agreeing(FakeGenerator):
    """Says Yes to every statement that the passages hold word by word."""

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        said = prompt.ask.partition("Statement: ")[2].split("\n")[0].rstrip(".")
        return 0.99 if said in " ".join(prompt.parts) else 0.02


def checked(*articles: Article) -> tuple:
    hits = [hit(article, n) for n, article in enumerate(articles, 1)]
    claims = number_citations([CLAIM])
    made = conflicts(claims, QUESTION, hits, LocalReader(Agreeing(), TrainedForm()))
    return number_sides(made, claims)


def test_another_value_for_the_same_thing_is_a_dispute() -> None:
    (dispute,) = disputes(CLAIM, QUESTION, [hit(COURIER), hit(REVIEW, 2)])
    assert (dispute.value, dispute.other) == ("64%", "46%")
    assert dispute.statement == CLAIM.text.replace("64%", "46%")
    span = dispute.span
    assert REVIEW.text[span.start : span.end] == span.quote
    assert span.quote == "Trade between Russia and China grew by 46% from 2021 to 2023."


def test_a_conflict_has_both_sides_quoted_numbered_and_dated() -> None:
    (conflict,) = checked(COURIER, REVIEW)
    assert conflict.about == QUESTION.rstrip("?")
    assert [(s.value, s.citation.n, s.newest) for s in conflict.sides] == [
        ("64%", 1, False),
        ("46%", 2, True),
    ]
    for side in conflict.sides:
        c = side.citation
        assert c.article.text[c.start : c.end] == c.quote
    text = answer_text(number_citations([CLAIM]), [conflict])
    assert text == f"{CLAIM.text} [1] But the articles disagree: 64% [1], 46% [2]."


def test_a_side_that_two_articles_write_in_two_ways_is_one() -> None:
    def says(name: str) -> Article:
        return Article(name, "Ellery", f"{name} is mayor of Port Ellery, the council said.")

    question, mine = "Who is mayor of Port Ellery?", says("Ines Halloran")
    others = [says("Mayor Pavel Strand"), says("Pavel Strand"), says("Olga Brandt")]
    hits = [hit(article, n) for n, article in enumerate([mine, *others], 1)]
    given = claim("Ines Halloran is mayor of Port Ellery.", mine)
    (conflict,) = conflicts([given], question, hits, LocalReader(Agreeing(), TrainedForm()))
    assert [side.value for side in conflict.sides] == [
        "Ines Halloran", "Mayor Pavel Strand", "Olga Brandt",
    ]  # fmt: skip


def test_a_year_disputes_a_day_of_another_year() -> None:
    def disputed(mine: str, theirs: str) -> list[tuple[str, str]]:
        one = Article("one", "Tram", f"The harbour tram opened {mine}.")
        other = Article("other", "Tram", f"The harbour tram opened {theirs}, it said.")
        about = claim(f"The harbour tram opened {mine}.", one)
        found = disputes(about, "When did the harbour tram open?", [hit(one), hit(other, 2)])
        return [(d.other, d.statement) for d in found]

    assert disputed("on 4 November 2023", "in 2022") == [
        ("2022", "The harbour tram opened in 2022.")
    ]
    assert disputed("in 2022", "on 4 November 2023") == [
        ("4 November 2023", "The harbour tram opened on 4 November 2023.")
    ]
    assert disputed("on 4 November 2023", "in 2023") == []
    assert disputed("in 2023", "on 4 November 2023") == []
    assert disputed("on 4 November", "in 2022") == []  # it may be that year's


def test_what_the_check_does_not_bear_out_is_no_conflict() -> None:
    class Denying(FakeGenerator):
        def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
            return 0.01

    hits = [hit(COURIER), hit(REVIEW, 2)]
    judge = LocalReader(Denying(), TrainedForm())
    assert conflicts([CLAIM], QUESTION, hits, judge) == ()


TOOLS = "What share of Russia's imported machine tools comes from China?"
RIGHT = Article(
    "right", "Reactions", "China's share is 70% of the machine tools, 90% of the chips."
)


def swapped(text: str) -> list[tuple[str, str]]:
    other = Article("other", "Tools", text)
    mine = claim("70% of Russia's imported machine tools come from China.", RIGHT)
    made = disputes(mine, TOOLS, [hit(RIGHT), hit(other, 2)])
    return [(d.value, d.other) for d in made]


def test_figures_the_other_way_about_are_a_dispute() -> None:
    """A regression: an article that says 70% of something else seemed to agree."""
    tools = "90% of Russia's imported machine tools and 70% of its imported chips come from China."
    assert swapped(tools) == [("70%", "90%")]
    assert swapped(f"{tools} The right figure for machine tools is 70%.") == []


def test_two_figures_of_which_one_is_the_claims_own_are_none() -> None:
    assert swapped("70% of Russia's imported machine tools and 90% of its chips are Chinese.") == []
    assert swapped("China's share of Russia's machine tools rose from 60% to 70%.") == []
    assert swapped("60% of the value, 70% of Russia's imported machine tools, is China's.") == []


def test_a_correction_is_marked() -> None:
    corrected = replace(REVIEW, title="Correction: trade figures")
    (conflict,) = checked(COURIER, corrected)
    assert [side.correction for side in conflict.sides] == [False, True]


def test_a_figure_that_leans_on_the_sentence_before_it_is_found() -> None:
    """A regression: "That is 64% more than in 2021" holds one year of all that was asked for."""
    leaning = replace(
        REVIEW,
        text="Russia and China traded goods worth 240 billion dollars in 2023, a record. "
        "That is 46% more than in 2021.",
    )
    made = disputes(CLAIM, QUESTION, [hit(COURIER), hit(leaning, 2)])
    assert [(d.value, d.other) for d in made] == [("64%", "46%")]


def test_an_unlike_round_figure_elsewhere_in_the_article_hides_no_conflict() -> None:
    """A regression: 64% was taken to be rounded to 100%, so the article seemed to say it too."""
    levy = replace(REVIEW, text=REVIEW.text + " A levy of 100% was put on cars.")
    assert disputes(CLAIM, QUESTION, [hit(COURIER), hit(levy, 2)])


def test_rounding_and_other_ways_of_writing_are_no_dispute() -> None:
    assert found("Trade between Russia and China grew by 64 per cent from 2021 to 2023.") == []
    assert found("Trade between Russia and China grew by 63.9% from 2021 to 2023.") == []
    assert found("Trade between Russia and China grew by about 65% from 2021 to 2023.") == []


def test_another_year_another_kind_of_value_or_another_subject_is_no_dispute() -> None:
    assert found("Trade between Russia and China grew by 46% from 2021 to 2022.") == []
    assert found("Trade between Russia and China grew by 46 billion from 2021 to 2023.") == []
    assert found("Exports of wine from Chile grew by 46% from 2021 to 2023.") == []


def test_an_article_that_gives_the_claims_value_too_does_not_dispute_it() -> None:
    text = "Trade between Russia and China grew by 64% from 2021 to 2023, and by 46% before."
    assert found(text) == []


def test_a_copy_of_the_cited_article_does_not_dispute_it() -> None:
    copy = replace(REVIEW, copy_of=COURIER.id)
    assert disputes(CLAIM, QUESTION, [hit(COURIER), hit(copy, 2)]) == []


def test_a_value_that_the_cited_article_gives_as_well_is_no_dispute() -> None:
    both = replace(COURIER, text=COURIER.text + " Exports grew by 46%.")
    own = claim(CLAIM.text, both)
    assert disputes(own, QUESTION, [hit(both), hit(REVIEW, 2)]) == []


def test_names_and_dates_are_compared_too() -> None:
    question = "Who is the head of the bank Redstone?"
    one = Article("one", "Redstone", "Anna Karlsen is the head of the bank Redstone.")
    two = Article("two", "Redstone", "The head of the bank Redstone is Pavel Ostrov.")
    mine = claim("The head of the bank Redstone is Anna Karlsen.", one)
    assert [d.statement for d in disputes(mine, question, [hit(one), hit(two, 2)])] == [
        "The head of the bank Redstone is Pavel Ostrov."
    ]
    question = "When did the fair in Harbin open?"
    one = Article("one", "", "The fair in Harbin opened on 16 May 2024.")
    two = Article("two", "", "On 17 May 2024 the fair in Harbin opened.")
    mine = claim("The fair in Harbin opened on 16 May 2024.", one)
    assert [d.other for d in disputes(mine, question, [hit(one), hit(two, 2)])] == ["17 May 2024"]


def test_a_month_alone_is_a_value_too() -> None:
    question = "When did the harbour open?"
    one = Article("one", "", "The harbour opened in March.")
    two = Article("two", "", "The harbour opened in May.")
    mine = claim("The harbour opened in March.", one)
    assert [d.other for d in disputes(mine, question, [hit(one), hit(two, 2)])] == ["May"]


def test_degenerate_input_has_no_conflicts() -> None:
    judge = LocalReader(FakeGenerator(), TrainedForm())
    assert conflicts([], "", [], judge) == ()
    assert disputes(CLAIM, "", [hit(COURIER), hit(REVIEW, 2)]) == []
    hidden = replace(CLAIM, shown=False)
    assert conflicts([hidden], QUESTION, [hit(COURIER), hit(REVIEW, 2)], judge) == ()
    bare = replace(CLAIM, citations=())
    assert conflicts([bare], QUESTION, [hit(REVIEW)], judge) == ()
