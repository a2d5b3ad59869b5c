"""Which composer answers which kind."""

from __future__ import annotations

from collections.abc import Mapping

from rag.composing.article import article
from rag.composing.comparison import comparison
from rag.composing.days import day, timeline
from rag.composing.fact import fact
from rag.composing.library import library
from rag.composing.listing import listing
from rag.composing.other import other
from rag.composing.overview import overview
from rag.composing.parts import Composer
from rag.composing.smalltalk import smalltalk
from rag.composing.yesno import yesno
from rag.understanding.kinds import KINDS, Kind

COMPOSERS: Mapping[Kind, Composer] = {
    **dict.fromkeys(KINDS, fact),
    "overview": overview,
    "article": article,
    "day": day,
    "timeline": timeline,
    "library": library,
    "smalltalk": smalltalk,
    "list": listing,
    "comparison": comparison,
    "yesno": yesno,
    "other": other,
}
WITHOUT_ARTICLES: frozenset[Kind] = frozenset({"library", "smalltalk"})
"""Kinds that an empty library can answer."""
