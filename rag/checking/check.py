"""A sentence to a claim: its verdict, and the words of the passage that bears it out."""

from __future__ import annotations

from collections.abc import Sequence

from index.search import Hit
from rag.answer import Citation, Claim
from rag.checking.attribute import Span, beside, candidates, lacking, span_of
from rag.checking.verdict import Judged, calibration
from rag.generating.generator import Stop
from rag.generating.judge import Judge

HOPELESS = 0.02  # P(stated), and P(borne out), under which nothing more is asked
ENOUGH = 0.5  # P(borne out by a passage alone) from which no second quote is looked for


class Checker:
    """Asks the Judge, and reads its probabilities by the calibration."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._calibration = calibration(judge)

    @property
    def calibrated(self) -> bool:
        return self._calibration.fits

    def answer(
        self,
        sentence: str,
        query: str,
        context: Sequence[Hit],
        stated: float,
        *,
        show_withheld: bool = False,
        stop: Stop | None = None,
    ) -> tuple[Claim, Judged]:
        """A written sentence, as the answer to a question over passages that state one with the
        probability `stated`. Citations aren't numbered yet."""
        supported = self._judge.supported(sentence, context, query, stop)
        likely = candidates(sentence, context)
        alone: tuple[float, ...] = (0.0,)
        if supported >= HOPELESS:
            alone = self._judge.alone(sentence, likely, stop)
        best = likely[alone.index(max(alone))]
        judged = Judged(stated, supported, max(alone))
        score = self._calibration.probability(judged)
        verdict = self._calibration.verdict(score)
        spans = _quotes(sentence, best, context, enough=max(alone) >= ENOUGH)
        known = " ".join([query, *(_known(span) for span in spans)])
        claim = Claim(
            text=sentence,
            verdict=verdict,
            score=score,
            citations=tuple(_citation(span) for span in spans),
            lacking=lacking(sentence, known) if spans else (),
            shown=verdict != "withheld" or show_withheld,
        )
        return claim, judged


def quoted(hit: Hit, start: int, end: int, label: str = "") -> Claim:
    """Words of an article as they stand there (`start`, `end` in the article's text): borne out by
    themselves, so no Judge is asked."""
    span = Span(hit, start, end)
    text = " ".join(span.quote.split())
    return Claim(text, "stated", 1.0, (_citation(span),), label=label)


def _quotes(sentence: str, best: Hit, context: Sequence[Hit], *, enough: bool) -> list[Span]:
    """The quote of the best passage and, where that isn't enough, one of another."""
    first = span_of(sentence, best)
    if first is None:
        return []
    second = None if enough else beside(sentence, first, context)
    return [first, second] if second else [first]


def _known(span: Span) -> str:
    """A quote with what a reader of it sees: what it is from, and when."""
    article, passage = span.hit.article, span.hit.passage
    published = article.published.strftime("%d %B %Y") if article.published else ""
    return "\n".join((article.title, passage.heading, published, span.quote))


def _citation(span: Span) -> Citation:
    """Not numbered yet: numbers follow the order of what is shown."""
    article = span.hit.article
    return Citation(
        n=0,
        article=article,
        passage_id=span.hit.passage.id,
        start=span.start,
        end=span.end,
        quote=article.text[span.start : span.end],
    )
