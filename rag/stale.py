"""Whether an answer that was kept still rests on what its articles say. Pure.

Reads the JSON form of an Answer, as conversations keep it, and what the library holds now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from index.article import Article
from index.storing.versions import Version

Change = Literal["removed", "reworded", "vanished", "edited"]
_WORST: tuple[Change, ...] = ("removed", "reworded", "vanished", "edited")


@dataclass(frozen=True, slots=True)
class Stale:
    """An article that an answer cites and that isn't as it was then.

    "removed": it isn't in the library any more; "reworded": it no longer has words that were
    quoted; "vanished": it says the same, but its source no longer has it; "edited": it has the
    words, at another place. `quotes` are the words that this is true of, `n` is the number that it
    is cited by.
    """

    article_id: str
    title: str
    change: Change
    quotes: tuple[str, ...]
    n: int = 0


def stale(answer: Mapping[str, Any], article: Callable[[str], Article | None]) -> list[Stale]:
    """The articles that have changed under an answer, in the order of its citations."""
    found: dict[str, dict[Change, list[str]]] = {}
    now: dict[str, Article | None] = {}
    sources = {str(s["article_id"]): s for s in answer.get("sources", ())}
    numbers: dict[str, int] = {}
    for citation in cited(answer):
        id, quote = str(citation["article_id"]), str(citation["quote"])
        if id not in now:
            now[id] = article(id)
        numbers.setdefault(id, int(citation.get("n", 0)))
        known = bool(sources.get(id, {}).get("gone"))
        change = _change(now[id], int(citation["start"]), int(citation["end"]), quote, known)
        if change is not None:
            quotes = found.setdefault(id, {}).setdefault(change, [])
            if quote not in quotes:
                quotes.append(quote)
    made = []
    for id, changes in found.items():
        worst = next(one for one in _WORST if one in changes)
        title = str(sources.get(id, {}).get("title", ""))
        made.append(Stale(id, title, worst, tuple(changes[worst]), numbers[id]))
    return made


def rested_on(
    answer: Mapping[str, Any], article_id: str, versions: Sequence[Version]
) -> int | None:
    """Which of an article's earlier versions an answer cites, by its place in `versions`: the last
    that has all the quoted words where they were quoted; None where none has."""
    words = [
        (int(c["start"]), int(c["end"]), str(c["quote"]))
        for c in cited(answer)
        if c["article_id"] == article_id
    ]
    for at in range(len(versions) - 1, -1, -1):
        if all(versions[at].text[start:end] == quote for start, end, quote in words):
            return at
    return None


def cited(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The citations of the sentences that were shown, and of all sides of every conflict."""
    for claim in answer.get("claims", ()):
        if claim.get("shown", True):
            yield from claim["citations"]
    for conflict in answer.get("conflicts", ()):
        yield from (side for side in conflict["sides"] if "quote" in side and "start" in side)


def basis(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Of an answer what `stale` reads, and its question: small enough to be kept anywhere."""
    cites = [
        {key: citation[key] for key in ("n", "article_id", "start", "end", "quote")}
        for citation in cited(answer)
    ]
    sources = [
        {key: source.get(key) for key in ("article_id", "title", "gone")}
        for source in answer.get("sources", ())
    ]
    return {
        "question": str(answer.get("question", "")),
        "claims": [{"citations": cites}],
        "sources": sources,
    }


def _change(
    article: Article | None, start: int, end: int, quote: str, known_gone: bool
) -> Change | None:
    if article is None:
        return "removed"
    in_place = article.text[start:end] == quote
    if not in_place and quote not in article.text:
        return "reworded"
    if article.gone and not known_gone:
        return "vanished"
    return None if in_place else "edited"
