"""A list: every item that the passages give, each once, with its own quote.

Passages are asked apart, those that state something are asked for a sentence, and a sentence that
is borne out gives its items: the names in it that the Judge bears out one by one, or, where it
names none, itself. What isn't borne out is left out, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from index.search import Hit
from rag.answer import Claim, Coverage, Timings, Tokens
from rag.asking import Asked
from rag.checking.attribute import lacking
from rag.checking.check import quote
from rag.checking.facts.words import content
from rag.compose import Outcome, sentence_spans
from rag.composing.parts import Parts
from rag.composing.taking.apart import apart, beside
from rag.composing.taking.items import listed, same, statement
from rag.events import ClaimChecked, Event, Passages
from rag.generating.generator import Piece, Read

STATES = 0.5  # P(stated) from which a passage is asked for its items
MOST = 5  # passages that are
BORNE = 0.5  # P(borne out) from which an item is one


@dataclass(frozen=True, slots=True)
class _Written:
    """What one passage gives: its claim, or None, and what that cost."""

    hit: Hit
    claims: tuple[Claim, ...]
    dropped: bool
    raw: str
    tokens: Tokens


def listing(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    found = yield from apart(parts, asked, query)
    found = yield from beside(parts, asked, query, found, STATES)
    on_it = sorted(found.stating(STATES), key=lambda pair: -pair[1])
    yield Passages(found.read, tuple(hit.passage.id for hit, _ in on_it[:MOST]))
    began = time.perf_counter()
    first_s: float | None = None
    written: list[_Written] = []
    claims: list[Claim] = []
    withheld: list[Claim] = []
    for hit, stated in on_it[:MOST]:
        one = _items(parts, asked, query, hit, stated)
        first_s = first_s or time.perf_counter() - asked.began
        written.append(one)
        for claim in one.claims:
            if claim.verdict == "withheld":
                withheld.append(claim)
            elif adds(claim, query, claims):
                claims.append(claim)
                yield ClaimChecked(claim)
    dropped = any(one.dropped for one in written) or len(on_it) > MOST
    return Outcome(
        query=query,
        raw_text=" ".join(one.raw for one in written),
        abstained=not claims,
        claims=(*claims, *withheld),
        hits=found.read,
        context_ids=tuple(one.hit.passage.id for one in written),
        filter=found.filter,
        timings=Timings(found.search_s, first_s, time.perf_counter() - began),
        tokens=Tokens(
            sum(one.tokens.prompt for one in written),
            sum(one.tokens.reused for one in written),
            sum(one.tokens.generated for one in written),
        ),
        signals={
            "stated": max(found.stated, default=0.0),
            "probability": max((claim.score for claim in claims), default=0.0),
        },
        reading=found.reading,
        note=note(found.coverage, dropped=dropped) if claims else "",
        coverage=found.coverage,
    )


def note(coverage: Coverage, *, dropped: bool) -> str:
    """That a list may not be complete, and why; "" where nothing says so."""
    why = []
    if coverage.read < coverage.of:
        why.append(f"I read {coverage.read} of {coverage.of} passages")
    if dropped:
        why.append("I left out what I couldn't check")
    return f"There may be more: {' and '.join(why)}." if why else ""


def adds(claim: Claim, query: str, known: Sequence[Claim]) -> bool:
    """Whether an item says anything that those before it don't."""
    if any(same(claim.text, other.text) for other in known):
        return False
    said = {stem for other in known for stem in content(other.text)} | set(content(query))
    return not set(content(claim.text)) <= said


def _items(parts: Parts, asked: Asked, query: str, hit: Hit, stated: float) -> _Written:
    pieces: list[str] = []
    read = Read(0, 0)
    for event in parts.writer.write(query, [hit], asked.stop):
        if isinstance(event, Read):
            read = event
        elif isinstance(event, Piece):
            pieces.append(event.text)
    raw = "".join(pieces).strip()
    tokens = Tokens(read.tokens, read.reused, len(pieces))
    claims: list[Claim] = []
    dropped = False
    for start, end in sentence_spans(raw):
        sentence = raw[start:end]
        whole, _ = parts.checker.answer(
            sentence,
            query,
            [hit],
            stated,
            show_withheld=asked.settings.show_withheld,
            stop=asked.stop,
        )
        spans = listed(sentence, query)
        if whole.verdict == "withheld" or not spans:
            claims.append(whole)
            dropped |= whole.verdict == "withheld"
            continue
        kept = _borne(parts, asked, sentence, spans, hit)
        dropped |= len(kept) < len(spans)
        claims += [
            _item(whole, sentence[a:b], statement(sentence, spans, spans.index((a, b))), hit)
            for a, b in kept
        ]
    return _Written(hit, tuple(claims), dropped, raw, tokens)


def _borne(
    parts: Parts, asked: Asked, sentence: str, spans: Sequence[tuple[int, int]], hit: Hit
) -> list[tuple[int, int]]:
    """The items that the passage bears out, each by itself."""
    said = [(statement(sentence, spans, n), hit) for n in range(len(spans))]
    likely = parts.judge.alone_each(said, asked.stop)
    return [span for span, p in zip(spans, likely, strict=True) if p >= BORNE]


def _item(whole: Claim, text: str, said: str, hit: Hit) -> Claim:
    """An item with the words that say it of this item (a heading may only name it)."""
    own = quote(said, hit)
    citations = (own,) if own else whole.citations
    known = "\n".join([hit.article.title, hit.passage.heading, *(c.quote for c in citations)])
    return replace(whole, text=text, citations=citations, lacking=lacking(text, known))
