"""Ways of writing side by side: what is timed, and the ratios by hand."""

from __future__ import annotations

from eval.fitting.writing import SHIPPED, Written, row, ways, write
from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.form import PlainForm
from tests.fakes import FakeGenerator

TEXT = "The council spoke of the bridge on Monday. It is to be rebuilt for six million."
RIVER = Hit(
    Passage("river", 0, len(TEXT), TEXT), Article("river", "River", TEXT), 1.0, 1, 0.5, None, 1, 1
)


def test_a_way_differs_from_what_ships_in_one_thing() -> None:
    assert ways(2)[SHIPPED] == {}
    assert {name: o["threads"] for name, o in ways(2).items() if "threads" in o} == {
        "1 thread": 1, "3 threads": 3, "4 threads": 4,
    }  # fmt: skip
    assert [o["threads"] for o in ways(8).values() if "threads" in o] == [1, 2, 4, 9, 16]
    assert [o["threads"] for o in ways(1).values() if "threads" in o] == [2]


def test_a_prompt_is_read_before_its_answer_is_timed() -> None:
    generator = FakeGenerator({"bridge": "The council approved it."})
    found = write(generator, PlainForm().answer("What of the bridge?", [RIVER]))  # type: ignore[arg-type]
    assert found.text.strip() == "The council approved it."
    assert found.tokens == 4
    assert found.read > len(TEXT.split())  # nothing of it was read before
    assert len(generator.prompts) == 2


def test_ratios_of_writing_are_by_the_token_and_of_reading_where_as_much_was_read() -> None:
    base = [Written("a", 100, 2.0, 11, 1.0), Written("b", 50, 1.0, 11, 2.0)]
    other = [Written("a", 100, 1.0, 11, 0.5), Written("c", 50, 1.0, 11, 0.1)]
    # read: 150 tokens in 2 s; pairs 2 and 1; written: 20 and 100 tokens/s against 10 and 5
    expected = "| 4 threads | 75 | 1.50 | 60.0 | 11.00 | 1 of 2 | 3 |"
    assert row("4 threads", other, base, 3 << 20) == expected
