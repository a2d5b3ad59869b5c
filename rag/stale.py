"""Whether an answer that was kept still rests on what its articles say. Pure.

Reads the JSON form of an Answer, as conversations keep it, and what the library holds now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from index.article import Article

Change = Literal["reworded", "edited", "removed"]


@dataclass(frozen=True, slots=True)
class Stale:
    """An article that an answer cites and that isn't as it was then.

    "reworded": it no longer has words that were quoted; "edited": it has them, at another place;
    "removed": it isn't in the library any more. `quotes` are the words that this is true of.
    """

    article_id: str
    title: str
    change: Change
    quotes: tuple[str, ...]


_WORST: tuple[Change, ...] = ("removed", "reworded", "edited")


def stale(answer: Mapping[str, Any], article: Callable[[str], Article | None]) -> list[Stale]:
    """The articles that have changed under an answer, in the order of its citations."""
    found: dict[str, dict[Change, list[str]]] = {}
    now: dict[str, Article | None] = {}
    for citation in _citations(answer):
        id, quote = str(citation["article_id"]), str(citation["quote"])
        if id not in now:
            now[id] = article(id)
        change = _change(now[id], int(citation["start"]), int(citation["end"]), quote)
        if change is not None:
            quotes = found.setdefault(id, {}).setdefault(change, [])
            if quote not in quotes:
                quotes.append(quote)
    titles = {str(s["article_id"]): str(s["title"]) for s in answer.get("sources", ())}
    made = []
    for id, changes in found.items():
        worst = next(one for one in _WORST if one in changes)
        made.append(Stale(id, titles.get(id, ""), worst, tuple(changes[worst])))
    return made


def _change(article: Article | None, start: int, end: int, quote: str) -> Change | None:
    if article is None:
        return "removed"
    if article.text[start:end] == quote:
        return None
    return "edited" if quote in article.text else "reworded"


def _citations(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of the sentences that were shown, and of both sides of every conflict."""
    for claim in answer.get("claims", ()):
        if claim.get("shown", True):
            yield from claim["citations"]
    for conflict in answer.get("conflicts", ()):
        yield from (side for side in conflict["sides"] if "quote" in side and "start" in side)
