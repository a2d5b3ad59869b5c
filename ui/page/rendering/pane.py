"""What the article pane shows for a citation: the article with the words marked where they are
now, or, where it has changed or is gone, the words that were kept with the answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from index.article import Article
from index.storing.versions import Version
from ui.page.changes import shown
from ui.page.rendering import panels


def opened(
    found: Article | None,
    article_id: str,
    spans: str,
    answer: Mapping[str, Any] | None,
    n: int | None,
    versions: Sequence[Version] = (),
) -> str:
    """`spans` is `start-end start-end…`; `answer` (its JSON form) is where they were cited;
    `versions` is what the article said before."""
    wanted = [(int(a), int(b)) for a, b in re.findall(r"(\d{1,9})-(\d{1,9})", spans)]
    kept = kept_words(answer, article_id) if answer else {}
    quotes = [kept[span] for span in wanted if span in kept]
    if found is None:
        return panels.gone(_source(answer, article_id), quotes)
    earlier = shown.versions(article_id, versions)
    sound = [s for s in wanted if s not in kept or found.text[slice(*s)] == kept[s]]
    if len(sound) < len(wanted):
        moved = [(found.text.find(q), q) for q in quotes]
        if any(at < 0 for at, _ in moved):
            return panels.gone(_source(answer, article_id), quotes, earlier)
        sound = [(at, at + len(q)) for at, q in moved]
    return panels.article(found, sound, n, earlier)


def kept_words(answer: Mapping[str, Any], article_id: str) -> dict[tuple[int, int], str]:
    """The words of an article that are kept with an answer, by their place."""
    cited = [c for claim in answer["claims"] for c in claim["citations"]]
    sides = [s for conflict in answer["conflicts"] for s in conflict["sides"]]
    kept = {
        (h["start"], h["end"]): h["text"]
        for h in answer.get("hits", ())
        if h["article_id"] == article_id
    }
    kept |= {
        (c["start"], c["end"]): c["quote"] for c in cited + sides if c["article_id"] == article_id
    }
    return kept


def _source(answer: Mapping[str, Any] | None, article_id: str) -> Mapping[str, Any] | None:
    if answer is None:
        return None
    known = list(answer["sources"]) + list(answer.get("hits", ()))
    return next((s for s in known if s["article_id"] == article_id), None)
