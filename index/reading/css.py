"""The styles of a page's elements, as far as they can hide text. The only user of tinycss2.

Selectors are matched by cssselect2, and declarations ordered by the cascade (CSS Cascading 4:
important, then inline, then specificity, then order). Of media queries, those of a wide screen
hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import cssselect2
import tinycss2
from lxml.html import HtmlElement
from tinycss2 import color4

Colour = tuple[float, float, float]
TRANSPARENT = (0.0, 0.0, 0.0, 0.0)

_HIDES = frozenset(
    (
        *("display", "visibility", "content-visibility", "opacity", "filter", "zoom"),
        *("font", "font-size", "color", "-webkit-text-fill-color"),
        *("background", "background-color", "background-image"),
        *("background-clip", "-webkit-background-clip"),
        *("position", "left", "top", "right", "bottom", "inset", "text-indent", "letter-spacing"),
        *("margin", "margin-left", "margin-top", "margin-right", "transform", "translate", "scale"),
        *("clip", "clip-path", "overflow", "overflow-x", "overflow-y"),
        *("width", "height", "max-width", "max-height", "block-size", "inline-size"),
    )
)
# A rule matters only if it says something like this; most of a page's rules don't.
_TELLING = re.compile(
    r"display|visib|opacity|font|color|background|position|margin|indent|spacing|transform"
    r"|translate|scale|clip|overflow|zoom|--",
    re.IGNORECASE,
)
_SHEET = 1_000_000  # characters of a page's <style> that are read
_RULES = 5_000
_WIDE = 1_280.0  # px of the window that media queries are asked for
_PX = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "q": 0.94,
    "vw": 12.8,
    "vh": 8.0,
    "vmin": 8.0,
    "vmax": 12.8,
    "%": 12.8,
}
_LENGTH = re.compile(r"([-+]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(?:e[-+]?\d{1,2})?([a-z%]{0,4})")
_WORDS = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
    "initial": 16.0,
}
_MEDIA = re.compile(r"(min|max)-(?:device-)?width\s{0,5}:\s{0,5}(\d{1,6}(?:\.\d{1,3})?)(px|em|rem)")
_VARIABLE = re.compile(r"var\(\s{0,9}(--[\w-]{1,100})\s{0,9}(?:,([^()]{0,200}))?\)")


class Styles:
    """What a page's <style> elements and style attributes say of each of its elements."""

    def __init__(self, tree: HtmlElement) -> None:
        self._matcher = cssselect2.Matcher()
        self._variables: dict[str, str] = {}
        self._count = 0
        sheets = "\n".join(e.text for e in tree.iter("style") if e.text)[:_SHEET]
        if sheets:
            self._read(tinycss2.parse_stylesheet(sheets, skip_comments=True, skip_whitespace=True))
        self._elements: dict[HtmlElement, Any] = {}
        if self._count:
            root = cssselect2.ElementWrapper.from_html_root(tree)
            self._elements = {wrap.etree_element: wrap for wrap in root.iter_subtree()}

    def of(self, element: HtmlElement) -> Mapping[str, str]:
        """The element's own declarations, by property, in lower case; not what it inherits."""
        usual: dict[str, str] = {}
        important: dict[str, str] = {}
        wrapped = self._elements.get(element)
        if wrapped is not None:
            for _, _, pseudo, (plain, strong) in self._matcher.match(wrapped):
                if pseudo is None:
                    usual |= plain
                    important |= strong
        if inline := element.get("style"):
            plain, strong = self._declarations(
                tinycss2.parse_blocks_contents(inline[:5_000], skip_comments=True)
            )
            usual |= plain
            important |= strong
        return {name: self._value(value) for name, value in (usual | important).items()}

    def _read(self, rules: list[Any]) -> None:
        for rule in rules:
            if self._count >= _RULES:
                return
            if rule.type == "at-rule" and rule.content is not None:
                query = tinycss2.serialize(rule.prelude).lower()
                name = rule.lower_at_keyword
                if (name == "media" and holds(query)) or name in ("supports", "layer", "container"):
                    self._read(
                        tinycss2.parse_rule_list(
                            rule.content, skip_comments=True, skip_whitespace=True
                        )
                    )
            elif rule.type == "qualified-rule":
                body = tinycss2.serialize(rule.content)
                if not _TELLING.search(body):
                    continue
                found = self._declarations(
                    tinycss2.parse_blocks_contents(rule.content, skip_comments=True)
                )
                if any(found):
                    self._count += 1
                    self._select(rule.prelude, found)

    def _select(self, prelude: list[Any], found: tuple[dict[str, str], dict[str, str]]) -> None:
        try:
            selectors = cssselect2.compile_selector_list(prelude)
        except cssselect2.SelectorError:  # ::-moz-…, or no selector at all
            return
        for selector in selectors:
            self._matcher.add_selector(selector, found)

    def _declarations(self, nodes: list[Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Property to value: of those that aren't marked important, and of those that are."""
        usual: dict[str, str] = {}
        important: dict[str, str] = {}
        for node in nodes:
            if node.type != "declaration":
                continue
            name = node.lower_name
            value = tinycss2.serialize(node.value).strip().lower()[:500]
            if name.startswith("--"):
                self._variables[name] = value
            elif name in _HIDES:
                if name == "font":
                    name, value = "font-size", _size_of_font(value)
                elif name == "filter":
                    name, value = "opacity", _opacity_of(value)
                elif name == "background":  # what it says of pictures is looked for in it as well
                    name = "background-color"
                if value:
                    (important if node.important else usual)[name] = value
        return usual, important

    def _value(self, value: str) -> str:
        for _ in range(4):
            if "var(" not in value:
                break
            value = _VARIABLE.sub(
                lambda found: self._variables.get(found[1], found[2] or ""), value
            )[:500]
        return value.strip()


def holds(query: str) -> bool:
    """Whether a media query may hold in a wide window; one of several is enough."""
    return any(_holds_one(part) for part in query.split(","))


def _holds_one(query: str) -> bool:
    words = query.split()
    if words[:1] == ["not"]:
        return "print" in words
    if "print" in words or "speech" in words or "prefers-" in query:
        return False
    for side, size, unit in _MEDIA.findall(query):
        px = float(size) * _PX[unit]
        if (side == "min" and px > _WIDE) or (side == "max" and px < _WIDE):
            return False
    return True


def lengths(value: str) -> list[float]:
    """The lengths in a value, in px as they are about to be; those within calc() too."""
    return [float(n) * _PX.get(unit, 1.0) for n, unit in _LENGTH.findall(value)]


def number(value: str, default: float) -> float:
    """A number or percentage."""
    value = value.strip()
    try:
        return float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        return default


def font_size(value: str, above: float) -> float:
    """A font's size in px, where `above` is what surrounds it."""
    if value in _WORDS:
        return _WORDS[value]
    found = _LENGTH.search(value)
    if found is None or value in ("inherit", "smaller", "larger", "unset"):
        return above
    size, unit = float(found[1]), found[2]
    if unit == "em":
        return size * above
    if unit == "%":
        return size / 100 * above
    if "clamp(" in value or "max(" in value:
        return max(lengths(value))
    return size * _PX.get(unit, 1.0)


def _size_of_font(value: str) -> str:
    """The size in the shorthand `font: italic 12px/1.4 serif`; the first length in it."""
    for word in value.split():
        if (found := _LENGTH.match(word)) and (found[2] or float(found[1]) == 0):
            return found[0]
    return ""


def _opacity_of(value: str) -> str:
    _, found, rest = value.partition("opacity(")
    return rest.partition(")")[0] if found else ""


def colour(value: str) -> tuple[float, float, float, float] | None:
    """Red, green, blue and alpha in 0..1; TRANSPARENT; None where it can't be told."""
    found = color4.parse_color(value)
    if found is None or isinstance(found, str):
        return None
    if found.alpha is not None and found.alpha <= 0.05:
        return TRANSPARENT
    try:
        red, green, blue = found.to("srgb").coordinates
    except NotImplementedError:  # of the wide colour spaces only the greys are told
        light, *rest = found.coordinates
        if any(abs(c or 0.0) > 0.02 for c in rest[:1]):
            return None
        red = green = blue = (light or 0.0) if (light or 0.0) <= 1 else (light or 0.0) / 100
    return (red or 0.0, green or 0.0, blue or 0.0, found.alpha if found.alpha is not None else 1.0)


def ground(value: str) -> Colour | tuple[()] | None:
    """A background's colour; () where it is seen through; None for a picture."""
    if "url(" in value or "gradient(" in value or "image" in value:
        return None
    for token in tinycss2.parse_component_value_list(value):
        if token.type in ("ident", "hash", "function"):
            found = colour(tinycss2.serialize([token]))
            if found is not None:
                return found[:3] if found[3] > 0.5 else ()
    return ()


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    a, b = sorted((_luminance(one), _luminance(other)))
    return (b + 0.05) / (a + 0.05)


def _luminance(rgb: Colour) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (min(1.0, max(0.0, c)) for c in rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_empty_clip(value: str) -> bool:
    """`rect(1px, 1px, 1px, 1px)` and the like: no wider or higher than a point."""
    if not value.startswith("rect("):
        return False
    sides = lengths(value)
    if len(sides) != 4:
        return False
    top, right, bottom, left = sides
    return right - left <= 1 or bottom - top <= 1


def is_empty_shape(value: str) -> bool:
    """Whether a clip path leaves nothing."""
    if value.startswith("inset("):
        shares = [float(n) for n, unit in _LENGTH.findall(value) if unit == "%"]
        return bool(shares) and min(shares) >= 49
    if value.startswith(("circle(", "ellipse(")):
        sizes = lengths(value.partition(" at ")[0])
        return bool(sizes) and min(sizes) <= 1
    if value.startswith("polygon("):
        return len(set(lengths(value))) == 1
    return False


def is_folded(transform: str, scale: str) -> bool:
    """Whether a transformation takes the box out of sight."""
    if scale and any(number(word, 1.0) == 0 for word in scale.split()):
        return True
    for call in transform.split(")"):
        name, _, said = call.strip().partition("(")
        sizes = lengths(said)
        if not sizes:
            continue
        if name.startswith("scale") and min(map(abs, sizes)) <= 0.02:
            return True
        if name.startswith("translate") and any(n <= -900 or n >= 4_000 for n in sizes):
            return True
        if name in ("rotatex", "rotatey") and abs(sizes[0]) == 90:
            return True
        if name == "matrix" and len(sizes) == 6 and not any(sizes[:4]):
            return True
    return False
