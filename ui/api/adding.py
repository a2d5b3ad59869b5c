"""What is brought over HTTP (files, addresses, articles as JSON), and what becomes of it.

Files are kept in the library's folder for uploads, under their content's hash and their name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from rag.service import Service
from ui.api.errors import ApiError
from ui.page.serving.staging import Limits, Staged, Staging, safe_name

URLS_AT_ONCE = 100


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


async def brought(request: Request, coming: Coming) -> Brought:
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
