"""The article in an HTML page. The only module that imports trafilatura and htmldate."""

from __future__ import annotations

import logging
import re
from datetime import date
from typing import Any

import trafilatura
from htmldate import find_date

from index.cleaning import dates
from index.cleaning.metadata import Metadata, one_line, people, web_address
from index.errors import Refused
from index.reading import visible
from index.reading.formats import Document

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it logs becomes a refusal here
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

_DATES = {"extensive_search": False, "original_date": True}
_SENTENCE = 80  # characters of a paragraph that is no line with a date (eval/DECISIONS.md)


def read(html: str, url: str | None = None) -> Document:
    """The article's text, a paragraph a line, and what the page's fields say about it.

    Only what a reader of the page would see becomes text. Readers' comments are left out; tables
    and lists stay. A headline that repeats the page's title is left out of the text: the title is
    a field of its own.
    """
    tree = trafilatura.load_html(html)
    if tree is None:
        raise Refused("no article was found in the page")
    visible.keep_visible(tree)
    fields = trafilatura.extract_metadata(tree, default_url=url, date_config=_DATES)
    visible.drop_data(tree)
    found = trafilatura.bare_extraction(
        tree, url=url, with_metadata=False, include_comments=False, include_tables=True
    )
    if found is None or not (found.text or "").strip():
        raise Refused("no article was found in the page")
    title = one_line(fields.title)
    return Document(
        text=_without_title(found.text, title),
        metadata=Metadata(
            title=title,
            source=_outlet(fields.sitename, fields.hostname),
            published=published(html, url),
            authors=people(fields.author),
            url=web_address(fields.url),
        ),
    )


def published(html: str, url: str | None = None) -> date | None:
    """The date in the page's own fields, or beside them; none that a sentence speaks of.

    htmldate looks through all that isn't marked as well, and takes a day that an article is about.
    """
    try:
        tree = trafilatura.load_html(html)
        for block in [] if tree is None else tree.iter("p", "li", "blockquote"):
            if len(" ".join("".join(block.itertext()).split())) >= _SENTENCE:
                _empty(block)
        return dates.parse(find_date(tree, url=url, **_DATES))
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _empty(block: Any) -> None:
    """Takes the words out, and leaves the marks: `<time>` says its day in one."""
    for element in block.iter():
        element.text = None
        if element is not block:
            element.tail = None


def plain(html: str) -> str:
    """What trafilatura finds with nothing set: the baseline of `eval.fitting.extraction`."""
    return trafilatura.extract(html) or ""


def _outlet(name: str | None, host: str | None) -> str | None:
    """The site's name; trafilatura gives the host where the page has none, which is no name."""
    found = one_line(name)
    bare = (found or "").lower().removeprefix("www.")
    return None if "." in bare and bare == (host or bare).lower().removeprefix("www.") else found


def _without_title(text: str, title: str | None) -> str:
    first, _, rest = text.partition("\n")
    if (
        title
        and rest.strip()
        and _key(first)
        and _key(first) in (_key(title), _key(re.split(r"\s[|–—-]\s", title)[0]))
    ):
        return rest
    return text


def _key(line: str) -> str:
    return re.sub(r"\W+", " ", line).strip().lower()
