"""What happens while a question is answered, in order: Understood, (Searching+, Progress*,
Passages, Token*, ClaimChecked*), again for each further thing that the question asks; then Done.
What needs no passage is Done at once. Every stream that isn't closed early
ends with exactly one Done."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.search import Filter, Hit
from rag.answer import Answer, Claim
from rag.understanding.filters.asked_filter import Reading
from rag.understanding.kinds import Kind


@dataclass(frozen=True, slots=True)
class Understood:
    """What is asked for. `given`: a person said so. `corrected`: (typed, taken) of each word of the
    question that was put as the library spells it; `correct=False` undoes it."""

    question: str
    query: str
    kind: Kind
    given: bool = False
    corrected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Searching:
    """`query` is the question as it was understood (rewritten with the conversation),
    or that part of it that is being answered.

    `filter` is what is applied, `reading` what of it stands in the question's own words. It comes
    again, with a wider filter, where what the question says leaves no article.
    """

    question: str
    query: str
    filter: Filter
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True, slots=True)
class Passages:
    hits: tuple[Hit, ...]
    context_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many passages have been read, of how many that are to be read at most."""

    read: int
    of: int


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the draft. It has not been checked yet."""

    text: str


@dataclass(frozen=True, slots=True)
class ClaimChecked:
    claim: Claim


@dataclass(frozen=True, slots=True)
class Done:
    answer: Answer


Event = Understood | Searching | Progress | Passages | Token | ClaimChecked | Done
