"""What of a page a reader would see: takes the rest out of the parsed tree.

Text that nobody sees is where orders to a model and planted words hide. Inline styles and the
page's own <style> rules decide, by the cascade, for the properties that can hide text; scripts and
style sheets elsewhere are not known. Where those would be needed to tell (a colour on an unknown
background, a page that a script reveals), the larger part of a page is taken for visible.

Does not decide what of the visible text is the article.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree
from lxml.html import HtmlElement

from index.reading import css
from index.reading.css import Colour

# Elements whose text is not drawn as text, whatever their style. (<script> and <style> aren't
# text either, and are left to those who read a page's fields.)
_NEVER = frozenset(
    (
        *("template", "noscript", "noembed", "noframes", "datalist"),
        *("audio", "video", "canvas", "object", "iframe"),
    )
)
_KEPT = frozenset(("script", "style", "head", "title", "meta", "link", "base"))
_WHOLE = frozenset(("html", "body"))
_MAIN = frozenset(("html", "body", "main", "article", "h1"))
_WHITE: Colour = (1.0, 1.0, 1.0)
_BLACK: Colour = (0.0, 0.0, 0.0)
_TINY = 3.0  # px below which letters can't be read
_CONTRAST = 1.2  # WCAG contrast below which they can't either; published text has 3 or more


@dataclass(frozen=True, slots=True)
class _Look:
    """What text inherits. `ground` None: a picture, or a colour that can't be told.

    `assumed` says that no background was declared, and it is taken for white.
    """

    size: float = 16.0
    colour: Colour | None = _BLACK
    ground: Colour | None = _WHITE
    assumed: bool = True
    seen: bool = True

    def unreadable(self) -> bool:
        return not self.seen or self.size < _TINY or self.colour is None

    def faint(self) -> bool:
        """Whether the letters have the colour of what is behind them."""
        if self.colour is None or self.ground is None:
            return False
        return css.contrast(self.colour, self.ground) < _CONTRAST


def keep_visible(tree: HtmlElement) -> None:
    """Removes from the tree, in place, all text that its styles hide from a reader."""
    for node in list(tree.iter(etree.Comment, etree.ProcessingInstruction)):
        _remove(node)
    styles = css.Styles(tree)
    gone: list[HtmlElement] = []
    blank: list[tuple[HtmlElement, bool]] = []  # text nodes: of the element, or its tail
    doubtful: list[tuple[HtmlElement, bool]] = []
    faint = shown = 0
    todo: list[tuple[HtmlElement, _Look]] = [(tree, _Look())]
    while todo:
        element, above = todo.pop()
        if element.tag in _KEPT:
            continue
        style = styles.of(element)
        if element.tag not in _WHOLE and _is_hidden(element, style):
            gone.append(element)
            continue
        look = _look(element, style, above)
        texts = [(element, False), *((child, True) for child in element)]
        texts = [(e, tail) for e, tail in texts if (e.tail if tail else e.text)]
        size = sum(len((e.tail if tail else e.text) or "") for e, tail in texts)
        if look.unreadable() or (look.faint() and not look.assumed):
            blank += texts
        else:
            shown += size
            if look.faint():
                faint += size
                doubtful += texts
        todo += [(child, look) for child in element]
    if 2 * faint < shown:
        blank += doubtful
    for element, tail in blank:
        if tail:
            element.tail = " "
        else:
            element.text = " "
    for element in gone:
        _remove(element)


def drop_data(tree: HtmlElement) -> None:
    """Removes what a page carries for machines: scripts, and posts kept in an attribute."""
    for element in list(tree.iter("script", "style")):
        _remove(element)
    for element in tree.iter("div"):
        element.attrib.pop("data-preloaded", None)


def _remove(element: HtmlElement) -> None:
    """Without what follows it."""
    above = element.getparent()
    if above is None:
        return
    before = element.getprevious()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            above.text = (above.text or "") + element.tail
    above.remove(element)


def _is_hidden(element: HtmlElement, style: Mapping[str, str]) -> bool:
    """Whether the element isn't drawn, with all that is in it."""
    tag = element.tag
    if tag in _NEVER or (tag == "dialog" and element.get("open") is None):
        return True
    if tag in ("title", "desc") and element.getparent() is not None:
        return True  # of an SVG; the page's own is in its head
    display = style.get("display", "")
    if display == "none" or (element.get("hidden") is not None and not display):
        return True
    if element.get("aria-hidden", "").strip().lower() == "true" and not _holds_article(element):
        return True
    return (
        style.get("content-visibility") == "hidden"
        or css.number(style.get("opacity", "1"), 1.0) <= 0.05
        or _is_clipped(style)
        or _is_away(style)
    )


