"""Which composer answers which kind."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.article import article
from rag.composing.comparison import comparison
from rag.composing.days import day, timeline
from rag.composing.fact import fact
from rag.composing.library import library
from rag.composing.listing import adds, listing
from rag.composing.other import other
from rag.composing.overview import overview
from rag.composing.parts import Composer, Parts
from rag.composing.smalltalk import smalltalk
from rag.composing.yesno import yesno
from rag.events import Event
from rag.understanding.kinds import KINDS, Kind

TOLD = "I couldn't set this out as you asked; these sentences are what the articles say of it."


def told_else(compose: Composer, tell: Composer = overview) -> Composer:
    """What the articles say of it, in their own sentences, where a composer finds no answer of its
    own form."""

    def composed(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
        outcome = yield from compose(parts, asked, query)
        if not outcome.abstained:
            return outcome
        told = yield from tell(parts, asked, query)
        return outcome if told.abstained else replace(told, note=TOLD)

    return composed


def with_items(say: Composer, items: Composer) -> Composer:
    """One sentence that says it all, then the items that it lacks and that are as sure as it is;
    the items alone where no sentence does. (What only looks like a list is a fact then.)"""

    def composed(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
        said = yield from say(parts, asked, query)
        found = yield from items(parts, asked, query)
        if said.abstained:
            return found
        shown = [claim for claim in said.claims if claim.verdict != "withheld"]
        sure = max(claim.score for claim in shown)
        more = [
            claim
            for claim in found.claims
            if claim.verdict != "withheld" and claim.score >= sure and adds(claim, query, shown)
        ]
        return replace(
            found,
            abstained=False,
            raw_text=f"{said.raw_text} {found.raw_text}".strip(),
            claims=(*said.claims, *more),
            conflicts=said.conflicts,
            context_ids=tuple(dict.fromkeys((*said.context_ids, *found.context_ids))),
            hits=tuple({hit.passage.id: hit for hit in (*said.hits, *found.hits)}.values()),
            signals=said.signals,
        )

    return composed


COMPOSERS: Mapping[Kind, Composer] = {
    **dict.fromkeys(KINDS, fact),
    "overview": overview,
    "article": article,
    "day": day,
    "timeline": timeline,
    "library": library,
    "smalltalk": smalltalk,
    "list": told_else(with_items(fact, listing)),
    "comparison": told_else(comparison),
    "yesno": yesno,
    "other": other,
}
WITHOUT_ARTICLES: frozenset[Kind] = frozenset({"library", "smalltalk"})
"""Kinds that an empty library can answer."""
