"""Settings as text, and what they refuse."""

import pytest

from index.errors import UsageError
from rag import Settings


def test_settings_are_changed_by_name_and_text() -> None:
    changed = Settings().with_values(
        {"passages": "5", "answer_above": "0.7", "drop_unsupported": "false"}
    )
    assert (changed.passages, changed.answer_above, changed.drop_unsupported) == (5, 0.7, False)
    assert changed.hash != Settings().hash
    assert Settings().with_values({}).hash == Settings().hash


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pasages", "3", "no setting 'pasages'"),
        ("passages", "many", "can't be 'many'"),
        ("passages", "0", "at least 1"),
        ("answer_above", "1.5", "0..1"),
        ("drop_unsupported", "maybe", "can't be 'maybe'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Settings().with_values({name: text})
