"""What a question asks of the library itself: how many articles, which, from when, by whom.

Templates say what it may be; the encoder says which of them the question is nearest to. What a
question has beyond the templates' own words is what it is about: an outlet, an author, words.
Reads no article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import islice, product
from typing import Literal

from index.encoding.encoder import Encoder
from index.outlets import matching
from index.search import Filter
from index.words import FUNCTION_WORDS
from rag.understanding.filters.times import times
from rag.understanding.templates import near_templates

Want = Literal["count", "list", "newest", "oldest", "span", "outlets", "authors"]
By = Literal["words", "topic"]

_SLOT = "something"  # stands in a template for what a question is about

# What may be asked, as (what is wanted of the articles, how they are chosen): ways to say it.
# A question that is about nothing in particular has no slot.
_TEMPLATES: dict[tuple[Want, By | None], tuple[str, ...]] = {
    ("count", None): (
        "How many articles do you have?",
        "How many articles are in the library?",
        "How large is the collection?",
        "How many news items are stored?",
        "How many reports are there in total?",
        "number of articles",
    ),
    ("list", None): (
        "Which articles do you have?",
        "List all articles.",
        "Show me the titles.",
        "What's in the library?",
        "What's in here?",
        "What topics are covered?",
        "Which articles were published?",
        "Please list the stories.",
        "list them",
    ),
    ("newest", None): (
        "What is the newest article?",
        "What is the latest story?",
        "How recent is the data?",
        "What's new?",
    ),
    ("oldest", None): (
        "What is the oldest article?",
        "Which article is the earliest?",
        "When was the first article published?",
    ),
    ("span", None): (
        "From when to when do the articles go?",
        "What period does the collection cover?",
        "How far back do the articles go?",
    ),
    ("outlets", None): (
        "Which outlets are in the library?",
        "What are your sources?",
        "Which newspapers and publications do you have?",
    ),
    ("authors", None): ("Who wrote the articles?", "Which authors and journalists do you have?"),
    ("count", "words"): (
        "How many articles mention something?",
        "How many articles talk about something?",
        "How many articles contain the word something?",
    ),
    ("count", "topic"): (
        "How many articles are about something?",
        "How many articles came from something?",
        "Count the articles about something.",
        "How many articles did something publish?",
    ),
    ("list", "words"): (
        "Which articles mention something?",
        "Does any article mention something?",
        "In which articles does the word something appear?",
        "Which stories name something?",
        "Do any articles quote something?",
    ),
    ("list", "topic"): (
        "What do you have about something?",
        "Which articles are about something?",
        "Are there any pieces about something?",
        "Is there any coverage about something?",
        "Tell me which articles you have on something.",
        "Do you have anything on something?",
        "What have you got from something?",
        "Do you have anything from something?",
        "Show me everything by something.",
        "Show the headlines from something.",
        "Search for something.",
        "Which articles were written by something?",
        "What did something write?",
    ),
    ("newest", "topic"): (
        "What is the newest article about something?",
        "What is the latest piece from something?",
    ),
    ("oldest", "topic"): ("What is the oldest article about something?",),
    ("span", "topic"): ("From when to when do the articles about something go?",),
    ("outlets", "topic"): ("Which outlets write about something?",),
    ("authors", "topic"): ("Which authors write about something?",),
}
_FROM = frozenset(("from", "by"))  # what stands before whom an article is from, in the templates


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of which articles.

    `filter` and `authors` narrow; `unknown` is whom they should be from, or by, where the library
    has nobody of that name. `about` is what they are about: words that stand in them (`by`
    "words"), or what a search finds. `sure` is the cosine to the template that this was read by.
    """

    want: Want
    filter: Filter = field(default_factory=Filter)
    authors: frozenset[str] = frozenset()
    unknown: str = ""
    unknown_is: Literal["from", "by"] = "from"
    about: str = ""
    by: By = "topic"
    sure: float = 0.0

    @property
    def narrowed(self) -> bool:
        return bool(self.filter != Filter() or self.authors or self.unknown or self.about)


@dataclass(frozen=True, slots=True)
class Names:
    """What the library's articles are known by; `reference` is the day "last month" counts from,
    `holds` says whether words stand together in an article."""

    sources: Collection[str] = ()
    authors: Collection[str] = ()
    reference: date | None = None
    holds: Callable[[str], bool] = lambda words: False


def asked_of_library(question: str, names: Names, encoder: Encoder) -> Asked:
    """The reading that is nearest to a template, of all that the question's words allow."""
    text, filter = _dated(question, names.reference)
    readings = list(_readings(text))
    vectors = encoder.encode([reading.masked for reading in readings])
    templates = [(way, template) for way, texts in _TEMPLATES.items() for template in texts]
    cosines = near_templates(vectors, [template for _, template in templates], encoder)
    best: Asked | None = None
    slots: tuple[Slot, ...] = ()
    for reading, near in zip(readings, cosines, strict=True):
        worth = -_CUT * reading.cut - (0.0 if _known(reading.slots, names) else _UNKNOWN)
        for ((want, by), _), cosine in zip(templates, near, strict=True):
            if (by is not None) != bool(reading.slots):
                continue
            sure = float(cosine) + worth
            if best is None or sure > best.sure:
                best, slots = Asked(want, filter, by=by or "topic", sure=sure), reading.slots
    assert best is not None  # there is a reading, and there are templates of either sort
    for slot in slots:
        best = _with(best, slot, names)
    return best


def _known(slots: Sequence[Slot], names: Names) -> bool:
    """Whether each of them is an outlet, an author, or words of the library."""
    return all(
        matching(slot.words, names.sources)
        or _people(slot.words, names.authors)
        or names.holds(slot.words)
        for slot in slots
    )


