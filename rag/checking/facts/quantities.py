"""Amounts in a text, and whether one bears out another. Pure.

What a claim states may be derived from its source in three ways that are checked, and no others:
rounding to the digits that the claim shows (240bn from 240.1bn; the 1990s from 1994), a bound
("more than 600" from 643), and another way of writing the same amount (50bn, 50 billion; 64%, 64
per cent; six, 6).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from index.words import FUNCTION_WORDS

Bound = Literal["", "more", "less", "about"]


@dataclass(frozen=True, slots=True)
class Number:
    """An amount as written: `value` scaled (50bn is 5e10), `step` the unit of its last digit.

    `unit` is "%", a currency sign, "year", "decade" (the 1900s), "ordinal" or ""; `start:end` its
    place in the text.
    """

    value: float
    step: float
    unit: str
    bound: Bound
    start: int
    end: int


MOST_ROUNDED = 0.1  # share of an amount that rounding it may add or take away

_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen"
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_RANKS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth"
]  # fmt: skip
_ORDINALS = {word: value for value, word in enumerate(_RANKS, 1)}
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "millions": 1e6,
    "b": 1e9, "bn": 1e9, "bln": 1e9, "billion": 1e9, "billions": 1e9,
    "tn": 1e12, "trn": 1e12, "trillion": 1e12, "hundred": 1e2, "dozen": 12.0,
}  # fmt: skip
_CURRENCIES = {
    "$": "$", "dollar": "$", "dollars": "$", "usd": "$", "£": "£", "pound": "£", "pounds": "£",
    "€": "€", "euro": "€", "euros": "€", "¥": "¥", "yen": "¥", "yuan": "元", "rouble": "₽",
    "roubles": "₽", "ruble": "₽", "rubles": "₽", "rupee": "₹", "rupees": "₹",
}  # fmt: skip
_SCALE = "|".join(sorted((s for s in _SCALES if len(s) > 1), key=len, reverse=True))
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?<![\w.])(?P<currency>[A-Z]{{0,3}}[$£€¥])?\s?(?:
        (?P<digits>\d{{1,3}}(?:,[ ]?\d{{3}}(?!\d))+(?:\.\d+)?
          |(?<!\d,)\d+,\d{{1,2}}(?![\w,]|[.:]\d)|\d+(?:\.\d+)?)
        (?:(?P<short>(?:k|m|mn|mln|b|bn|bln|tn|trn)\b)|(?P<ordinal>(?:st|nd|rd|th)\b)
          |(?P<decade>(?<=\d0)['’]?s\b))?
      | (?P<words>(?:{_WORD})(?:[-\s](?:{_WORD}))?)\b
      | (?P<rank>{"|".join(_ORDINALS)})\b
      | (?P<a>an?)(?=\s(?:hundred|thousand|million|billion|trillion|dozen)\b)
    )
    (?P<scales>(?:[-\s](?:{_SCALE})\b)*)
    (?:\s?(?P<percent>%)|[-\s](?P<unit>per\s?cent(?:age)?|percent|
        {"|".join(c for c in _CURRENCIES if c.isalpha())})\b)?""",
    re.IGNORECASE | re.VERBOSE,
)
_BOUNDS: Sequence[tuple[Bound, str]] = (
    ("more", r"more than|over|above|at least|no fewer than|no less than|upwards? of|exceed\w*"),
    ("less", r"less than|fewer than|under|below|at most|no more than|up to"),
    ("about", r"about|around|roughly|almost|nearly|some|approximately|an estimated|close to"),
)
_BOUND_BEFORE = [
    (kind, re.compile(rf"\b(?:{words})\s+(?:the\s+|a\s+)?$", re.IGNORECASE))
    for kind, words in _BOUNDS
]


def numbers(text: str) -> tuple[Number, ...]:
    """Every amount in the text, in order; parts of dates count as plain numbers too."""
    return tuple(_numbers(text))


def _numbers(text: str) -> Iterator[Number]:
    for match in _NUMBER.finditer(text):
        value, step = _value(match)
        scales = (float(_SCALES[s.lower()]) for s in re.findall(r"\w+", match["scales"] or ""))
        scale = math.prod(scales)  # of floats: beyond them it is infinite, and no error
        if match["short"]:
            scale *= _SCALES[match["short"].lower()]
        unit = _unit(match)
        before = text[max(0, match.start() - 24) : match.start()]
        if before and not before[-1].isspace() and match[0][:1].isspace():
            before += " "
        bound: Bound = next((kind for kind, found in _BOUND_BEFORE if found.search(before)), "")
        if unit == "year" and not _is_year(
            int(min(value, 1e9)), bound, before, text[match.end() :]
        ):
            unit = ""
        if value == 1 and match["words"] and not unit and scale == 1:
            continue  # "one" is mostly no number ("one of the", "no one")
        if (match["rank"] or "").lower() == "second" and re.match(
            r"\s+later\b", text[match.end() :]
        ):
            continue
        start = match.end() - len(match[0].lstrip())
        yield Number(value * scale, step * scale, unit, bound, start, match.end())


