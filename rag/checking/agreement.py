"""Do a claim and the words it rests on say the same numbers, dates, names, and yes or no? Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from rag.checking.facts.days import DAYS, MONTHS, Day, days, same_day
from rag.checking.facts.quantities import numbers, same_number

# --- names --------------------------------------------------------------------------------------

_JOINER = "(?:of|the|de|van|von|al|bin|for|and)"
_CAPITAL = r"[A-Z][\w’'&.-]*\w"
_NAME = re.compile(rf"\b{_CAPITAL}(?:\s+(?:{_JOINER}\s+){{0,2}}{_CAPITAL})*")
_NOT_NAMES = frozenset(
    [
        "the", "a", "an", "in", "on", "at", "of", "by", "for", "from", "to", "with", "and",
        "but", "or", "if", "when", "while", "after", "before", "as", "it", "its", "he",
        "she", "they", "we", "you", "i", "his", "her", "their", "our", "this", "that",
        "these", "those", "there", "here", "what", "which", "who", "whom", "how", "why",
        "where", "yes", "no", "not", "one", "two", "three", "four", "five", "six", "seven",
        "eight", "nine", "ten", "according", "however", "also", "about", "over", "under",
        "more", "most", "less", "many", "some", "all", "both", "each", "every", "another",
        "other", "such", "only", "new", "former", "last", "next", "first", "second",
        "since", "during", "despite", "because", "although", "though", "meanwhile",
        "instead", "then", "now", "today", "yesterday", "tomorrow", "earlier", "later",
        "mr", "mrs", "ms", "dr", "sir"
    ]
)  # fmt: skip


def names(text: str) -> tuple[str, ...]:
    """Runs of capitalised words, without a function word that only opens a sentence."""
    found = []
    for match in _NAME.finditer(text):
        words = match[0].split()
        while words and words[0].lower().strip(".'’") in _NOT_NAMES:
            words = words[1:]
        if not words or words[0].lower() in (*MONTHS, *DAYS):
            continue
        before = text[: match.start()].rstrip()
        first = words[0] == match[0].split()[0] and (not before or before[-1] in ".!?:")
        if first and len(words) == 1 and not (words[0].isupper() and len(words[0]) > 1):
            continue  # a single word that opens a sentence is capitalised anyway
        found.append(" ".join(words))
    return tuple(found)


def holds_name(text: str, name: str) -> bool:
    """Whether the text has every word of the name, or its initials.

    Endings of number and of belonging are let pass: Biden's, Chinese for China.
    """
    have = {_bare(word) for word in _parts(text)}
    wanted = [_bare(word) for word in _parts(name) if word[0].isupper()]
    if all(word in have for word in wanted):
        return True
    initials = "".join(word[0] for word in wanted)
    if len(initials) > 1 and initials in have:
        return True
    roots = {_root(word) for word in have}
    return all(_root(word) in roots for word in wanted)


def _parts(text: str) -> list[str]:
    """Words, hyphened ones as their parts, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [word for word in re.findall(r"[\w’'&.]+", plain) if word.strip(".'’&_")]


def _bare(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word.lower().strip(".'’-")).replace(".", "")
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


_BELONGING = re.compile(r"(?<=\w{4})(?:ese|ish|ian|ia|ain|any|and|an|a|i|y|e)$")


def _root(word: str) -> str:
    return _BELONGING.sub("", word)


# --- yes and no ---------------------------------------------------------------------------------

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|den(?:y|ies|ied)|refus\w+|"
    r"fail(?:s|ed)?\s+to|unable)\b|n['’]t\b",
    re.IGNORECASE,
)


def negations(text: str) -> int:
    return len(_NEGATION.findall(text))


# --- together -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreement:
    """What of the claim's numbers, dates and names its source doesn't bear out, as written."""

    missing_numbers: tuple[str, ...]
    missing_dates: tuple[str, ...]
    missing_names: tuple[str, ...]
    checked: int
    negation_differs: bool

    @property
    def share(self) -> float:
        """Of the facts checked, how many the source bears out, 0..1; 1 where there are none."""
        return 1 - len(self.missing) / self.checked if self.checked else 1.0

    @property
    def missing(self) -> tuple[str, ...]:
        return self.missing_numbers + self.missing_dates + self.missing_names


def compare(
    claim: str, source: str, published: date | None = None, about: str = "", quote: str = ""
) -> Agreement:
    """Compare a claim with the words it rests on.

    `about` is more text that names may come from, such as the article's title: a name there is
    not a fact that the claim adds. `quote` are the claim's own words of the source, where that
    has more: the year in which the article appeared goes without saying, unless they say another.
    """
    years = {n.value for n in numbers(quote) if n.unit == "year"}
    unsaid = published.year if published and not years else None
    in_claim = days(claim)
    in_source = days(source)
    missing_dates = tuple(
        claim[day.start : day.end]
        for day in in_claim
        if not any(same_day(day, other, published) for other in in_source)
        and not _on_publication(day, published)
    )
    amounts = [n for n in numbers(claim) if not any(d.start <= n.start < d.end for d in in_claim)]
    available = numbers(source)
    missing_numbers = tuple(
        claim[n.start : n.end]
        for n in amounts
        if not any(same_number(n, other) for other in available)
        and not (n.unit == "year" and n.value == unsaid)
    )
    named = names(claim)
    missing_names = tuple(name for name in named if not holds_name(f"{source} {about}", name))
    return Agreement(
        missing_numbers,
        missing_dates,
        missing_names,
        len(in_claim) + len(amounts) + len(named),
        (negations(claim) > 0) != (negations(source) > 0),
    )


def _on_publication(day: Day, published: date | None) -> bool:
    """A date that the article doesn't write because it is the day it appeared ("today")."""
    return bool(
        published
        and day.day is not None
        and (day.month, day.day) == (published.month, published.day)
        and day.year in (None, published.year)
    )
