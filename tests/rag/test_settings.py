"""Settings as text, and what they refuse."""

import pytest

from index.errors import UsageError
from rag import Settings


def test_settings_are_changed_by_name_and_text() -> None:
    changed = Settings().with_values({"passages": "3", "budget": "20", "show_withheld": "true"})
    assert (changed.passages, changed.budget, changed.show_withheld) == (3, 20, True)
    assert changed.hash != Settings().hash
    assert Settings().with_values({}).hash == Settings().hash


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pasages", "3", "no setting 'pasages'"),
        ("passages", "many", "can't be 'many'"),
        ("passages", "0", "at least 1"),
        ("budget", "-1", "at least 1"),
        ("show_withheld", "maybe", "can't be 'maybe'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Settings().with_values({name: text})
