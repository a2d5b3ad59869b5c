"""Markdown to text: by way of the page that it stands for, so that both obey the same rules."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import html
from markdown_it import MarkdownIt

from index.reading import visible

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt"),
        *("figure", "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"),
    )
)
_CELLS = frozenset(("td", "th"))
_DROPPED = frozenset(("script", "style", "head", "img", "svg", "template"))
_NEW_BLOCK, _NEW_ITEM = "\n\n", "\n"


@dataclass(frozen=True, slots=True)
class Marked:
    """The text, a blank line between paragraphs, "- " before items; the first level-1 heading."""

    text: str
    title: str


def text(source: str) -> Marked:
    """Markdown's text: headings as paragraphs, links as their words, no emphasis, no pictures."""
    rendered = MarkdownIt("commonmark").enable("table").render(source)
    if not rendered.strip():
        return Marked("", "")
    tree = html.document_fromstring(f"<html><body>{rendered}</body></html>")
    visible.keep_visible(tree)
    parts: list[str] = []
    _walk(tree.body, parts)
    lines = (line.strip() for line in "".join(parts).split("\n"))
    heading = tree.body.find(".//h1")
    return Marked(
        "\n".join(lines).strip(), "" if heading is None else str(heading.text_content()).strip()
    )


def _walk(top: html.HtmlElement, parts: list[str]) -> None:
    """Writes an element's text to `parts`; without recursion, for it may be nested very deep."""
    todo: list[html.HtmlElement | str] = [top]
    numbers: dict[html.HtmlElement, int] = {}
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            parts.append(part)
            continue
        tail = part.tail or "" if part is not top else ""
        tag = part.tag
        after = [tail]
        if isinstance(tag, str) and tag not in _DROPPED:
            if tag == "li":
                parts.append(_NEW_ITEM + _mark(part, numbers))
                after = ["\n", tail]
            elif tag == "br":
                parts.append("\n")
            elif tag == "p" and part.getparent() is not None and part.getparent().tag == "li":
                after = ["\n", tail]
            elif tag in _CELLS:
                after = [" | " if part.getnext() is not None else "", tail.strip()]
            elif tag == "tr":
                parts.append("\n- ")
            elif tag in _BLOCKS:
                parts.append(_NEW_BLOCK)
                after = [_NEW_BLOCK, tail]
            if tag != "pre" and part.text and part.text.strip("\n"):
                parts.append(part.text)
            elif tag == "pre":
                parts.append(part.text or "")
            todo += reversed(after)
            todo += reversed(part)
        else:
            todo.append(tail)


def _mark(item: html.HtmlElement, numbers: dict[html.HtmlElement, int]) -> str:
    """A bullet; in a numbered list the item's number, counted in `numbers`."""
    above = item.getparent()
    if above is None or above.tag != "ol":
        return "- "
    if above not in numbers:
        start = above.get("start", "1")
        numbers[above] = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    else:
        numbers[above] += 1
    return f"{numbers[above]}. "
