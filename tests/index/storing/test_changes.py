"""What differs between two states of a text, by words."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some

from index.storing import changes as module
from index.storing.changes import Piece, changed, changes, lines

WORDS = some.text("ab .\n", max_size=60) | some.text(max_size=30)


def spelled(pieces: list[Piece]) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces]


def test_figures_and_words_are_told_in_their_place() -> None:
    old = "The bridge cost 4 million euros. It opens on Monday."
    new = "The bridge cost 5.5 million euros, the council said. It opens on Tuesday."
    assert spelled(changes(old, new)) == [
        ("same", "The bridge cost "), ("out", "4"), ("in", "5.5"), ("same", " million euros"),
        ("in", ", the council said"), ("same", ". It opens on "), ("out", "Monday"),
        ("in", "Tuesday"), ("same", "."),
    ]  # fmt: skip


def test_what_is_common_by_chance_is_no_island() -> None:
    old, new = "Snow closed the pass, and cars stood.", "Rain flooded a tunnel, and trains waited."
    told = changes(old, new)
    assert [piece.kind for piece in told] == ["out", "in", "same"]
    assert told[-1].text == "."


def test_lines_keep_to_themselves_and_blank_ones_are_left_out() -> None:
    told = lines(changes("One.\n\nTwo.\n\nThree.", "One.\n\nTwo, too.\n\n\nThree."))
    assert ["".join(p.text for p in line if p.kind != "out") for line in told] == [
        "One.", "Two, too.", "Three.",
    ]  # fmt: skip
    assert [changed(line) for line in told] == [False, True, False]


@given(WORDS, WORDS)
def test_both_texts_come_back_whole(old: str, new: str) -> None:
    told = changes(old, new)
    assert "".join(p.text for p in told if p.kind != "in") == old
    assert "".join(p.text for p in told if p.kind != "out") == new
    assert changed(told) == (old != new)
    assert all(p.text for p in told)
    assert not any(a.kind == b.kind for a, b in itertools.pairwise(told))


def test_texts_too_long_to_compare_are_one_piece_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 50)
    told = changes("a b c d e f g h z", "a h g f e d c b z")
    assert spelled(told) == [
        ("same", "a "), ("out", "b c d e f g h"), ("in", "h g f e d c b"), ("same", " z"),
    ]  # fmt: skip
