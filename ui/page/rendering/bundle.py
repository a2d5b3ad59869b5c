"""Marked answers as a folder for `dateline eval answers --data FOLDER`, zipped: the questions with
what they should be answered, and the articles that they ask about. Pure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence

from index.article import Article
from ui.page.conversations import Turn
from ui.page.rendering import footnotes

WHOLE = 20_000_000  # characters of articles; of a larger library, only what was considered goes in


def bundle(voted: Sequence[Turn], articles: Iterable[Article]) -> tuple[bytes, int]:
    """The zip, empty where there is no question, and how many turns couldn't become one.

    Copies stay out: they count as their original.
    """
    lines, left = footnotes.questions(voted)
    if not lines:
        return b"", left
    originals = [a for a in articles if a.copy_of is None]
    if sum(len(a.text) for a in originals) > WHOLE:
        hits = (hit for turn in voted for hit in (turn.answer or {}).get("hits", ()))
        considered = {hit["article_id"] for hit in hits}
        originals = [a for a in originals if a.id in considered]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("questions.jsonl", lines)
        archive.writestr("articles/articles.jsonl", "".join(map(_line, originals)))
    return made.getvalue(), left


def _line(article: Article) -> str:
    fields = {
        "id": article.id,
        "title": article.title,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "authors": list(article.authors),
        "url": article.url,
        "text": article.text,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"