def _with(asked: Asked, slot: Slot, names: Names) -> Asked:
    """With what one slot says."""
    about = replace(asked, about=f"{asked.about} {slot.words}".strip())
    if asked.by == "words" and slot.before not in _FROM:
        return about
    if outlets := matching(slot.words, names.sources):
        return replace(asked, filter=replace(asked.filter, sources=outlets))
    if people := _people(slot.words, names.authors):
        return replace(asked, authors=people)
    if slot.before not in _FROM:
        return about
    return replace(asked, unknown=slot.words, unknown_is="by" if slot.before == "by" else "from")


def _people(name: str, authors: Collection[str]) -> frozenset[str]:
    """The authors of that name, or of that last name."""
    said = name.casefold()
    whole = frozenset(a for a in authors if a.casefold() == said)
    return whole or frozenset(a for a in authors if a.casefold().split()[-1:] == [said])


# --- the words ------------------------------------------------------------------------------------

_WORD = r"\w(?:[\w’'&.-]*\w)?"
_QUOTED = re.compile(r"[\"“„]([^\"“”„]+)[\"”“]")


_MOST = 48  # readings of one question
_CUT = 0.03  # of cosine, for each telling word that is taken off what it is about
_UNKNOWN = 0.1  # of cosine, where it is about something that the library doesn't know


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands in the place of a template's slot, and the word before it."""

    before: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A question with some of its words as slots; `masked` has the slot's word in their places, and
    `cut` words were left out of runs that others of are slots."""

    slots: tuple[Slot, ...]
    masked: str
    cut: int = 0


def _readings(text: str) -> Iterator[Reading]:
    """Every way to take the words that no template has: each run of them is what the question is
    about, or without its first or last words, or another way to say what a template says.

    Function words inside a run belong to it; a name (capitalised) is always what it is about.
    """
    if quoted := _QUOTED.search(text):
        yield Reading((Slot("", quoted[1].strip()),), text.replace(quoted[0], _SLOT))
        return
    words = re.findall(_WORD, text)
    runs = _runs(words)
    choices = [list(_cuts(words, *run)) for run in runs]
    for chosen in islice(product(*choices), _MOST):
        taken = [(run, cut) for run, cut in zip(runs, chosen, strict=True) if cut is not None]
        lost = sum(
            _telling(words[slice(*run)]) - _telling(words[slice(*cut)]) for run, cut in taken
        )
        yield replace(_reading(words, [cut for _, cut in taken]), cut=lost)


def _telling(words: Sequence[str]) -> int:
    return sum(word.casefold() not in FUNCTION_WORDS for word in words)


def _runs(words: Sequence[str]) -> list[tuple[int, int]]:
    """Spans of words that no template has, and of names (capitalised within the question); function
    words between two of them belong there."""
    low = [word.casefold() for word in words]
    shouted = all(word.isupper() for word in words)
    telling = [
        n
        for n, word in enumerate(low)
        if (word not in _frame() and word not in FUNCTION_WORDS)
        or (n > 0 and words[n][0].isupper() and not shouted and word != "i")
    ]
    runs: list[tuple[int, int]] = []
    for n in telling:
        between = low[runs[-1][1] : n] if runs else []
        joined = len(between) <= 2 and all(w in FUNCTION_WORDS - _before() for w in between)
        if runs and joined:
            runs[-1] = (runs[-1][0], n + 1)
        else:
            runs.append((n, n + 1))
    return runs


def _cuts(words: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int] | None]:
    """The run; without its first words; without its last; None for none of it."""
    yield start, end
    names = [n for n in range(start, end) if n and words[n][:1].isupper()]
    for first in range(start + 1, min([end, *(n + 1 for n in names)])):
        if words[first].casefold() not in FUNCTION_WORDS:
            yield first, end
    if end - start > 1 and not (names and names[-1] == end - 1):
        yield start, end - 1
    if not names:
        yield None


def _reading(words: Sequence[str], cuts: Sequence[tuple[int, int]]) -> Reading:
    masked: list[str] = []
    slots: list[Slot] = []
    at = 0
    for start, end in cuts:
        masked += words[at:start]
        while masked and masked[-1].casefold() in _ARTICLES:
            masked.pop()
        before = masked[-1].casefold() if masked else ""
        slots.append(Slot(before, " ".join(words[start:end])))
        masked.append(_SLOT)
        at = end
    return Reading(tuple(slots), " ".join([*masked, *words[at:]]))


_ARTICLES = frozenset(("the", "a", "an"))


@lru_cache(maxsize=1)
def _frame() -> frozenset[str]:
    """The words of the templates."""
    texts = " ".join(" ".join(ways) for ways in _TEMPLATES.values())
    return frozenset(re.findall(_WORD, texts.casefold()))


@lru_cache(maxsize=1)
def _before() -> frozenset[str]:
    """The words that stand before a slot in the templates."""
    texts = " ".join(" ".join(ways) for ways in _TEMPLATES.values())
    return frozenset(re.findall(rf"(\w+) {_SLOT}", texts.casefold()))


def _dated(question: str, reference: date | None) -> tuple[str, Filter]:
    """The question without the time that it names, and that as a filter: asked of the library, a
    time is when an article was published."""
    if reference is None:
        return question, Filter()
    lead = "in the news "
    for start in (m.start() for m in re.finditer(r"\b\w", question)):
        for time in times(lead + question[start:], reference):
            if time.start == len(lead) and re.match(r"[^\W\d]", question[start:]):
                end = start + time.end - len(lead)
                return question[:start] + question[end:], Filter(time.since, time.until)
    return question, Filter()