def _holds_article(element: HtmlElement) -> bool:
    """While a dialog is open, all the rest of the page is hidden from screen readers."""
    return element.tag in _MAIN or any(True for _ in element.iter("main", "article", "h1"))


def _is_clipped(style: Mapping[str, str]) -> bool:
    """Whether the box is no more than a point."""
    if css.is_empty_clip(style.get("clip", "")) or css.is_empty_shape(style.get("clip-path", "")):
        return True
    if (
        css.number(style.get("zoom", "1"), 1.0) < 0.15
        and css.number(style.get("zoom", "1"), 1.0) > 0
    ):
        return True
    overflow = (
        f"{style.get('overflow', '')} {style.get('overflow-x', '')} {style.get('overflow-y', '')}"
    )
    if "hidden" not in overflow and "clip" not in overflow:
        return False
    sizes = ("height", "max-height", "width", "max-width", "block-size", "inline-size")
    return any(
        (lengths := css.lengths(style.get(name, ""))) and max(lengths) <= 2 for name in sizes
    )


def _is_away(style: Mapping[str, str]) -> bool:
    """Whether the box lies outside of the window, or is folded to nothing."""
    placed = style.get("position", "") in ("absolute", "fixed", "relative")
    if placed:
        for side in ("left", "top", "right", "bottom", "inset"):
            if any(n <= -300 or n >= 4_000 for n in css.lengths(style.get(side, ""))):
                return True
    for name in ("margin", "margin-left", "margin-top", "margin-right", "text-indent"):
        if any(n <= -900 or n >= 4_000 for n in css.lengths(style.get(name, ""))):
            return True
    if any(n <= -300 for n in css.lengths(style.get("text-indent", ""))):
        return True
    if any(n <= -4 for n in css.lengths(style.get("letter-spacing", ""))):
        return True
    moved = style.get("translate", "")
    if any(n <= -900 or n >= 4_000 for n in css.lengths(moved)):
        return True
    return css.is_folded(style.get("transform", ""), style.get("scale", ""))


def _look(element: HtmlElement, style: Mapping[str, str], above: _Look) -> _Look:
    look = above
    if size := style.get("font-size"):
        look = replace(look, size=css.font_size(size, above.size))
    if visibility := style.get("visibility"):
        if visibility in ("hidden", "collapse"):
            # A page that hides itself is shown by a script.
            look = replace(look, seen=element.tag in _WHOLE)
        elif visibility in ("visible", "initial"):
            look = replace(look, seen=True)
    declared = style.get("background-color") or element.get("bgcolor") or ""
    if declared or style.get("background-image"):
        ground = css.ground(f"{declared} {style.get('background-image', '')}")
        if ground is None:
            look = replace(look, ground=None, assumed=False)
        elif ground:
            look = replace(look, ground=ground, assumed=False)
    colour = style.get("-webkit-text-fill-color") or style.get("color")
    colour = colour or (element.get("color") if element.tag == "font" else None)
    colour = colour or (element.get("text") if element.tag == "body" else None)
    if colour:
        found = css.colour(colour)
        if found == css.TRANSPARENT:
            clip = style.get("background-clip") or style.get("-webkit-background-clip") or ""
            look = replace(look, colour=look.colour if "text" in clip else None)
        elif found is not None:
            look = replace(look, colour=found[:3])
        elif colour not in ("inherit", "currentcolor"):
            look = replace(look, colour=_BLACK, ground=None)  # can't be told: taken for visible
    return look
