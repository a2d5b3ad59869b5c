"""Ways of reading passages: which ones each takes, and how a way is scored."""

from __future__ import annotations

from eval.fitting.passages import Draft, draft, first, reversed_, row, until_stated, ways
from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader
from tests.fakes import FakeGenerator


def hit(text: str, rank: int) -> Hit:
    article = Article(f"a{rank}", f"Title {rank}", text)
    return Hit(Passage(article.id, 0, len(text), text), article, 1.0, rank, 0.5, None, 1, 1)


HITS = [
    hit("The harbour is old.", 1),
    hit("A tram runs.", 2),
    hit("When did the tram to Osk open? In 1931.", 3),
    hit("Rain fell.", 4),
]
QUESTION = "When did the tram to Osk open?"


def reader(text: str = "") -> LocalReader:
    return LocalReader(FakeGenerator({"tram": text} if text else None), TrainedForm())


def test_a_way_takes_passages_by_number_and_order() -> None:
    assert first(2)(reader(), QUESTION, HITS) == HITS[:2]
    assert reversed_(2)(reader(), QUESTION, HITS) == [HITS[1], HITS[0]]
    assert next(iter(ways(5))).startswith("as shipped: 5")
    assert "5" in ways(5)
    assert "6" in ways(5)


def test_the_next_passages_are_read_until_they_state_it() -> None:
    """Of the question's words the first two hold one, the next two all."""
    fake = FakeGenerator()
    asked = LocalReader(fake, TrainedForm())
    assert until_stated(2)(asked, QUESTION, HITS) == HITS[2:]
    assert len(fake.prompts) == 2
    assert until_stated(3)(asked, QUESTION, HITS) == HITS[:3]
    assert len(fake.prompts) == 3  # no fourth passage


def test_where_nothing_states_it_the_likeliest_are_read() -> None:
    assert until_stated(1)(reader(), "Who painted the tram?", HITS[:2]) == [HITS[1]]


def test_a_draft_is_right_by_its_gold() -> None:
    found = draft(reader("It opened in 1931."), QUESTION, HITS, ["1931", "in 1931"])
    assert (found.text, found.right) == ("It opened in 1931.", True)
    assert not draft(reader("It opened in 1913."), QUESTION, HITS, ["1931"]).right


def test_a_row_counts_against_the_shipped_way() -> None:
    base = [Draft("a b", True, 1), Draft("a", False, 0), Draft("a", True, 1)]
    found = [Draft("a b", False, 0.5), Draft("a b", True, 0.4), Draft("a b", True, 0.6)]
    # of the two pairs of a right and a wrong one, one is in order
    assert row("x", found, base) == "| x | 2 of 3 | 1 | 1 | 0.500 | 2.0 |"
