"""An article's main points: its most telling sentences, in its own order, from all of it.

Which article: the one that is open beside the question, else the one whose title, outlet, file name
and beginning fit what is asked; where none does, it says so.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from index.article import Article
from index.search import Hit
from rag.asking import Asked
from rag.checking.facts.facts import facts_of, held_by
from rag.compose import Outcome
from rag.composing.overview import find
from rag.composing.parts import Parts
from rag.composing.taking.extract import Found, Item, extract
from rag.composing.taking.telling import Sentence, Telling, sentences
from rag.events import Event
from rag.understanding.filters.asked_filter import Reading

MOST, FEWEST, SHARE = 6, 3, 0.34  # sentences of a summary; share of the article's, if it is short
STRETCHES = 3  # of an article, each of which is told of
_BEGINNING = 500  # characters that are looked through for what the question names
_TITLE, _PASSAGE, _NAMED, _SAID = 0.3, 0.6, 0.2, 0.5  # weights of a fit
TELLS = 0.06  # P(supported) of a main point, as an answer to
_ASKS = "What does the article “{}” say?"
FITS, FITS_UNNAMED = 0.24, 0.35  # from which an article fits: with a word in common, and without


def article(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    began = time.perf_counter()
    chosen = parts.library.article(asked.article) if asked.article else None
    if chosen is None:
        found = yield from find(parts, asked, query)
        chosen = _fitting(parts, query, found)
        if chosen is None:
            return Outcome(
                query=query, abstained=True, hits=found.hits, filter=found.filter,
                reading=found.reading, signals={"probability": 0.0},
            )  # fmt: skip
    else:
        found = Found(query, (), asked.filter, Reading(), began, time.perf_counter())
    hits = _whole(parts, chosen)
    found = replace(found, hits=hits)
    asks = _ASKS.format(chosen.title)
    made = yield from extract(
        parts, asked, found, main_points(sentences(hits)), MOST, asks=asks, stated=0.0, tell=TELLS
    )
    return replace(made, claims=tuple(sorted(made.claims, key=lambda c: c.citations[0].start)))


def main_points(candidates: Sequence[Sentence]) -> list[Item]:
    """The most telling sentences of an article in their order, at least one from each of its
    stretches; in the place of each, the next one of its stretch."""
    most = min(MOST, max(FEWEST, math.ceil(len(candidates) * SHARE)))
    telling = Telling(candidates, [1.0] * len(candidates))
    stretch = [i * STRETCHES // max(len(candidates), 1) for i in range(len(candidates))]
    picked: list[int] = []
    for left in range(most, 0, -1):
        untold = set(stretch) - {stretch[i] for i in picked}
        among = None
        if len(untold) >= left:
            among = {i for i, n in enumerate(stretch) if n in untold}
        i = telling.next(among)
        if i is None:
            i = telling.next()
        if i is None:
            break
        telling.take(i)
        picked.append(i)
    items = []
    for i in sorted(picked):
        j = telling.next({j for j, n in enumerate(stretch) if n == stretch[i]})
        items.append(Item(candidates[i], instead=None if j is None else Item(candidates[j])))
    return items


def _whole(parts: Parts, chosen: Article) -> tuple[Hit, ...]:
    passages = parts.library.passages(chosen.id)
    return tuple(
        Hit(passage, chosen, 1.0, rank, 1.0, None, None, None)
        for rank, passage in enumerate(passages, 1)
    )


def _fitting(parts: Parts, query: str, found: Found) -> Article | None:
    """Of the articles that the search found, the one that the question names."""
    articles = list({hit.article.id: hit.article for hit in found.hits}.values())
    if not articles:
        return None
    near = {a.id: max(h.dense for h in found.hits if h.article.id == a.id) for a in articles}
    vectors = parts.encoder.encode([query, *(a.title for a in articles)])
    titles = vectors[1:] @ vectors[0]
    named, said = _shares(query, [_name(a) for a in articles]), _shares(query, _openings(articles))
    fits = [
        _TITLE * float(titles[i]) + _PASSAGE * near[a.id] + _NAMED * named[i] + _SAID * said[i]
        for i, a in enumerate(articles)
    ]
    best = int(np.argmax(fits))
    # (one outlet's only article is the one that is meant)
    alone = len(articles) == 1 and bool(found.filter.sources)
    least = FITS if named[best] or said[best] else FITS_UNNAMED
    return articles[best] if alone or fits[best] >= least else None


def _shares(query: str, texts: Sequence[str]) -> list[float]:
    """Share of the query's facts that each text holds, by weight, rare ones counting more."""
    facts = facts_of(query)
    held = [held_by(facts, text) for text in texts]
    weights = [
        fact.weight * math.log((len(texts) + 1) / (sum(i in some for some in held) + 0.5))
        for i, fact in enumerate(facts)
    ]
    total = sum(weights)
    return [sum(weights[i] for i in some) / total if total else 0.0 for some in held]


def _name(article: Article) -> str:
    """What an article may be called by: its title, outlet and file or address."""
    place = PurePath(article.path).stem if article.path else article.url or ""
    return "\n".join((article.title, article.source or "", " ".join(re.findall(r"\w+", place))))


def _openings(articles: Sequence[Article]) -> list[str]:
    return [f"{_name(article)}\n{article.text[:_BEGINNING]}" for article in articles]
