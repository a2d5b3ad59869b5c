"""What the tools give back: values in, structured content and text out. Pure.

`search` and `fetch` have the form that ChatGPT's connectors and deep research ask for
(platform.openai.com/docs/mcp): one text item that holds the JSON of the structured content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, Field

from index.article import Article, Head
from index.search import Hit
from ui.page.rendering.footnotes import footnoted


class Result(BaseModel):
    """An article that may hold what is looked for."""

    id: str
    title: str
    url: str


class Results(BaseModel):
    """What `search` found, best first."""

    results: list[Result]


class Document(BaseModel):
    """What `fetch` gives: an article as it was read in."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, str] = Field(default_factory=dict)


class Listed(Result):
    source: str | None = None
    published: str | None = Field(None, description="The day, as 2024-05-17.")
    copy_of: str | None = Field(None, description="The id of the article that it is a copy of.")


class Page(BaseModel):
    """Articles of the library, newest first."""

    articles: list[Listed]
    total: int
    next_cursor: str | None = Field(None, description="Where the next page begins; none is left.")


class Quote(BaseModel):
    """Words of an article: its text from `start` to `end` is `quote`."""

    model_config = ConfigDict(extra="allow")

    n: int
    article_id: str
    start: int
    end: int
    quote: str


class Sentence(BaseModel):
    """A sentence of the answer. `stated`: the quotes state it; `check this`: they lack the words
    that `lacking` names."""

    model_config = ConfigDict(extra="allow")

    text: str
    verdict: str
    score: float
    lacking: list[str] = Field(default_factory=list)
    citations: list[Quote] = Field(default_factory=list)


class Answered(BaseModel):
    """An answer, every sentence with the words that bear it out. `abstained`: the library doesn't
    hold it."""

    model_config = ConfigDict(extra="allow")

    question: str
    text: str
    abstained: bool
    claims: list[Sentence] = Field(default_factory=list)


class Change(BaseModel):
    """What became of an article: added, updated, unchanged, duplicate, refused or removed."""

    status: str
    id: str | None = None
    title: str | None = None
    reason: str | None = None


class Changes(BaseModel):
    changes: list[Change]


# What of an Answer is told: not what was drafted and withheld, nor how it came about.
_TOLD = ("question", "query", "text", "abstained", "kind", "unanswered", "model")


def address(article: Article | Head, base: str | None) -> str:
    """The article's own address; else its page under `base`; else a name that opens nothing.

    Never a path on this machine: what a tool gives back leaves it.
    """
    if article.url and urlsplit(article.url).scheme in ("http", "https"):
        return article.url
    return f"{base}/articles/{article.id}" if base else f"dateline:{article.id}"


def found(hits: Sequence[Hit], most: int, base: str | None) -> Results:
    """The articles that passages were found in, each once, in order of their best."""
    articles = {hit.article.id: hit.article for hit in reversed(hits)}
    best = dict.fromkeys(hit.article.id for hit in hits)
    return Results(
        results=[
            Result(id=id, title=_line(articles[id].title), url=address(articles[id], base))
            for id in list(best)[:most]
        ]
    )


def document(article: Article, base: str | None) -> Document:
    about = {
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
        "authors": ", ".join(article.authors),
        "copy_of": article.copy_of,
    }
    return Document(
        id=article.id,
        title=_line(article.title),
        text=article.text,
        url=address(article, base),
        metadata={name: _line(value) for name, value in about.items() if value},
    )


def page(heads: Sequence[Head], total: int, next_cursor: str | None, base: str | None) -> Page:
    return Page(
        articles=[
            Listed(
                id=head.id,
                title=_line(head.title),
                url=address(head, base),
                source=head.source,
                published=head.published.isoformat() if head.published else None,
                copy_of=head.copy_of,
            )
            for head in heads
        ],
        total=total,
        next_cursor=next_cursor,
    )


def answered(answer: Mapping[str, Any], addresses: Mapping[str, str]) -> Answered:
    """The essence of `Answer.to_dict()`: shown sentences only; `addresses` by article's id."""
    told = {name: answer[name] for name in _TOLD if name in answer}
    claims = [
        {
            "text": claim["text"],
            "verdict": claim["verdict"],
            "score": claim["score"],
            "lacking": [claim["text"][a:b] for a, b in claim.get("lacking", ())],
            "citations": claim["citations"],
        }
        for claim in answer["claims"]
        if claim["shown"] and claim["verdict"] != "withheld"
    ]
    return Answered.model_validate(
        told
        | {"claims": claims, "conflicts": answer.get("conflicts", [])}
        | {"sources": _sources(answer, addresses)}
    )


def prose(answer: Mapping[str, Any], addresses: Mapping[str, str]) -> str:
    """The answer as text to read, and under it the quotes that it rests on."""
    return footnoted({**answer, "sources": _sources(answer, addresses)})


def result(content: BaseModel, text: str | None = None) -> CallToolResult:
    """`content` as structured content, and as text: its JSON, where there is no other `text`."""
    structured = content.model_dump(mode="json")
    said = json.dumps(structured, ensure_ascii=False) if text is None else text
    return CallToolResult(
        content=[TextContent(type="text", text=said)], structured_content=structured
    )


def cited(answer: Mapping[str, Any]) -> Iterable[str]:
    """The ids of the articles that an answer names as its sources."""
    return (source["article_id"] for source in answer.get("sources", ()))


def _sources(answer: Mapping[str, Any], addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in source.items() if name != "path"}
        | {"url": addresses.get(source["article_id"])}
        for source in answer.get("sources", ())
    ]


def _line(text: str) -> str:
    return " ".join(text.split())
