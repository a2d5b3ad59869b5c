"""An answer whose articles were corrected, edited elsewhere, or removed since."""

from __future__ import annotations

from typing import Any

from index.article import Article
from rag.stale import Stale, stale

TEXT = "The bridge cost 4 million euros. It opens on Monday."
COST, DAY = "The bridge cost 4 million euros.", "It opens on Monday."


def citation(id: str, quote: str) -> dict[str, Any]:
    start = TEXT.index(quote)
    return {"article_id": id, "start": start, "end": start + len(quote), "quote": quote}


def answer(*citations: dict[str, Any], sides: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "claims": [{"shown": True, "citations": list(citations)}],
        "conflicts": [{"about": "cost", "sides": list(sides)}] if sides else [],
        "sources": [{"article_id": "a", "title": "Bridge"}, {"article_id": "b", "title": "Other"}],
    }


def now(**texts: str) -> Any:
    return {id: Article(id, id, text) for id, text in texts.items()}.get


def test_what_is_as_it_was_is_not_told() -> None:
    assert stale(answer(citation("a", COST)), now(a=TEXT + " More was said.")) == []
    assert stale({}, now()) == []


def test_a_correction_an_edit_and_a_removal() -> None:
    said = answer(citation("a", COST), citation("a", DAY), citation("b", DAY), citation("b", DAY))
    corrected = TEXT.replace("4", "5.5")
    assert stale(said, now(a=corrected, b="Correction. " + TEXT)) == [
        Stale("a", "Bridge", "reworded", (COST,)),
        Stale("b", "Other", "edited", (DAY,)),
    ]
    assert stale(said, now(a=TEXT)) == [Stale("b", "Other", "removed", (DAY,))]


def test_a_side_of_a_conflict_counts_and_a_withheld_sentence_does_not() -> None:
    said = answer(citation("a", DAY), sides=(citation("a", COST),))
    assert [s.quotes for s in stale(said, now(a=TEXT.replace("4", "6")))] == [(COST,)]
    said["claims"][0]["shown"] = False
    said["conflicts"] = []
    assert stale(said, now()) == []
