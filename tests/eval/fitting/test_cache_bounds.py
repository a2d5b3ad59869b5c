"""How often a passage is found read, by hand: least recently used states go first."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from eval.fitting.cache_bounds import BYTES_PER_TOKEN, SCALE, HashedWords, _hits, questions
from index.article import Article


def count(text: str) -> int:
    return 100  # tokens of every passage


def test_what_a_bound_keeps_is_found(tmp_path: Path) -> None:
    state = count("") * BYTES_PER_TOKEN // SCALE * SCALE
    wanted = ["a", "b", "a", "c", "b", "a"]
    assert _hits(wanted, count, 0, 0, tmp_path) == 0
    # two fit: a b (a) c drops b, b drops a, a drops c
    assert _hits(wanted, count, 2 * state + SCALE, 0, tmp_path) == 1
    assert _hits(wanted, count, 3 * state + SCALE, 0, tmp_path) == 3
    assert _hits(wanted, count, 2 * state + SCALE, 100 * state, tmp_path / "disk") == 3


def test_questions_come_in_sittings_about_the_articles_and_the_same_every_time() -> None:
    about = [Article(str(n), f"T{n}", f"Word{n} stands here. Other{n} too.") for n in range(5)]
    asked = list(questions(about, 50))
    assert asked == list(questions(about, 50))
    numbers = [{c for c in q if c.isdigit()} for q in asked]
    same = sum(bool(one & other) for one, other in pairwise(numbers))
    assert same > 25  # a sitting has four, on average


def test_texts_that_share_words_are_near() -> None:
    one, like, other = HashedWords().encode(["red ship sails", "a red ship", "green hill far"])
    assert one @ like > one @ other
