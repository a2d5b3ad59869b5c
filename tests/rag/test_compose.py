"""From checked claims to the text that is shown."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.answer import Citation, Claim
from rag.compose import (
    abstention_text,
    answer_text,
    nearest_articles,
    number_citations,
    sentence_spans,
)


def article(id: str, **fields: object) -> Article:
    return Article(id=id, title=f"Title {id}", text="One. Two. Three.", **fields)  # type: ignore[arg-type]


def cite(of: Article, start: int = 0, end: int = 4) -> Citation:
    return Citation(0, of, f"{of.id}:0-16", start, end, of.text[start:end])


def claim(text: str, *of: Article, shown: bool = True) -> Claim:
    return Claim(text, "stated", 0.9, tuple(cite(one) for one in of), shown=shown)


A, B, C = article("a"), article("b"), article("c")


def test_articles_are_numbered_in_order_of_appearance_and_keep_their_number() -> None:
    numbered = number_citations([claim("x", B), claim("y", A, B), claim("z", C)])
    assert [[c.n for c in one.citations] for one in numbered] == [[1], [2, 1], [3]]


def test_what_is_not_shown_takes_no_number_from_what_is() -> None:
    numbered = number_citations([claim("dropped", A, shown=False), claim("shown", B)])
    assert [[c.n for c in one.citations] for one in numbered] == [[2], [1]]


def test_each_shown_sentence_is_followed_by_its_numbers_once() -> None:
    claims = number_citations(
        [claim("First.", A, A), claim("Gone.", A, shown=False), claim("Last.", B)]
    )
    assert answer_text(claims) == "First. [1] Last. [2]"


def hit(of: Article, rank: int) -> Hit:
    return Hit(Passage(of.id, 0, 16, of.text), of, 1 / rank, rank, 0.5, None, rank, None)


def test_an_abstention_names_the_nearest_article() -> None:
    near = article("n", source="Sample Courier", published=date(2024, 5, 17))
    assert abstention_text([hit(near, 1), hit(A, 2)]) == (
        "The library doesn't hold the answer to this. The nearest that it holds is "
        "“Title n” (Sample Courier, 2024-05-17)."
    )
    assert abstention_text([hit(A, 1)]).endswith("“Title a”.")
    assert abstention_text([]) == "The library doesn't hold the answer to this."


def test_nearest_articles_are_named_once_best_first() -> None:
    assert nearest_articles([hit(B, 1), hit(A, 2), hit(B, 3)]) == [B, A]


def test_sentences_of_an_answer_and_items_of_a_list() -> None:
    text = "They met twice. Two things came of it:\n- A pipeline.\n2. A fair in Harbin\n\n"
    assert [text[a:b] for a, b in sentence_spans(text)] == [
        "They met twice.",
        "Two things came of it:",
        "A pipeline.",
        "A fair in Harbin",
    ]


@given(st.text(alphabet=st.sampled_from("ab1. \n-*!?“”\u3000\r\t"), max_size=80))
def test_sentences_slice_back_in_order_and_lose_only_space_and_bullets(text: str) -> None:
    spans = sentence_spans(text)
    at = 0
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]
        at = end
    kept = sum(end - start for start, end in spans)
    letters = sum(character in "ab!?“”" for character in text)
    assert sum(character in "ab!?“”" for a, b in spans for character in text[a:b]) == letters
    assert kept <= len(text)
