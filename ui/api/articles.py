"""The library's own routes: articles listed, shown, added, corrected, removed; passages found."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.concurrency import run_in_threadpool

from index.article import Article, Head
from index.errors import UsageError
from index.library import Library
from rag.answer import article_dict, hit_dict
from ui.api.adding import Coming, add, brought
from ui.api.errors import ApiError
from ui.api.openai.common import addresses
from ui.api.openai.forms import Addresses, file_name
from ui.api.shelves import Shelf
from ui.filters import make_filter

MOST_HITS = 1000

router = APIRouter(tags=["Library"])

Named = Annotated[str | None, Query(description="Which library; the usual one without it.")]


class Correction(BaseModel):
    """What is left out stays; an empty text, or null, takes an outlet or a date away."""

    model_config = ConfigDict(extra="ignore")

    title: str | None = None
    source: Annotated[str | None, Field(description="The outlet; `outlet` means the same.")] = None
    outlet: str | None = None
    published: Annotated[
        str | None, Field(description="A day as 2024-05-17; `date` means the same.")
    ] = None
    date: str | None = None


class Search(BaseModel):
    """Days as 2024-05-17, 2024-05 or 2024."""

    model_config = ConfigDict(extra="ignore")

    query: Annotated[str, Field(min_length=1, max_length=2000)]
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    offset: Annotated[int, Field(ge=0, le=MOST_HITS - 100)] = 0
    since: str | None = None
    until: str | None = None
    sources: list[str] = []
    library: str | None = None

    @field_validator("query")
    @classmethod
    def _some_words(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("say what to look for")
        return value


@router.get("/v1/articles")
def listed(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
    library: Named = None,
) -> dict[str, Any]:
    """Newest first, those without a date last; texts are left out."""
    shelf, where = _shelf(request, library)
    heads = shelf.library.heads(limit, offset)
    total = len(shelf.library)
    return {
        "object": "list",
        "data": [_head(head, where) for head in heads],
        "total": total,
        "offset": offset,
        "has_more": offset + len(heads) < total,
    }


@router.get("/v1/articles/{id}")
def shown(request: Request, id: str, library: Named = None) -> dict[str, Any]:
    """One article with its text, in which `start` and `end` of every citation are places."""
    shelf, where = _shelf(request, library)
    article = found(shelf.library, id)
    return {
        **_head(article, where),
        "authors": list(article.authors),
        "text": article.text,
        "content_hash": article.content_hash,
    }


@router.post(
    "/v1/articles",
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "description": "`urls`, `articles`, or one article by itself.",
                        "properties": {
                            "urls": {"type": "array", "items": {"type": "string"}},
                            "articles": {"type": "array", "items": {"type": "object"}},
                            "text": {"type": "string"},
                            "title": {"type": "string"},
                            "source": {"type": "string"},
                            "published": {"type": "string"},
                            "url": {"type": "string"},
                        },
                    }
                },
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "files": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                            },
                            "urls": {"type": "array", "items": {"type": "string"}},
                            "source": {"type": "string"},
                        },
                    }
                },
            }
        }
    },
)
async def added(request: Request, library: Named = None) -> dict[str, Any]:
    """Files (zips too), addresses of pages and feeds, or articles as JSON; what became of each.

    `source` is the outlet of those that don't say. The library's folder keeps the files.
    """
    shelf, _ = _shelf(request, library)
    coming = Coming(shelf.library.path, request.app.state.staging_limits)
    try:
        came = await brought(request, coming)
        if not came.targets and not came.refused:
            raise ApiError(400, "Nothing was sent; send files, 'urls', 'articles' or a 'text'.")
        public: bool = request.app.state.public
        outcomes = await run_in_threadpool(add, shelf.service, came, public=public)
    finally:
        await run_in_threadpool(coming.clear)
    counts = Counter(outcome["status"] for outcome in outcomes)
    return {"object": "list", "data": outcomes, "counts": dict(counts)}


@router.patch("/v1/articles/{id}")
def corrected(
    request: Request, id: str, correction: Correction, library: Named = None
) -> dict[str, Any]:
    """Corrects a title, an outlet or a date; it stays so when the article is added again."""
    shelf, where = _shelf(request, library)
    found(shelf.library, id)
    with shelf.service.quiet():
        article = shelf.library.edit(id, **changes(correction))
    return _head(article, where)


@router.delete("/v1/articles/{id}")
def removed(request: Request, id: str, library: Named = None) -> dict[str, Any]:
    shelf, _ = _shelf(request, library)
    with shelf.service.quiet():
        gone = shelf.library.remove([id])
    if not gone:
        raise _missing(id)
    return {"object": "article.deleted", "id": id, "deleted": True}


@router.post("/v1/search")
def searched(request: Request, search: Search) -> dict[str, Any]:
    """Passages, best first; no language model is asked."""
    shelf, where = _shelf(request, search.library)
    wanted = make_filter(search.since, search.until, search.sources)
    if wanted is not None:
        wanted = shelf.library.named(wanted)
    upto = search.offset + search.limit
    hits = shelf.library.search(search.query, upto + 1, filter=wanted)
    rows = []
    for hit in hits[search.offset : upto]:
        row = hit_dict(hit)
        row["path"] = file_name(row["path"])
        row["page"] = where.article(hit.article.id, hit.passage.start, hit.passage.end)
        rows.append(row)
    return {
        "object": "list",
        "data": rows,
        "offset": search.offset,
        "has_more": len(hits) > upto,
    }


def found(library: Library, id: str) -> Article:
    """Raises ApiError where there is no such article."""
    article = library.article(id)
    if article is None:
        raise _missing(id)
    return article


def changes(correction: Correction) -> dict[str, str | date | None]:
    """What is to be edited. Raises UsageError for a wrong day, or where nothing is."""
    sent = correction.model_fields_set
    made: dict[str, str | date | None] = {}
    if "title" in sent:
        made["title"] = correction.title
    for name in {"source", "outlet"} & sent:
        made["source"] = (getattr(correction, name) or "").strip() or None
    for name in {"published", "date"} & sent:
        said = (getattr(correction, name) or "").strip()
        try:
            made["published"] = date.fromisoformat(said) if said else None
        except ValueError:
            raise UsageError(f"'{name}' takes a day as 2024-05-17, not {said!r}.") from None
    if not made:
        raise UsageError("Say what to correct: 'title', 'source' or 'published'.")
    return made


def _shelf(request: Request, library: str | None) -> tuple[Shelf, Addresses]:
    shelf: Shelf = request.app.state.shelves.named(library)
    return shelf, addresses(request, shelf.name)


def _head(article: Article | Head, where: Addresses) -> dict[str, Any]:
    said = article_dict(article)
    said["path"] = file_name(said["path"])
    return {"object": "article", "id": article.id, **said, "page": where.article(article.id)}


def _missing(id: str) -> ApiError:
    return ApiError(
        404,
        f"The library has no article '{id}'; GET /v1/articles lists them.",
        param="id",
        code="article_not_found",
    )
