"""Ways of asking: what each puts before the model, and how a way is scored."""

from __future__ import annotations

from eval.fitting.prompting import EXAMPLES, Draft, best_first, draft, row, ways, with_examples
from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.generator import Prompt
from rag.generating.prompt import answer_prompt
from tests.fakes import FakeGenerator


def hit(text: str, rank: int) -> Hit:
    article = Article(f"a{rank}", f"Title {rank}", text)
    return Hit(Passage(article.id, 0, len(text), text), article, 1.0, rank, 0.5, None, 1, 1)


HITS = [hit("The tram opened in 1931.", 1), hit("The harbour is old.", 2)]
QUESTION = "When did the tram open?"


def test_the_shipped_way_is_the_products_own_and_the_first() -> None:
    name, (passages, way) = next(iter(ways(2).items()))
    assert name.startswith("as shipped")
    assert passages == 2
    assert way(QUESTION, HITS) == answer_prompt(QUESTION, HITS)


def test_best_first_changes_the_order_only() -> None:
    shipped, other = answer_prompt(QUESTION, HITS), best_first(QUESTION, HITS)
    assert other.parts == shipped.parts[::-1]
    assert (other.system, other.ask) == (shipped.system, shipped.ask)


def test_examples_stand_in_the_system_prompt() -> None:
    one, two = with_examples(1)(QUESTION, HITS), with_examples(2)(QUESTION, HITS)
    assert one.parts == answer_prompt(QUESTION, HITS).parts
    assert EXAMPLES[0][1] in one.system
    assert EXAMPLES[1][1] not in one.system
    assert EXAMPLES[1][1] in two.system


def test_a_draft_is_right_by_its_gold_and_leaks_by_an_examples_words() -> None:
    def written(text: str, passage: str = "The tram opened.") -> Draft:
        asked = Prompt("", (passage,), f"Question: {QUESTION}")
        return draft(FakeGenerator({"tram": text}), asked, ["1931", "in 1931"])

    assert written("It opened in 1931.") == Draft("It opened in 1931.", True, False)
    assert written("It opened in 1913, like Quillmere.").leaked
    assert not written("It opened in 1913.").right
    assert not written("Quillmere.", passage="The tram of Quillmere.").leaked


def test_a_row_counts_against_the_shipped_way() -> None:
    base = [Draft("a b", True, False), Draft("a", False, False), Draft("a", True, False)]
    found = [Draft("a b", False, True), Draft("a b", True, False), Draft("a b", True, False)]
    assert row("x", found, base) == "| x | 2 of 3 | 1 | 1 | 2.0 | 1 |"
