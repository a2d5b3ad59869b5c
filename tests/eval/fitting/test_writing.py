"""Ways of writing side by side: what is timed, and the ratios by hand."""

from __future__ import annotations

from eval.fitting.writing import SHIPPED, Written, row, ways, write
from rag.generating.prompt import answer_prompt
from tests.fakes import FakeGenerator
from tests.rag.checking.test_attribute import RIVER, hit


def test_a_way_differs_from_what_ships_in_one_thing() -> None:
    assert ways(2)[SHIPPED] == {}
    assert {name: o["threads"] for name, o in ways(2).items() if "threads" in o} == {
        "1 thread": 1, "3 threads": 3, "4 threads": 4,
    }  # fmt: skip
    assert [o["threads"] for o in ways(8).values() if "threads" in o] == [1, 2, 4, 9, 16]
    assert [o["threads"] for o in ways(1).values() if "threads" in o] == [2]


def test_a_prompt_is_read_before_its_answer_is_timed() -> None:
    generator = FakeGenerator({"bridge": "The council approved it."})
    found = write(generator, answer_prompt("What of the bridge?", [hit(RIVER)]))  # type: ignore[arg-type]
    assert found.text.strip() == "The council approved it."
    assert found.tokens == 4
    assert found.read > len(RIVER.text.split())  # nothing of it was read before
    assert len(generator.prompts) == 2


def test_ratios_are_over_the_questions_whose_text_is_the_same() -> None:
    base = [Written("a", 100, 2.0, 11, 1.0), Written("b", 50, 1.0, 11, 2.0)]
    other = [Written("a", 100, 1.0, 11, 0.5), Written("c", 50, 1.0, 11, 0.1)]
    # read: 150 tokens in 2 s; pairs 2 and 1; written: 20 and 100 tokens/s; "b" became "c"
    expected = "| 4 threads | 75 | 1.50 | 60.0 | 2.00 | 1 of 2 | 3 |"
    assert row("4 threads", other, base, 3 << 20) == expected
