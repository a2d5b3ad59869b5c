"""Near-copies are found whatever their length; reports of the same event are none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.article import Article
from index.reading.load import load
from index.storing.copies import Copies, containment, shingles

SHARED = Path(__file__).parents[3] / ".." / "shared" / "articles"
SEEDS = Path(__file__).parents[3] / "seeds" / "articles"


def text(seed: int, words: int = 200) -> str:
    chance = random.Random(seed)
    return " ".join(f"word{chance.randrange(5000)}" for _ in range(words))


def article(body: str, name: str = "new") -> Article:
    return Article(id=name, title="t", text=body)


def test_shingles_are_runs_of_five_words_whatever_case_and_punctuation() -> None:
    assert len(shingles("one two three four")) == 0
    assert len(shingles("one two three four five")) == 1
    assert len(shingles("one two three four five six")) == 2
    assert (
        shingles("One, two: three four five!").tolist()
        == shingles("one two three four five").tolist()
    )
    assert (
        shingles("five four three two one").tolist() != shingles("one two three four five").tolist()
    )


def test_containment_is_the_share_of_the_shorter_text() -> None:
    whole = shingles("a b c d e f g h i j")  # 6 shingles
    part = shingles("a b c d e f x")  # 3 shingles, 2 of them shared
    assert containment(whole, part) == pytest.approx(2 / 3)
    assert containment(part, whole) == pytest.approx(2 / 3)
    assert containment(whole, shingles("")) == 0.0


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("the same", lambda t: t),
        ("other case and line breaks", lambda t: t.upper().replace(" ", "\n")),
        ("a fifth of it", lambda t: " ".join(t.split()[60:120])),
        ("with as much of its own", lambda t: t + " " + text(99, 150)),
        ("one number changed", lambda t: t.replace(t.split()[50], "4711")),
        ("every fifteenth word changed", lambda t: edited(t, 15)),
    ],
)
def test_copies_are_recognised(name: str, copy) -> None:  # type: ignore[no-untyped-def]
    original = text(1, 300)
    copies = Copies([("first", original), ("other", text(2, 300))])
    assert copies.original_of(article(copy(original))) == "first", name


def edited(body: str, every: int) -> str:
    return " ".join("changed" if i % every == 0 else w for i, w in enumerate(body.split()))


def test_a_text_that_shares_a_quote_is_no_copy() -> None:
    original = text(1, 300)
    quoting = text(3, 150) + " " + " ".join(original.split()[:40])
    assert Copies([("first", original)]).original_of(article(quoting)) is None


def test_the_oldest_of_several_is_the_original_and_an_article_is_no_copy_of_itself() -> None:
    body = text(1)
    copies = Copies([("b", body), ("a", body), ("c", text(2))])
    assert copies.original_of(article(body)) == "b"
    assert copies.original_of(article(body, "b")) == "a"
    copies.remove("b")
    assert copies.original_of(article(body)) == "a"
    copies.remove("a")
    assert copies.original_of(article(body)) is None
    copies.remove("never there")


def test_an_updated_article_is_known_by_its_new_text_only() -> None:
    copies = Copies([("a", text(1))])
    copies.add("a", text(2))
    assert copies.original_of(article(text(1))) is None
    assert copies.original_of(article(text(2))) == "a"


def test_a_text_of_a_few_words_is_a_copy_of_nothing() -> None:
    short = "Trade between the two countries grew again last year"
    assert Copies([("a", short)]).original_of(article(short)) is None


def test_of_the_sample_articles_only_the_planted_copy_is_one() -> None:
    copies, found = Copies(), {}
    for item in load(str(SEEDS)):
        assert isinstance(item, Article)
        original = copies.original_of(item)
        copies.add(item.id, item.text)
        found[item.id] = Path(str(item.path)).name[:2]
        if original is not None:
            found[item.id] += f" is a copy of {found[original]}"
    assert sorted(v for v in found.values() if len(v) > 2) == ["05 is a copy of 04"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development data (../shared) isn't here")
def test_the_two_live_blogs_are_copies_and_the_other_pages_are_not() -> None:
    items = [item for item in load(str(SHARED.resolve())) if isinstance(item, Article)]
    names = {item.id: Path(str(item.path)).name[:3] for item in items}
    for ordered in (items, items[::-1]):
        copies, pairs = Copies(), set()
        for item in ordered:
            if original := copies.original_of(item):
                pairs.add((names[item.id], names[original]))
            copies.add(item.id, item.text)
        assert {frozenset(pair) for pair in pairs} == {frozenset({"000", "002"})}