def _value(match: re.Match[str]) -> tuple[float, float]:
    if match["digits"]:
        digits = match["digits"]
        # "3,5" is three and a half, as in German; "3,500" are thousands
        digits = re.sub(r",(?=\d{1,2}$)", ".", digits)
        digits = re.sub(r",\s?", "", digits)
        decimals = len(digits.partition(".")[2])
        step = float(f"1e-{decimals}")
        if not decimals and not match["ordinal"]:
            # 240,000 is rounded to its zeros; 240 may be exact or not, so one zero doesn't count
            zeros = len(digits) - len(digits.rstrip("0"))
            step = float(f"1e{zeros}") if zeros >= 2 else 1.0
        return float(digits), step
    if match["words"]:
        return float(sum(_WORDS[w] for w in re.split(r"[-\s]", match["words"].lower()))), 1.0
    if match["rank"]:
        return float(_ORDINALS[match["rank"].lower()]), 1.0
    return 1.0, 1.0


def _unit(match: re.Match[str]) -> str:
    if match["percent"] or (match["unit"] or "").lower().startswith("per"):
        return "%"
    if match["ordinal"] or match["rank"]:
        return "ordinal"
    if match["unit"]:
        return _CURRENCIES[match["unit"].lower()]
    if match["currency"]:
        return match["currency"][-1]
    digits = match["digits"] or ""
    if match["decade"] and len(digits) in (2, 4):
        return "decade"
    whole = len(digits) == 4 and digits.isdigit() and not match["scales"] and not match["short"]
    return "year" if whole and 1000 <= int(digits) <= 2199 else ""


# "1500 workers", "2000 km", "1200 new jobs": what is counted stands after it.
_COUNTED = re.compile(
    r"\s(?:(?P<how>[a-z][a-z-]*)\s)?(?P<what>people|men|women|children|troops|staff|police|feet|per"
    r"|k?m|k?g|[a-z-]{3,}(?<![sui])s)\b"
)
_WHEN = re.compile(
    r"\b(?:in|since|by|until|till|from|before|after|during|early|mid|late|the|this|last|[a-z]+['’]s)"
    r"[\s-]$",
    re.IGNORECASE,
)


def _is_year(value: int, bound: Bound, before: str, after: str) -> bool:
    """Whether four bare digits from 1000 to 2199 are a year: not with a bound ("over 1500") and not
    where what they count stands after them, but for our times' ("in 2023 exports fell")."""
    if bound in ("more", "less"):
        return False
    counted = _COUNTED.match(after)
    if not counted or FUNCTION_WORDS & {counted["how"], counted["what"]}:
        return True
    return 1900 <= value < 2100 and _WHEN.search(before) is not None


def same_number(claim: Number, source: Number) -> bool:
    """Whether the source's number bears out the claim's: equal, rounded by it, or in its bound."""
    if claim.unit == "decade" and source.unit == "year":
        # "the 1900s" is said of a century too
        span = 100 if claim.value % 100 == 0 else 10
        return claim.value <= source.value < claim.value + span
    exact = {"year", "ordinal", "decade"}
    if claim.unit != source.unit and claim.unit and (source.unit or claim.unit == "%"):
        return {claim.unit, source.unit} == {"year", ""} and claim.value == source.value
    if claim.unit in exact or source.unit in exact:
        return claim.value == source.value
    if math.isclose(claim.value, source.value, rel_tol=1e-9, abs_tol=1e-12):
        # "more than 600" is not what "600" says, but it is what "more than 600" says
        opposed = {claim.bound, source.bound} == {"more", "less"}
        return not opposed and not (claim.bound == "more" and source.bound == "")
    near = max(abs(source.value) * 0.25, claim.step)  # a bound far off says something else
    if claim.bound == "more":
        return source.bound != "less" and 0 < source.value - claim.value <= near
    if claim.bound == "less":
        return source.bound != "more" and 0 < claim.value - source.value <= near
    if claim.bound == "about":
        return abs(claim.value - source.value) <= max(0.1 * abs(source.value), claim.step / 2)
    # rounding goes one way: the claim may show fewer digits than its source, never more; and
    # nobody who reads "100%" expects 64%
    if claim.step <= source.step or claim.value == 0:
        return False
    off = abs(claim.value - source.value)
    return off <= min(claim.step / 2 * (1 + 1e-9), MOST_ROUNDED * abs(source.value))
