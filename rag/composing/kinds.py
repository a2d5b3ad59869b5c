"""Which composer answers which kind."""

from __future__ import annotations

from collections.abc import Mapping

from rag.composing.fact import fact
from rag.composing.library import library
from rag.composing.parts import Composer
from rag.composing.smalltalk import smalltalk
from rag.understanding.kinds import KINDS, Kind

COMPOSERS: Mapping[Kind, Composer] = {
    **dict.fromkeys(KINDS, fact),
    "library": library,
    "smalltalk": smalltalk,
}
WITHOUT_ARTICLES: frozenset[Kind] = frozenset({"library", "smalltalk"})
"""Kinds that an empty library can answer."""
