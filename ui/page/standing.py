"""What stands of an answer that was stopped, and what was read for one that goes on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rag.answer import Answer
from rag.compose import Outcome, together
from ui.page.rendering.live import Live


def standing(p: Live) -> Answer | None:
    """What had been checked of an answer when it was stopped; None where nothing had."""
    stands = tuple(c for c in p.claims if c.shown and c.verdict != "withheld")
    if not stands:
        return None
    part = Outcome(query=p.query or p.question, raw_text=p.draft, claims=stands)
    answer = together(p.question, [part], {}, total_s=0.0, kind=p.kind or "fact")
    return replace(answer, corrected=p.corrected)


def read(answer: Mapping[str, Any]) -> list[str]:
    """The ids of the passages that were read for an answer (its JSON form), and for those that it
    goes on from."""
    before = list((answer.get("page") or {}).get("skip", ()))
    hits = answer.get("hits") or ()
    found = dict.fromkeys(hit["passage_id"] for hit in hits if hit["in_context"])
    counted = int((answer.get("coverage") or {}).get("read", 0))
    new = counted - len(before)  # some count what was read before, some don't
    for hit in hits:
        if len(found) >= (new if new >= len(found) else counted):
            break
        found[hit["passage_id"]] = None
    return list(dict.fromkeys([*before, *found]))
