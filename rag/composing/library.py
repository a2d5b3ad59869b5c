"""What is asked of the library itself: which articles, how many, from when, by whom. No model
writes: one true sentence from what the rows say, and the articles.

What is asked is read by `rag.understanding.holdings`.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from index.article import Head
from index.holdings import Holding, Wanted
from index.search import Filter
from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.parts import Parts
from rag.events import Event
from rag.understanding.filters.asked_filter import reference_day
from rag.understanding.filters.periods import later
from rag.understanding.holdings import Asked as Question
from rag.understanding.holdings import Names, asked_of_library

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

LISTED = 20  # articles at most
_NEAREST = 3  # of those that don't hold the words
_NAMED = 12  # outlets or authors at most
_SEARCHED = 60  # passages, by which articles on a topic are put in order


def library(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    yield from ()  # nothing is read: there is nothing to tell before it is done
    began = time.perf_counter()
    held = parts.library
    names = Names(tuple(held.sources()), tuple(held.authors()), _reference(held), held.holds)
    question = _followed(asked.question, query, names, parts)
    # what a person has chosen goes before what the question says
    given = asked.filter
    filter = Filter(
        given.since or question.filter.since,
        given.until or question.filter.until,
        given.sources or question.filter.sources,
    )
    question = replace(question, filter=filter)
    said, articles, note = _answered(held, question)
    took = time.perf_counter() - began
    outcome = Outcome(query, said=said, articles=articles, note=note, filter=filter)
    return replace(outcome, timings=replace(outcome.timings, search_s=took))


def _reference(library: Library) -> date | None:
    today = date.today()
    return reference_day(library.newest(later(today, 1)), today)


def _followed(asked: str, query: str, names: Names, parts: Parts) -> Question:
    """A question that could not be rewritten has the one before it in brackets; it asks either
    something else of the same articles, or the same of others."""
    own = asked_of_library(asked if query.startswith(asked) else query, names, parts.encoder)
    if not (query.startswith(asked) and query.endswith(")") and len(query) > len(asked)):
        return own
    before = asked_of_library(query[len(asked) :].strip(" ()"), names, parts.encoder)
    if not own.narrowed:
        return replace(before, want=own.want)
    filter = Filter(
        own.filter.since or before.filter.since,
        own.filter.until or before.filter.until,
        own.filter.sources or ((not own.unknown and before.filter.sources) or frozenset()),
    )
    kept = replace(own, want=before.want, filter=filter, authors=own.authors or before.authors)
    return kept if own.about else replace(kept, about=before.about, by=before.by)


# --- the answer -----------------------------------------------------------------------------------


def _answered(library: Library, question: Question) -> tuple[str, tuple[Head, ...], str]:
    """What is said, the articles, what is said after them."""
    if not len(library):
        return "The library is empty: it holds no articles yet.", (), ""
    if question.unknown:
        return _unknown(library, question)
    wanted = Wanted(question.filter, question.authors)
    if not question.about:
        return _of(library, question, wanted, order=None)
    found = library.mentions(question.about)
    strict = question.by == "words"
    ids = found.exact if strict and found.exact else found.all
    among = replace(wanted, ids=frozenset(ids))
    if ids and library.holding(among).articles:
        order = None if strict else _ranked(library, question)
        said, articles, note = _of(library, question, among, order, exact=ids == found.exact)
        rest = replace(wanted, ids=frozenset(found.akin))
        if strict and found.exact and (more := library.holding(rest).articles):
            other = f"{_count(more)} {'has' if more == 1 else 'have'} it in another form only."
            note = f"{note} {other}".strip()
        return said, articles, note
    said = f"No article{_scope(question)} mentions “{question.about}”."
    order = _ranked(library, question)[:_NEAREST]
    nearest = _sorted(library.chosen(replace(wanted, ids=frozenset(order))), order)
    return (f"{said} The nearest:" if nearest else said), nearest, ""


def _unknown(library: Library, question: Question) -> tuple[str, tuple[Head, ...], str]:
    """Nobody of that name: those that mention it ("from Harbin"), or who there is."""
    name = question.unknown
    said = f"The library holds no article {question.unknown_is} “{name}”."
    found = library.mentions(name).exact
    if found:
        mentioned = replace(question, unknown="", about=name, want="list")
        also, articles, note = _of(
            library, mentioned, Wanted(question.filter, ids=frozenset(found)), None
        )
        return f"{said} {also}", articles, note
    if question.unknown_is == "by":
        return f"{said} {_names('author', library.authors())}", (), ""
    return f"{said} {_names('outlet', library.sources())}", (), ""


def _of(
    library: Library,
    question: Question,
    wanted: Wanted,
    order: Sequence[str] | None,
    *,
    exact: bool = True,
) -> tuple[str, tuple[Head, ...], str]:
    """Of the wanted articles, what the question asks; `order` are ids, the best first."""
    held = library.holding(wanted)
    if not held.articles:
        return f"The library holds no article{_scope(question)}. {_span(library.holding())}", (), ""
    which = _which(question, held, exact=exact)
    if question.want == "outlets":
        said = _names("outlet", held.sources)
        return (f"{which} {said}" if question.narrowed else said), (), ""
    if question.want == "authors":
        written = library.chosen(wanted) if question.narrowed else None
        counts = library.authors() if written is None else _authors(written)
        said = _names("author", counts)
        return (f"{which} {said}" if question.narrowed else said), (), ""
    if question.want == "span":
        said = _span(held)
        return (f"{which} {said}" if question.narrowed else said), (), ""
    if question.want in ("newest", "oldest") and held.first:
        return _at_an_end(library, question, wanted, held, exact=exact)
    if question.want == "count" and not question.narrowed:
        return f"{which} {_span(held)}", (), ""
    if order is None:
        articles = tuple(library.chosen(wanted, LISTED))
    else:
        articles = _sorted(library.chosen(wanted), order)[:LISTED]
    sorting = "newest first" if order is None else "best first"
    note = ""
    if len(articles) < held.articles:
        note = f"These are {len(articles)} of {held.articles}, {sorting}."
    return which, articles, note


def _at_an_end(
    library: Library, question: Question, wanted: Wanted, held: Holding, *, exact: bool
) -> tuple[str, tuple[Head, ...], str]:
    oldest = question.want == "oldest"
    day = held.first if oldest else held.last
    assert day is not None
    of_day = replace(wanted, filter=replace(wanted.filter, since=day, until=day))
    articles = tuple(library.chosen(of_day, LISTED))
    every = library.holding(of_day).articles
    about = f" that {_mentions(question, every, exact=exact)}" if question.about else ""
    scope = _scope(replace(question, filter=Filter(sources=question.filter.sources))) + about
    if every == 1:
        said = f"The {question.want} article{scope} is of {_day(day)}."
    else:
        said = f"The {question.want} articles{scope} are of {_day(day)}; there are {every}."
    note = ""
    if held.undated:
        note = f"{_count(held.undated)} {'has' if held.undated == 1 else 'have'} no date."
    return said, articles, note


# --- sentences ------------------------------------------------------------------------------------


def _which(question: Question, held: Holding, *, exact: bool) -> str:
    """ "3 articles from The Courier mention “Gazprom”, one of them a copy of another." """
    one = held.articles == 1
    copies = ""
    if held.copies:
        some = "one of them a copy" if held.copies == 1 else f"{held.copies} of them copies"
        copies = ", a copy of another" if one else f", {some} of another"
    count = f"{_count(held.articles)}{_scope(question)}"
    if not question.about:
        return f"The library holds {count}{copies}."
    return f"{count} {_mentions(question, held.articles, exact=exact)}{copies}."


def _mentions(question: Question, articles: int, *, exact: bool) -> str:
    """What articles do: mention it as it stands, or hold its words in other forms or places."""
    one = articles == 1
    if exact:
        return f"{'mentions' if one else 'mention'} “{question.about}”"
    return f"{'holds' if one else 'hold'} the words of “{question.about}”"


def _scope(question: Question) -> str:
    """ " by Ada Sample from The Courier of 17 May 2024" """
    filter = question.filter
    said = ""
    if question.authors:
        said += f" by {_or(sorted(question.authors))}"
    if filter.sources:
        said += f" from {_or(sorted(filter.sources))}"
    if filter.since and filter.until:
        same = filter.since == filter.until
        said += f" of {_day(filter.since)}" if same else ""
        said += "" if same else f" from {_day(filter.since)} to {_day(filter.until)}"
    elif filter.since or filter.until:
        said += f" since {_day(filter.since)}" if filter.since else ""
        said += f" until {_day(filter.until)}" if filter.until else ""
    return said


def _span(held: Holding) -> str:
    undated = ""
    if held.undated:
        undated = f" {_count(held.undated)} {'has' if held.undated == 1 else 'have'} no date."
    if not (held.first and held.last):
        return undated.strip()
    if held.first == held.last:
        dated = "It is" if held.articles - held.undated == 1 else "They are all"
        return f"{dated} of {_day(held.first)}.{undated}"
    return f"The dates go from {_day(held.first)} to {_day(held.last)}.{undated}"


def _names(what: str, counts: dict[str, int]) -> str:
    """ "7 outlets: The Courier (3 articles), Coast Herald (1) and 5 more." """
    if not counts:
        return f"No article names its {what}."
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    listed = [f"{' '.join(name.split())} ({counts[name]})" for name in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        listed.append(f"{len(ranked) - _NAMED} more")
    many = f"{len(ranked)} {what}{'' if len(ranked) == 1 else 's'}"
    return f"There are articles of {many}: {_and(listed)}."


def _authors(heads: Sequence[Head]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for head in heads:
        for name in head.authors:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _count(articles: int) -> str:
    return f"{articles} article{'' if articles == 1 else 's'}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _and(items: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(items[:-1]), items[-1]) if part)


def _or(items: Sequence[str]) -> str:
    return " or ".join(part for part in (", ".join(items[:-1]), items[-1]) if part)


# --- order ----------------------------------------------------------------------------------------


def _ranked(library: Library, question: Question) -> list[str]:
    """Ids of articles by their best passage on the topic."""
    hits = library.search(question.about, _SEARCHED, filter=question.filter)
    return list(dict.fromkeys(hit.article.id for hit in hits))


def _sorted(heads: Sequence[Head], order: Sequence[str]) -> tuple[Head, ...]:
    place = {id: n for n, id in enumerate(order)}
    return tuple(sorted(heads, key=lambda head: place.get(head.id, len(place))))
