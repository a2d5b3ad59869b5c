"""What a hostile article could send to a terminal, and what gets there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.cli.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "]8;;https://evil.exampleclick]8;;"),
        ("one\rtwo\nthree\tfour", "one two three four"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\x9b2J", "2J"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("Łódź — 习近平 — नमस्ते — 👩\u200d🚀", "Łódź — 习近平 — नमस्ते — 👩\u200d🚀"),
    ],
)
def test_control_and_direction_characters_are_gone(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert plain("a\nb\r\nc", lines=True) == "a\nb \nc"


@given(st.text(), st.booleans())
def test_no_text_keeps_a_control_character(text: str, lines: bool) -> None:
    shown = plain(text, lines=lines)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} and c != "\n"]
    assert lines or "\n" not in shown


@given(st.text())
def test_plain_text_is_left_alone(text: str) -> None:
    assert plain(plain(text)) == plain(text)
