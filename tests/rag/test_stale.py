"""An answer whose articles were corrected, edited elsewhere, or removed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from index.article import Article
from index.storing.versions import Version
from rag.stale import Stale, basis, rested_on, stale

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


def test_what_vanished_at_its_source_is_told_once_it_has_and_not_if_it_was_known() -> None:
    gone = Article("a", "a", TEXT, gone=date(2024, 5, 17))
    said = answer(citation("a", COST), citation("a", DAY))
    assert stale(said, {"a": gone}.get) == [Stale("a", "Bridge", "vanished", (COST, DAY))]
    moved = replace(gone, text="Correction. " + TEXT)
    assert [s.change for s in stale(said, {"a": moved}.get)] == ["vanished"]
    said["sources"][0]["gone"] = "2024-05-16"
    assert stale(said, {"a": gone}.get) == []
    reworded = replace(gone, text=DAY)
    assert [(s.change, s.quotes) for s in stale(said, {"a": reworded}.get)] == [
        ("reworded", (COST,))
    ]


def test_the_version_that_an_answer_rested_on_is_found() -> None:
    def version(text: str) -> Version:
        return Version("Bridge", text, None, "", datetime(2024, 5, 17, tzinfo=UTC))

    texts = ["Other words.", TEXT, TEXT + " More.", TEXT.replace("4", "5")]
    versions = [version(text) for text in texts]
    said = answer(citation("a", COST), citation("b", DAY))
    assert rested_on(said, "a", versions) == 2
    assert rested_on(said, "b", versions) == 3
    assert rested_on(said, "a", versions[:1]) is None
    assert rested_on(said, "a", []) is None


def test_what_is_kept_of_an_answer_tells_as_much_as_all_of_it() -> None:
    cites = [{**citation("a", COST), "n": 1, "more": "x"}, {**citation("b", DAY), "n": 2}]
    whole = {**answer(*cites, sides=(cites[1],)), "question": "How much?", "text": "Much."}
    kept = basis(whole)
    assert set(kept) == {"question", "claims", "sources"}
    corrected = now(a=TEXT.replace("4", "5"))
    assert stale(kept, corrected) == stale(whole, corrected)
    assert [s.n for s in stale(kept, corrected)] == [1, 2]
