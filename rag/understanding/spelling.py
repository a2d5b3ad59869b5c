"""Words of a question that nobody knows, put as the library spells them: "Sibera" is "Siberia".

Only a word is touched that neither the library has, in any form, nor the Encoder knows as a whole
word, and only where one word of the library is near enough to it. Names that the library doesn't
have are left as they are unless they are a letter from one that it has: whoever asks for something
else must be told that it isn't there, and sees what was taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import snowballstemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

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
        for term in near(word, self._vocabulary()):
            texts = self._library.passages_with(term)
            right = form_like(word, {form for text in texts for form in _WORD.findall(text)})
            if right is not None:
                return right
        return None

    def _vocabulary(self) -> Mapping[str, int]:
        generation = self._library.generation
        if self._read is None or self._read[0] != generation:
            self._read = generation, self._library.vocabulary()
        return self._read[1]


def folded(word: str) -> tuple[str, ...]:
    """A word as the lexical index may hold it: without accents, with and without its ending."""
    split = unicodedata.normalize("NFD", word.casefold())
    plain = "".join(c for c in split if not unicodedata.combining(c))
    return tuple(dict.fromkeys((plain, str(_stemmer.stemWord(plain)))))


def allowed(word: str) -> int:
    """How many letters of it may be wrong: left out, put in, changed, or swapped."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < LONG else 2


def near(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """The terms that a mistyped word may mean, nearest first; none where two are as near and about
    as common."""
    distances: dict[str, int] = {}
    for typed in folded(word):
        found = process.extract(
            typed, vocabulary.keys(), scorer=OSA.distance, score_cutoff=2, limit=4 * _LOOKED_AT
        )
        for term, distance, _ in found:
            if term[0] == typed[0] and term.isalpha():
                distances[term] = min(int(distance), distances.get(term, 2))
    ranked = sorted(distances, key=lambda term: (distances[term], -vocabulary[term], term))
    if len(ranked) > 1 and distances[ranked[0]] == distances[ranked[1]]:
        often, less = (vocabulary[term] for term in ranked[:2])
        if often < CLEARLY * less:
            return []
    return ranked[:_LOOKED_AT]


def form_like(word: str, forms: Collection[str]) -> str | None:
    """Of a word's forms the one that is nearest to what was typed, if it's near enough; for a name,
    a name."""
    named = word[0].isupper()
    ranked = sorted(
        (OSA.distance(word.casefold(), form.casefold()), form.islower() == named, form)
        for form in forms
        if len(form) >= SHORTEST and form[0].casefold() == word[0].casefold()
    )
    for distance, _, form in ranked:
        if distance <= allowed(word) and not (named and form.islower()):
            return None if another_form(word.casefold(), form.casefold()) else form
    return None


def another_form(word: str, other: str) -> bool:
    """Whether two words differ in their endings only: "launchers" is no mistyped "launched".

    A letter is seldom wrong at a word's end, and letters that are swapped are no ending."""
    same = Prefix.similarity(word, other)
    return (
        same >= max(len(word), len(other)) - ENDING
        and word[-1] != other[-1]
        and sorted(word) != sorted(other)
    )
