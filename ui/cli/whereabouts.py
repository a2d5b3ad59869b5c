"""Where an article is from, as something that a browser may show. Starts no program by itself: a
page of the web or a file of a kind that is read here, and nothing else."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

from index.article import Article
from index.errors import DatelineError
from ui.cli.plain import plain


def address(article: Article) -> str:
    """An http, https or file address. Raises DatelineError where the article has none that may be
    opened: another scheme, a file that is gone or is of another kind."""
    if article.url:
        parts = urlsplit(article.url)
        if parts.scheme.lower() == "file":
            from urllib.request import url2pathname

            return _file(url2pathname(parts.path))
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            raise DatelineError(
                f"The article's address '{plain(article.url)}' is no page of the web, so it isn't "
                f"opened; `dateline show {article.id}` prints the text."
            )
        return article.url
    if not article.path:
        raise DatelineError(
            f"The library doesn't know where the article '{article.id}' is from; `dateline show "
            f"{article.id}` prints its text."
        )
    return _file(article.path)


def shown(address: str) -> bool:
    """Whether a browser was started on it."""
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False


def _file(named: str) -> str:
    from index.reading.items import KINDS

    # an article may be one of several in a file ("news.jsonl#3")
    file = next((p for p in map(Path, (named, named.rpartition("#")[0])) if p.is_file()), None)
    if file is None:
        raise DatelineError(
            f"The article's file '{plain(named)}' isn't there any more; the library still has its "
            "text: `dateline show ID` prints it."
        )
    if file.suffix.lower() not in KINDS:
        raise DatelineError(
            f"The article's file '{plain(named)}' is of a kind that isn't opened from here."
        )
    return file.absolute().as_uri()
