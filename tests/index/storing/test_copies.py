"""Near-copies are found whatever their length; reports of the same event are none."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from index.article import Article
from index.reading.load import load
from index.storing import copies
from index.storing.copies import (
    containment,
    forget,
    original_of,
    remember,
    sampled,
    shingles,
)

SHARED = Path(__file__).parents[3] / ".." / "shared" / "articles"
SEEDS = Path(__file__).parents[3] / "seeds" / "articles"


def text(seed: int, words: int = 200) -> str:
    chance = random.Random(seed)
    return " ".join(f"word{chance.randrange(5000)}" for _ in range(words))


class Copies:
    """Rows as a library has them, and no more of it."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(
            "CREATE TABLE articles (n INTEGER PRIMARY KEY, id UNIQUE, sampled);"
            "CREATE TABLE texts (article INTEGER PRIMARY KEY, text);"
            "CREATE TABLE shingles (hash, article, PRIMARY KEY (hash, article)) WITHOUT ROWID"
        )
        for id, body in known:
            self.add(id, body)

    def add(self, id: str, body: str) -> None:
        if (number := self.remove(id)) is None:
            (number,) = self.db.execute(
                "INSERT INTO articles (id) VALUES (?) RETURNING n", [id]
            ).fetchone()
        self.db.execute("INSERT INTO texts VALUES (?, ?)", [number, body])
        remember(self.db, number, body)

    def remove(self, id: str) -> int | None:
        row = self.db.execute(
            "SELECT n, text FROM articles JOIN texts ON article = n WHERE id = ?", [id]
        ).fetchone()
        if row is not None:
            forget(self.db, *row)
            self.db.execute("DELETE FROM texts WHERE article = ?", row[:1])
        return row and int(row[0])

    def original_of(self, one: Article) -> str | None:
        return original_of(self.db, one.id, one.text)


def article(body: str, name: str = "new") -> Article:
    return Article(id=name, title="t", text=body)


def test_nothing_is_left_of_what_is_forgotten() -> None:
    copies = Copies([("a", text(1))])
    copies.remove("a")
    assert copies.db.execute("SELECT * FROM shingles").fetchall() == []


def test_only_likely_articles_are_read() -> None:
    """Hundreds of reports with the same closing sentences: none of their texts is read."""
    closing = text(500, 30)
    copies = Copies([(f"a{n}", f"{text(n, 600)} {closing}") for n in range(300)])
    read: list[str] = []
    copies.db.set_trace_callback(read.append)
    assert copies.original_of(article(f"{text(999, 600)} {closing}")) is None
    assert sum("FROM texts" in statement for statement in read) <= 3


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


@pytest.mark.parametrize("at_once", [1_000, 7])
def test_what_is_shared_is_counted_as_by_looking(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of excerpts, edited texts and others that share phrases; a phrase of many isn't counted."""
    monkeypatch.setattr(copies, "_AT_ONCE", at_once)
    monkeypatch.setattr(copies, "_COMMON", 6)
    chance = random.Random(2)
    phrases = [text(900 + n, 30) for n in range(12)]
    bodies: list[str] = []
    for n in range(60):
        whole = chance.choice(bodies) if bodies and n % 2 else text(n, 150)
        words = whole.split()[chance.randrange(60) :]
        words[10:10] = " ".join(chance.sample(phrases, chance.randrange(4))).split()
        bodies.append(" ".join(words))
    held = Copies((f"a{n}", body) for n, body in enumerate(bodies))
    samples = [set(sampled(shingles(body))) for body in bodies]
    common = {key for keys in samples for key in keys if sum(key in s for s in samples) > 6}
    assert common
    for n, body in enumerate(bodies):
        keys = sampled(shingles(body))
        counted = {
            m: len((samples[n] & samples[m - 1]) - common) for m in range(1, len(bodies) + 1)
        }
        found = copies._sharing(held.db, keys)
        assert {m: count for m, count in found.items() if count >= 2} == {
            m: count for m, count in counted.items() if count >= 2
        }
        likely = sorted(
            (-count / min(len(keys), len(samples[m - 1])), m)
            for m, count in counted.items()
            if count >= 2
            and m != n + 1
            and count / min(len(keys), len(samples[m - 1])) >= copies.LIKELY
        )[: copies._READ]
        right = [
            m
            for _, m in likely
            if containment(shingles(body), shingles(bodies[m - 1])) >= copies.CONTAINED
        ]
        wanted = f"a{min(right) - 1}" if right else None
        assert original_of(held.db, f"a{n}", body) == wanted


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
