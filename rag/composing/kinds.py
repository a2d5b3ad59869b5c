"""Which composer answers which kind."""

from __future__ import annotations

from collections.abc import Mapping

from rag.composing.fact import fact
from rag.composing.parts import Composer
from rag.understanding.kinds import KINDS, Kind

COMPOSERS: Mapping[Kind, Composer] = dict.fromkeys(KINDS, fact)
