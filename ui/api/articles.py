"""The library's own routes: articles listed, shown, added, corrected, removed; passages found."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from index.article import Article, Head
from index.errors import UsageError
from index.library import Library
from rag.answer import article_dict, hit_dict
from rag.service import Service
from ui.api.errors import ApiError
from ui.api.openai.common import addresses
from ui.api.openai.forms import Addresses, file_name
from ui.api.shelves import Shelf
from ui.filters import make_filter
from ui.page.serving.staging import Limits, Staged, Staging, safe_name

URLS_AT_ONCE = 100
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
        brought = await _brought(request, coming)
        if not brought.targets and not brought.refused:
            raise ApiError(400, "Nothing was sent; send files, 'urls', 'articles' or a 'text'.")
        public: bool = request.app.state.public
        outcomes = await run_in_threadpool(add, shelf.service, brought, public=public)
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


# ---- adding ----


@dataclass(frozen=True, slots=True)
class Brought:
    """What is to be added; `names` says how a kept file was called."""

    targets: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    source: str | None = None


class Coming:
    """Files of one request, on their way into the library's folder for uploads."""

    def __init__(self, library: Path, limits: Limits) -> None:
        self._staging = Staging(library / "uploads", limits)
        self._prepared = False

    def keep(self, name: str, write: Callable[[Path], None]) -> list[Staged]:
        """Under its content's hash and its name; or refused, with a reason."""
        if not self._prepared:
            self._staging.prepare()
            self._prepared = True
        place = self._staging.incoming / token_hex(8) / safe_name(name)
        place.parent.mkdir(parents=True)
        write(place)
        return [replace(s, name=s.name or name) for s in self._staging.take([place])]

    def clear(self) -> None:
        if self._prepared:
            self._staging.clear()


async def _brought(request: Request, coming: Coming) -> Brought:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1000, max_fields=1000) as form:
            return await run_in_threadpool(_of_form, form, coming)
    try:
        said = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ApiError(
            400, "The body is neither JSON nor a form with files (multipart/form-data)."
        ) from None
    return await run_in_threadpool(_of_json, said, coming)


def _of_form(form: FormData, coming: Coming) -> Brought:
    staged: list[Staged] = []
    for _, upload in form.multi_items():
        if isinstance(upload, UploadFile):
            staged += coming.keep(upload.filename or "file", _copier(upload))
    texts = [t for name in ("urls", "url") for t in form.getlist(name) if isinstance(t, str)]
    source = form.get("source")
    return _together(staged, texts, source if isinstance(source, str) else None)


def _copier(upload: UploadFile) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        with place.open("wb") as file:
            shutil.copyfileobj(upload.file, file)

    return write


def _of_json(said: object, coming: Coming) -> Brought:
    if isinstance(said, list):
        said = {"articles": said}
    if not isinstance(said, dict):
        raise ApiError(400, "The body is no JSON object with 'urls', 'articles' or a 'text'.")
    urls, articles, source = said.get("urls", []), said.get("articles", []), said.get("source")
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise ApiError(400, "'urls' takes a list of addresses.", param="urls")
    if not isinstance(articles, list) or not all(isinstance(each, dict) for each in articles):
        raise ApiError(400, "'articles' takes a list of objects.", param="articles")
    if source is not None and not isinstance(source, str):
        raise ApiError(400, "'source' takes the name of an outlet.", param="source")
    if isinstance(said.get("text"), str):
        articles = [*articles, {k: v for k, v in said.items() if k not in ("urls", "articles")}]
    staged: list[Staged] = []
    for each in articles:  # a file each, so that one that is sent again is the same article
        text = json.dumps(each, ensure_ascii=True, sort_keys=True)
        named = str(each.get("title") or "article")
        kept = coming.keep(f"{safe_name(named)[:60]}.json", _writer(text))
        staged += kept
    return _together(staged, urls, source)


def _writer(text: str) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        place.write_text(text, encoding="ascii")

    return write


def _together(staged: Sequence[Staged], texts: Sequence[str], source: str | None) -> Brought:
    targets = [str(s.path) for s in staged if s.path]
    refused = [(s.name, s.reason) for s in staged if not s.path]
    urls = list(dict.fromkeys(url for text in texts for url in text.split()))
    for number, url in enumerate(urls):
        if not url.lower().startswith(("http://", "https://")):
            # a path would read this computer's files for anyone
            refused.append((url, "not a web address that starts with http:// or https://"))
        elif number >= URLS_AT_ONCE:
            refused.append((url, f"more than {URLS_AT_ONCE} at once"))
        else:
            targets.append(url)
    names = tuple((str(s.path), s.name) for s in staged if s.path)
    return Brought(tuple(targets), tuple(refused), names, (source or "").strip() or None)


def add(service: Service, brought: Brought, *, public: bool) -> list[dict[str, Any]]:
    """The outcome of each item, as `dateline add` has them. Raises LibraryBusy.

    `public`: nothing of this computer's own network is fetched.
    """
    from index import ingest

    outcomes = [_refused(origin, reason) for origin, reason in brought.refused]
    library = service.assistant.library
    with service.quiet():
        for outcome in ingest.add(
            library, brought.targets, source=brought.source, public=public or None
        ):
            article = outcome.article
            outcomes.append(
                {
                    "origin": _origin(outcome.origin, brought.names),
                    "status": outcome.status,
                    "reason": outcome.reason,
                    "article_id": article and article.id,
                    "title": article and article.title,
                    "passages": outcome.passages,
                }
            )
    return outcomes


def _refused(origin: str, reason: str) -> dict[str, Any]:
    return {
        "origin": origin,
        "status": "refused",
        "reason": reason,
        "article_id": None,
        "title": None,
        "passages": 0,
    }


def _origin(origin: str, names: Sequence[tuple[str, str]]) -> str:
    """A file by the name that it came with, not by where it lies here."""
    for path, name in names:
        if origin == path or origin.startswith(path + "#"):
            return name + origin[len(path) :]
    return origin if "://" in origin else Path(origin).name


# ---- the rest ----


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
