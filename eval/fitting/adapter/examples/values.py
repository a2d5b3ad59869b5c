"""Values in sentences: found, and put in one another's place. Pure text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from eval.metrics.text import normalised

_WORD = r"[A-Z](?:\.|[\w’'-]*)"
_NAME = re.compile(rf"\b{_WORD}(?:\s+(?:(?:of|the|de|von|van)\s+)?{_WORD})*")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_CUT = re.compile(r"(?<=[.!?])\s+(?=[^a-z])")
_NEGATABLE = re.compile(r" (was|is|were|are|has|had|will|can|could|would) (?!not\b|never\b|no\b)")
_OPENING = frozenset(
    re.findall(
        r"\w+",
        "The A An It He She They We There This That These Those In On At By For From To And But",
    )
)


def cut(text: str) -> list[str]:
    """Sentences, roughly: enough to put something between two of them."""
    return [part for part in _CUT.split(text.strip()) if part]


def split_title(passage: str) -> tuple[str, str]:
    """(the line that titles a passage, its text); '' where it begins with its text.

    Public sets write `Title\\ntext`, `Title | text` or `Title -- text`.
    """
    for mark in ("\n", " | ", " -- "):
        title, found, text = passage.partition(mark)
        if found and text.strip() and len(title) <= 90 and not title.rstrip().endswith("."):
            return title.strip(), text.strip()
    return "", passage


def titled(title: str, text: str) -> str:
    return f"{title}\n{text}" if title else text


def whole(sentence: str) -> bool:
    """Whether it looks like a sentence, not the bare answer."""
    return len(sentence.split()) >= 4 and sentence[:1].isupper() and sentence[-1] in '.!?"”'


def lowered(sentence: str) -> str:
    """The sentence as it goes on after 'Yes, ': a capital that only opens it becomes small."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].lower() + sentence[1:] if first in _OPENING else sentence


def only(text: str, value: str) -> int | None:
    """Where the value stands in the text as whole words, if it does so exactly once."""
    found = [m.start() for m in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
    return found[0] if value.strip() and len(found) == 1 else None


def exchanged(text: str, value: str, other: str) -> str | None:
    """The text with another value in the place of this one; None unless it stands there once."""
    at = only(text, value)
    return None if at is None else text[:at] + other + text[at + len(value) :]


def other_number(value: str, chance: Random) -> str | None:
    """The value with its first number changed, written as it was; None where it has none."""
    found = _NUMBER.search(value)
    if found is None:
        return None
    digits = found[0]
    whole, point, decimals = digits.partition(".")
    n = int(whole.replace(",", "") or 0)
    step = max(1, round(n * chance.choice((0.01, 0.05, 0.1, 0.3, 0.5))))
    if 1000 <= n <= 2100 and "," not in whole:
        step = chance.choice((1, 2, 3, 5, 10, 20))  # a year, most likely
    changed = n + step if n <= step or chance.random() < 0.5 else n - step
    shown = f"{changed:,}" if "," in whole else str(changed)
    return value[: found.start()] + shown + point + decimals + value[found.end() :]


def other_name(value: str, text: str, chance: Random) -> str | None:
    """Another name of the text, of which the value holds no word; None where there's none."""
    if not value[:1].isupper():
        return None
    taken = set(normalised(value).split())
    names = [
        m[0].rstrip("’'-")
        for m in _NAME.finditer(text)
        if m[0].split()[0] not in _OPENING and not taken & set(normalised(m[0]).split())
    ]
    return chance.choice(names) if names else None


def other_value(
    sentence: str, answers: Sequence[str], others: Sequence[str], text: str, chance: Random
) -> str | None:
    """The sentence with a wrong value in its answer's place, of the answer's own kind.

    `others` are answers to other questions on the same passages: the likeliest mistakes. None
    where the answer doesn't stand in the sentence once, or nothing of its kind is at hand.
    """
    value = next((a for a in answers if only(sentence, a) is not None), None)
    if value is None:
        return None
    alike = [
        other
        for other in others
        if _kind(other) == _kind(value)
        and len(other.split()) <= 2 * len(value.split()) + 1
        and not any(meet(other, a) for a in answers)
    ]
    if alike and chance.random() < 0.7:
        return exchanged(sentence, value, chance.choice(alike))
    other = other_number(value, chance) or other_name(value, text, chance)
    return None if other is None else exchanged(sentence, value, other)


def _kind(value: str) -> str:
    return "number" if _NUMBER.search(value) else "name" if value[:1].isupper() else "words"


def meet(a: str, b: str) -> bool:
    """Whether one holds the other's words."""
    first, second = set(normalised(a).split()), set(normalised(b).split())
    return not first or not second or first <= second or second <= first


def near(draft: str, answers: Sequence[str]) -> bool:
    """Whether a draft has half of the words of an answer: too near to be called wrong unread."""
    have = set(normalised(draft).split())
    wanted = [set(normalised(answer).split()) for answer in answers]
    return any(w and 2 * len(w & have) >= len(w) for w in wanted)


def negated(sentence: str) -> str | None:
    found = _NEGATABLE.search(sentence)
    if found is None or " not " in sentence or " never " in sentence:
        return None
    word = "never" if found[1] in ("has", "had") else "not"
    return f"{sentence[: found.end()]}{word} {sentence[found.end() :]}"
