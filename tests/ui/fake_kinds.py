"""Answers of every kind but a fact, for the page's tests: made from invented articles by rule, with
true offsets. "slow" waits between sentences."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.article import Article, Head
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Citation, Claim, Coverage, Timings, Tokens
from rag.compose import Outcome, together
from rag.events import ClaimChecked, Done, Event, Passages, Progress, Searching, Understood
from rag.understanding.kinds import Kind

_BY_WORDS: tuple[tuple[str, Kind], ...] = (
    (r"^summarise", "article"),
    (r"^tell me about|^explain", "overview"),
    (r"timeline", "timeline"),
    (r"^compare", "comparison"),
    (r"which articles|do you have", "library"),
    (r"^hello", "smalltalk"),
    (r"^list", "list"),
    (r"^what happened", "day"),
    (r"^(?:is|did|was|has) ", "yesno"),
    (r"^should", "other"),
)


def kind_of(question: str) -> Kind:
    words = question.casefold()
    return next((kind for pattern, kind in _BY_WORDS if re.search(pattern, words)), "fact")


COST = (
    "The bridge cost 41 million crowns, the council said, and carries four lanes, a cycle path and "
    "the tram."
)
COUNTED = (
    "The harbour bridge cost 44 million crowns once the ramps are counted, the auditors' report "
    "says."
)
OPENED = (
    "The new harbour bridge was opened on Saturday by the mayor, Ilse Brandt, eleven months later "
    "than planned."
)
TRAFFIC = "Engineers expect 18,000 vehicles a day to cross it by the summer."
STEEL = "The delay of eleven months was put down to a shortage of steel."
CARRIED = "The solar ferry Lumen carried its millionth passenger on Friday."


def quoted(article: Article, words: str, label: str = "") -> Claim:
    start = article.text.index(words)
    end = start + len(words)
    # (numbered when it is put together)
    cited = Citation(0, article, f"{article.id}:{start}-{end}", start, end, words)
    return Claim(words, "stated", 1.0, (cited,), label=label)


def claims_of(kind: Kind, articles: Sequence[Article]) -> list[Claim]:
    opens, audit, ferry, museum = articles[:4]
    if kind == "comparison":
        return [
            quoted(opens, COST, "Varnholm Courier"),
            quoted(audit, COUNTED, "Coast Herald"),
        ]
    if kind in ("timeline", "day"):
        return [
            quoted(ferry, CARRIED, "21 February 2025"),
            quoted(opens, OPENED, "12 April 2025, 14:20"),
            quoted(audit, COUNTED, "reported 3 June 2025"),
        ]
    if kind == "list":
        late = "Steel that came eleven months late from abroad."
        return [
            quoted(opens, "a cycle path"),
            quoted(opens, "the tram"),
            replace(quoted(audit, STEEL), text=late, verdict="check this", lacking=((35, 46),)),
        ]
    if kind == "yesno":
        return [quoted(audit, STEEL, "Yes")]
    if kind == "other":
        return [quoted(museum, museum.text.split("\n")[0], "Island Post")]
    told = (opens, OPENED), (opens, COST), (opens, TRAFFIC), (audit, STEEL), (ferry, CARRIED)
    return [quoted(article, words) for article, words in told]


def answered(
    question: str,
    kind: Kind,
    articles: Sequence[Article],
    *,
    given: bool,
    pace: float,
    model: dict[str, str],
    skip: Sequence[str] = (),
    correct: bool = True,
) -> Iterator[Event]:
    """The events of one answer."""
    corrected = (("brigde", "bridge"),) if correct and "brigde" in question else ()
    query = question.replace("brigde", "bridge") if correct else question
    yield Understood(question, query, kind, given, corrected)
    heads = tuple(
        Head(a.id, a.title, a.source, a.published, a.authors, a.url, a.path, a.copy_of)
        for a in articles
    )
    if kind in ("library", "smalltalk"):
        said = (
            f"The library holds {len(heads)} articles." if kind == "library" else "Hello! Ask me."
        )
        note = "These are all." if kind == "library" else ""
        part = Outcome(query, said=said, note=note, articles=heads if kind == "library" else ())
        yield Done(together(question, [part], model, total_s=0.01, kind=kind))
        return
    yield Searching(question, query, Filter())
    claims = claims_of(kind, articles)
    hits = tuple(_hits(claims))
    if skip:
        hits, claims = hits[1:], claims[-1:]
    ids = tuple(hit.passage.id for hit in hits)
    yield Passages(hits, ids)
    for n, claim in enumerate(claims, 1):
        time.sleep(pace * (100 if "slow" in question else 3))
        yield Progress(2 * n, 14)
        yield ClaimChecked(claim)
    said = "I only tell what the articles say. On this they say:" if kind == "other" else ""
    note = {
        "comparison": "44 million is 7% more than 41 million.",
        "list": "There may be more: I read 6 of 14 passages.",
    }.get(kind, "")
    part = Outcome(
        query, " ".join(c.text for c in claims), claims=tuple(claims), hits=hits, context_ids=ids,
        timings=Timings(0.01, 0.2, 0.5, 0.0), tokens=Tokens(700, 650, 0), said=said, note=note,
        coverage=Coverage(len(skip) + 6, 14),
    )  # fmt: skip
    answer = together(question, [part], model, total_s=1.2, kind=kind)
    yield Done(replace(answer, corrected=corrected))


def _hits(claims: Sequence[Claim]) -> Iterator[Hit]:
    for rank, c in enumerate((c for claim in claims for c in claim.citations), 1):
        passage = Passage(c.article.id, c.start, c.end, c.quote)
        yield Hit(passage, c.article, 0.03 / rank, rank, 0.8 / rank, None, rank, None)
