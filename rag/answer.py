"""The Answer and its parts, and the JSON that every front end and the benchmarks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from index.article import Article, Head
from index.search import Filter, Hit
from rag.checking.verdict import Verdict
from rag.understanding.filters.asked_filter import Reading
from rag.understanding.kinds import Kind


@dataclass(frozen=True, slots=True)
class Citation:
    """From a claim to a span of an article: `article.text[start:end] == quote`, always.

    `n` is the number of the article among the answer's sources, in order of first appearance.
    """

    n: int
    article: Article
    passage_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer. `score` in 0..1 is the calibrated probability that it is right.

    `lacking` are spans of `text` whose words the quotes don't hold. `shown` is False for a sentence
    that was withheld; it is kept so that it can be seen.
    """

    text: str
    verdict: Verdict
    score: float
    citations: tuple[Citation, ...] = ()
    lacking: tuple[tuple[int, int], ...] = ()
    shown: bool = True
    label: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a conflict: the value it states, the words that state it, and how many
    independent outlets say so (copies count once)."""

    value: str
    citation: Citation
    outlets: int = 1
    newest: bool = False
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    about: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question was asked; `first_token_s` is None when nothing was written."""

    search_s: float = 0.0
    first_token_s: float | None = None
    checks_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the answering prompt, how many of them came from the cache, tokens written."""

    prompt: int = 0
    reused: int = 0
    generated: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many passages were read, of how many that speak of what was asked."""

    read: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, what is answered, what it rests on, and what produced it.

    `text` holds the shown sentences with `[n]` after each; `raw_text` is what the model wrote.
    `query` is the question as it was understood: where it asks several things, each as a question
    of its own, of which `unanswered` are those that the library doesn't answer though it does the
    others.
    `hits` are all the passages that were considered, best first; the first `context` of them
    (by their place in `context_ids`) were put before the model. `filter` is what was applied,
    `reading` what of it stood in the question's own words. `signals` are the numbers that the
    verdicts were decided from.

    `kind` is what was asked for. `said` is what is answered without a claim (a greeting; over a
    list of the library's articles, how many there are), and it opens `text`; `articles` is that
    list, and `note` what closes `text` (that a list may not be complete). `coverage` tells how much
    was read. `corrected`: (typed, taken) of each word that was put as the library spells it.
    """

    question: str
    query: str
    text: str
    raw_text: str
    abstained: bool
    claims: tuple[Claim, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    hits: tuple[Hit, ...] = ()
    context_ids: tuple[str, ...] = ()
    filter: Filter = field(default_factory=Filter)
    model: dict[str, str] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    tokens: Tokens = field(default_factory=Tokens)
    signals: dict[str, float] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    unanswered: tuple[str, ...] = ()
    kind: Kind = "fact"
    said: str = ""
    articles: tuple[Head, ...] = ()
    note: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    corrected: tuple[tuple[str, str], ...] = ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Of the shown claims, in order of appearance."""
        return tuple(c for claim in self.claims if claim.shown for c in claim.citations)

    @property
    def sources(self) -> tuple[tuple[int, Article], ...]:
        """Every cited article with its number, in order of number."""
        found: dict[int, Article] = {c.n: c.article for c in self.citations}
        for conflict in self.conflicts:
            for side in conflict.sides:
                found.setdefault(side.citation.n, side.citation.article)
        return tuple(sorted(found.items()))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (see DESIGN: `dateline ask --json`, the API and the benchmarks)."""
        return {
            "question": self.question,
            "query": self.query,
            "corrected": [list(pair) for pair in self.corrected],
            "kind": self.kind,
            "text": self.text,
            "raw_text": self.raw_text,
            "abstained": self.abstained,
            "claims": [
                {
                    "text": claim.text,
                    "label": claim.label,
                    "verdict": claim.verdict,
                    "score": round(claim.score, 4),
                    "shown": claim.shown,
                    "lacking": [list(span) for span in claim.lacking],
                    "citations": [_citation(c) for c in claim.citations],
                }
                for claim in self.claims
            ],
            "sources": [{"n": n, **article_dict(article)} for n, article in self.sources],
            "conflicts": [
                {
                    "about": conflict.about,
                    "sides": [
                        {
                            "value": side.value,
                            "outlets": side.outlets,
                            "newest": side.newest,
                            "correction": side.correction,
                            **_citation(side.citation),
                        }
                        for side in conflict.sides
                    ],
                }
                for conflict in self.conflicts
            ],
            "unanswered": list(self.unanswered),
            "said": self.said,
            "articles": [article_dict(article) for article in self.articles],
            "note": self.note,
            "coverage": {"read": self.coverage.read, "of": self.coverage.of},
            "hits": [
                {**hit_dict(hit), "in_context": hit.passage.id in self.context_ids}
                for hit in self.hits
            ],
            "filter": filter_dict(self.filter, self.reading),
            "model": self.model,
            "timings": {
                "search_s": round(self.timings.search_s, 4),
                "first_token_s": None
                if self.timings.first_token_s is None
                else round(self.timings.first_token_s, 4),
                "checks_s": round(self.timings.checks_s, 4),
                "total_s": round(self.timings.total_s, 4),
            },
            "tokens": {
                "prompt": self.tokens.prompt,
                "reused": self.tokens.reused,
                "generated": self.tokens.generated,
            },
            "signals": {name: round(value, 5) for name, value in self.signals.items()},
        }


def _citation(c: Citation) -> dict[str, Any]:
    return {
        "n": c.n,
        "article_id": c.article.id,
        "passage_id": c.passage_id,
        "start": c.start,
        "end": c.end,
        "quote": c.quote,
    }


def filter_dict(filter: Filter, reading: Reading) -> dict[str, Any]:
    """The filter that was applied, and the phrases of the question that it was read from."""
    wanted = reading.preferred
    return {
        **_days(filter),
        "sources": sorted(filter.sources),
        "found": list(reading.found),
        "dropped": list(reading.dropped),
        "preferred": wanted and {"phrase": wanted.phrase, **_days(wanted.filter)},
    }


def _days(filter: Filter) -> dict[str, str | None]:
    return {
        "since": filter.since.isoformat() if filter.since else None,
        "until": filter.until.isoformat() if filter.until else None,
    }


def hit_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON; also what `dateline search --json` prints."""
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "dense": round(hit.dense, 4),
        "lexical": None if hit.lexical is None else round(hit.lexical, 4),
        "passage_id": hit.passage.id,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "text": hit.passage.text,
        **article_dict(hit.article),
    }


def article_dict(article: Article | Head) -> dict[str, Any]:
    """An article as JSON, without its text; also what `dateline list --json` prints."""
    return {
        "article_id": article.id,
        "title": article.title,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "url": article.url,
        "path": article.path,
        "copy_of": article.copy_of,
        "gone": article.gone.isoformat() if article.gone else None,
    }
