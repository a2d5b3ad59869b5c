"""Words of a question that nobody knows, put as the library spells them: "Sibera" is "Siberia".

Only a word is touched that neither the library has, in any form, nor the Encoder knows as a whole
word, and only where one word of the library is near enough to it. Names that the library doesn't
have are left as they are unless they are a letter from one that it has: whoever asks for something
else must be told that it isn't there, and sees what was taken.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import snowballstemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

Corrected = tuple[tuple[str, str], ...]
"""What was typed and what was taken for it, in order."""

SHORTEST = 5  # letters of a word that is put right
LONG = 9  # letters from which two may be wrong
MOST_UNKNOWN = 1 / 3  # of a question's words; beyond, it is in another language
CLEARLY = 2.0  # times as many passages as the next word that is as near
ENDING = 2  # letters
_LOOKED_AT = 8  # terms

_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_stemmer = snowballstemmer.stemmer("porter")  # what the lexical index takes endings off with


class Speller:
    """Corrects by one library. `known`: words that are right wherever they stand.

    The library's vocabulary is read when a word is first found that nobody knows, and kept until
    the library changes.
    """

    def __init__(self, library: Library, known: Callable[[str], bool]) -> None:
        self._library = library
        self._known = known
        self._read: tuple[int, Mapping[str, int]] | None = None

    def correct(self, question: str, said: str = "") -> tuple[str, Corrected]:
        """The question with words put right, and which. Words that stand in `said`, the
        conversation before it, are known."""
        heard = {word.casefold() for word in _WORD.findall(said)}
        words = _WORD.findall(question)
        unknown = [
            word
            for word in dict.fromkeys(words)
            if len(word) >= SHORTEST
            and word.casefold() not in heard
            and not self._known(word)
            and not self._library.holds(word)
        ]
        if not unknown or len(unknown) > max(1.0, MOST_UNKNOWN * len(words)):
            return question, ()
        taken: dict[str, str] = {}
        for word in unknown:
            nearest = self._nearest(word)
            if nearest is not None:
                taken[word] = nearest
        right = _WORD.sub(lambda found: taken.get(found[0], found[0]), question)
        return right, tuple(taken.items())

    def _nearest(self, word: str) -> str | None:
        for term in near(folded(word), self._vocabulary()):
            forms = {
                form
                for text in self._library.passages_with(term)
                for form in _WORD.findall(text)
                if folded(form) == term
            }
            right = form_like(word, forms)
            if right is not None:
                return right
        return None

    def _vocabulary(self) -> Mapping[str, int]:
        generation = self._library.generation
        if self._read is None or self._read[0] != generation:
            self._read = generation, self._library.vocabulary()
        return self._read[1]


def folded(word: str) -> str:
    """A word as the lexical index holds it."""
    plain = unicodedata.normalize("NFD", word.casefold())
    return str(_stemmer.stemWord("".join(c for c in plain if not unicodedata.combining(c))))


def allowed(word: str) -> int:
    """How many letters of it may be wrong: left out, put in, changed, or swapped."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < LONG else 2


def near(stem: str, vocabulary: Mapping[str, int]) -> list[str]:
    """The terms that a mistyped one may mean, nearest first; none where two are as near and about
    as common."""
    found = process.extract(
        stem,
        vocabulary.keys(),
        scorer=OSA.distance,
        score_cutoff=2,
        limit=_LOOKED_AT * 4,
    )
    ranked = sorted(
        (int(distance), -vocabulary[term], term)
        for term, distance, _ in found
        if term[:1] == stem[:1] and term.isalpha()
    )[:_LOOKED_AT]
    if len(ranked) > 1:
        (one, often, _), (other, less, _) = ranked[:2]
        if one == other and often > CLEARLY * less:  # both are negative
            return []
    return [term for _, _, term in ranked]


def form_like(word: str, forms: Collection[str]) -> str | None:
    """Of a word's forms the one that is nearest to what was typed, if it's near enough; for a name,
    a name."""
    named = word[0].isupper()
    ranked = sorted(
        (OSA.distance(word.casefold(), form.casefold()), form.islower() == named, form)
        for form in forms
    )
    for distance, _, form in ranked:
        if distance <= allowed(word) and not (named and form.islower()):
            return None if another_form(word.casefold(), form.casefold()) else form
    return None


def another_form(word: str, other: str) -> bool:
    """Whether two words differ in their last letters only: "launchers" is no mistyped "launched"."""
    same = len(os.path.commonprefix([word, other]))
    return same >= max(len(word), len(other)) - ENDING
