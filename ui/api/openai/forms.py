"""The parts that OpenAI's two routes share, as JSON. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from index.article import Article, Head
from rag.answer import Answer, Citation, Claim, Tokens
from ui.api.openai.wire import Cited

# Of `Answer.to_dict`: what is of no use to whoever reads the answer, and long.
_LEFT_OUT = ("hits", "raw_text", "signals")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the articles of a library can be read: `base` ends with a slash, `library` is empty
    for the usual one."""

    base: str
    library: str = ""

    def article(self, id: str, start: int | None = None, end: int | None = None) -> str:
        which = f"?library={quote(self.library)}" if self.library else ""
        place = "" if start is None else f"#{start}-{end}"
        return f"{self.base}articles/{quote(id)}{which}{place}"

    def of(self, citation: Citation) -> str:
        return self.article(citation.article.id, citation.start, citation.end)


def title(article: Article | Head) -> str:
    about = [article.source, article.published and article.published.isoformat()]
    known = ", ".join(part for part in about if part)
    return f"{article.title} ({known})" if known else article.title


def annotation(cited: Cited, addresses: Addresses) -> dict[str, Any]:
    """Flat, as Responses have it. `start_index` and `end_index` are places in the answer's text."""
    return {
        "type": "url_citation",
        "start_index": cited.start,
        "end_index": cited.end,
        "url": addresses.of(cited.citation),
        "title": title(cited.citation.article),
    }


def nested(cited: Cited, addresses: Addresses) -> dict[str, Any]:
    """The same, as chat completions have it."""
    flat = annotation(cited, addresses)
    return {"type": flat.pop("type"), "url_citation": flat}


def source_event(citation: Citation, addresses: Addresses) -> dict[str, Any]:
    """What Open WebUI shows as a source, with the quoted words. Its reader makes one source of
    those with the same `metadata.source`, and numbers them in the order in which they come."""
    article = citation.article
    return {
        "type": "source",
        "data": {
            "source": {
                "id": article.id,
                "name": title(article),
                "url": addresses.of(citation),
            },
            "document": [citation.quote],
            "metadata": [{"source": article.id, "name": title(article)}],
        },
    }


def claim_dict(claim: Claim, addresses: Addresses) -> dict[str, Any]:
    """A sentence with its verdict, and the words that it rests on."""
    return {
        "text": claim.text,
        "label": claim.label,
        "verdict": claim.verdict,
        "score": round(claim.score, 4),
        "shown": claim.shown,
        "citations": [
            {
                "n": c.n,
                "article_id": c.article.id,
                "passage_id": c.passage_id,
                "start": c.start,
                "end": c.end,
                "quote": c.quote,
                "url": addresses.of(c),
                "title": c.article.title,
            }
            for c in claim.citations
        ],
    }


def dateline(answer: Answer, addresses: Addresses) -> dict[str, Any]:
    """The Answer as JSON (see DESIGN), with the addresses of what is cited."""
    said = answer.to_dict()
    for name in _LEFT_OUT:
        said.pop(name, None)
    for claim in said["claims"]:
        _with_urls(claim["citations"], addresses)
    for conflict in said["conflicts"]:
        _with_urls(conflict["sides"], addresses)
    for source in (*said["sources"], *said["articles"]):
        source["page"] = addresses.article(source["article_id"])
        source["path"] = file_name(source["path"])
    return said


def _with_urls(citations: Sequence[dict[str, Any]], addresses: Addresses) -> None:
    for c in citations:
        c["url"] = addresses.article(c["article_id"], c["start"], c["end"])


def file_name(path: str | None) -> str | None:
    """Where a file lies on this machine is nobody's business elsewhere."""
    return path and Path(path).name


def usage(tokens: Tokens) -> dict[str, Any]:
    """As chat completions count."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.generated,
        "total_tokens": tokens.prompt + tokens.generated,
        "prompt_tokens_details": {"cached_tokens": tokens.reused},
    }


def new_id(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(12)}"


def content_text(content: object) -> str:
    """The words of a message's content: a text, or a list of parts; pictures have none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))
