from __future__ import annotations

import pytest

from eval.metrics import support

PASSAGE = "The line cost 1,204 million crowns and opened on 3 March, Mayor Ines Halloran said."


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("The line cost 1204 million crowns.", True),
        ("The line cost 1,204.0 million crowns.", True),
        ("The line cost 1,205 million crowns.", False),  # a number that isn't there
        ("The line opened on 3 March.", True),
        ("The line opened on 3 April.", False),  # two of three words are under SHARE
        ("Mayor Ines Halloran opened the line.", True),
        ("The museum returned a wooden mask.", False),
    ],
)
def test_numbers_must_all_be_there_and_most_words(statement: str, expected: bool) -> None:
    assert support.supports(statement, [PASSAGE]) is expected


def test_texts_support_together() -> None:
    assert support.supports("Halloran spoke in Dunmarrow.", ["Halloran spoke.", "In Dunmarrow."])
    assert not support.supports("Halloran spoke in Dunmarrow.", ["Halloran."])


def test_known_blindness_negation_and_roles() -> None:
    """Documented limits, pinned so that nobody takes the judge for more than it is."""
    assert support.supports("Ada did not beat Rosa.", ["Ada beat Rosa."])
    assert support.supports("Rosa beat Ada.", ["Ada beat Rosa."])
