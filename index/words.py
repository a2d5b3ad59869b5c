"""The closed classes of English words that parts of Dateline know: function words, months, days.

One list of each, for the whole project. Weighs nothing and reads no text.
"""

from __future__ import annotations

NEGATIONS = frozenset(("no", "nor", "not"))

# What joins words, and says little of what is asked or stated by itself.
FUNCTION_WORDS = NEGATIONS | frozenset(
    """a about after again all although an and any are as at be because been before being between
    both but by can could did do does doing during each few for from had has have having he her
    here hers him his how i if in into is it its just may me might mine more most must my of off
    on only onto or other our ours out over own same shall she should since so some such than that
    the their theirs them then there these they this those though through to too under until up us
    very was we were what when where which while who whom whose why will with would yet you your
    yours am also""".split()  # noqa: SIM905
)

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A month as written, whole or short; short forms may end in a full stop. For any case.
MONTH = (
    "(?:"
    + "|".join(m if len(m) < 5 else rf"{m}\b|{m[:3]}\b\.?" for m in MONTHS)
    + r"|sept\b\.?|jun\b\.?|jul\b\.?)"
)


def month(name: str) -> int:
    """1 to 12, of a name that `MONTH` matched."""
    return next(n for n, whole in enumerate(MONTHS, 1) if whole.startswith(name[:3].lower()))
