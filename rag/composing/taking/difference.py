"""What two sentences' amounts differ by, worked out by arithmetic. Pure.

Nothing is derived where it isn't plain what would be compared: an amount counts only if it is the
one of its unit in its sentence, and is no bound ("more than 600"), year or rank.
"""

from __future__ import annotations

import math
import re

from rag.checking.facts.quantities import Number, numbers, same_number
from rag.checking.facts.words import WORD, content

MOST_VAGUE = 0.1  # how wide, as a share, a ratio of two rounded amounts may be to be told
_COUNT = 100  # whole numbers under this are counts, not rounded ones
_NOT_COMPARED = frozenset({"year", "ordinal", "decade"})
# "a year", "per month": a yearly amount isn't compared with a monthly one
_RATE = re.compile(r"(?:\s+[\w-]+){0,5}?\s+(?:an?|per|each|every)\s+(?P<of>\w+)", re.IGNORECASE)


def difference(one: str, other: str) -> str:
    """A sentence on what differs, or that nothing does: "$240bn is 64% more than $146bn."; "" where
    the two sentences' amounts can't be compared.

    Ratios are rounded to whole per cents and say "about" unless they stay the same whatever the
    amounts were before they were rounded.
    """
    found = []
    for unit in dict.fromkeys(number.unit for number in numbers(one)):
        if unit in _NOT_COMPARED:
            continue
        first, second = _only(one, unit), _only(other, unit)
        if first and second and _counted(one, first) == _counted(other, second):
            found.append(_compared(first, second, one, other))
    return " ".join(filter(None, found))


def _only(text: str, unit: str) -> Number | None:
    """The one amount of that unit."""
    found = [number for number in numbers(text) if number.unit == unit]
    if len(found) != 1 or found[0].bound in ("more", "less"):
        return None
    return found[0] if unit or _counted(text, found[0])[0] else None


def _counted(text: str, number: Number) -> tuple[str, str]:
    """What a number counts, where it has no unit of its own, and for each of what."""
    after = text[number.end :]
    rate = _RATE.match(after)
    counted = WORD.match(after.lstrip()) if not number.unit else None
    stems = content(counted[0]) if counted else ()
    return (stems[0] if stems else "", rate["of"].lower() if rate else "")


def _compared(first: Number, second: Number, one: str, other: str) -> str:
    texts = {id(first): one, id(second): other}
    more, less = sorted((first, second), key=lambda n: -n.value)
    high, low = (texts[id(n)][n.start : n.end].strip() for n in (more, less))
    if math.isclose(more.value, less.value, rel_tol=1e-9):
        return f"Both say {high}." if high == low else f"{high} and {low} are the same amount."
    if same_number(more, less) or same_number(less, more):
        return f"{high} and {low} agree, one is rounded."
    by = more.value - less.value
    if more.unit == "%":
        points = f"{round(by, 6):g}"
        return f"{high} is {points} percentage point{'' if points == '1' else 's'} more than {low}."
    if less.value <= 0:
        return f"{_opened(high)} is more than {low}."
    if not more.unit and all(n.step == 1 and n.value < _COUNT for n in (more, less)):
        return f"{_opened(high)} is {by:g} more than {low}."
    least = (more.value - more.step / 2) / (less.value + less.step / 2)
    most = (more.value + more.step / 2) / max(less.value - less.step / 2, 1e-12)
    ratio = more.value / less.value
    if most - least > MOST_VAGUE * ratio or ratio < 1.005:
        return f"{_opened(high)} is more than {low}." if least > 1 else ""
    sure = not (more.bound or less.bound)
    if ratio >= 2:
        told = f"{ratio:.1f}".removesuffix(".0")
        about = "" if sure and f"{least:.1f}" == f"{most:.1f}" else "about "
        return f"{_opened(high)} is {about}{told} times {low}."
    told = f"{(ratio - 1) * 100:.0f}"
    about = "" if sure and {f"{(r - 1) * 100:.0f}" for r in (least, most)} == {told} else "about "
    return f"{_opened(high)} is {about}{told}% more than {low}."


def _opened(amount: str) -> str:
    return amount[0].upper() + amount[1:]
