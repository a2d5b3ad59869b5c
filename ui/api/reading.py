"""`GET /articles/{id}#start-end`: the page that a citation's address points to.

The article's text is one escaped text node; a script that is a file of its own marks the quoted
words, so that the page can forbid every script and style that stands in it.
"""

from __future__ import annotations

import html
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from index.article import Article
from ui.api.articles import found

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
router = APIRouter(tags=["Pages"])


@router.get("/articles/assets/{name}")
def asset(name: str) -> Response:
    kinds = {"article.js": "text/javascript", "article.css": "text/css"}
    if name not in kinds:
        return Response(status_code=404)
    text = files("ui.api").joinpath("static", name).read_text(encoding="utf-8")
    return Response(text, media_type=kinds[name], headers={"Cache-Control": "max-age=3600"})


@router.get("/articles/{id}")
def page(request: Request, id: str, library: Annotated[str | None, Query()] = None) -> Response:
    """The article for people to read; `#120-154` in the address marks those characters."""
    article = found(request.app.state.shelves.named(library).library, id)
    headers = {"Content-Security-Policy": CSP}
    return Response(shown(article), media_type="text/html; charset=utf-8", headers=headers)


def shown(article: Article) -> str:
    """The whole page. `#text` holds the article's characters, every one at its own place."""
    title, about = html.escape(article.title), html.escape(_about(article))
    link = ""
    if article.url and article.url.lower().startswith(("http://", "https://")):
        url = html.escape(article.url)
        link = f'<p><a href="{url}" rel="noreferrer nofollow">{url}</a></p>\n'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{title}</title>\n"
        '<link rel="stylesheet" href="assets/article.css">\n'
        '<script src="assets/article.js" defer></script></head>\n'
        f"<body><main><h1>{title}</h1>\n<p>{about}</p>\n{link}"
        f'<div id="text">{_text(article.text)}</div></main></body></html>\n'
    )


def _about(article: Article) -> str:
    parts = [article.source, article.published and article.published.isoformat()]
    parts.append(", ".join(article.authors))
    return " · ".join(part for part in parts if part)


def _text(text: str) -> str:
    """Escaped, such that a browser makes the same characters of it: it would make one line break
    of a carriage return and a line feed, and drop a NUL."""
    text = html.escape(text).replace("\r", "&#13;")
    return text.replace("\0", "\ufffd")
